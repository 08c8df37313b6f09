"""Lift a block: `manage.py unblock --email ADDRESS`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from accounts import blocking, blocks
from accounts.management.block_command import BlockCommand
from accounts.management.operators import operator_name
from accounts.models import Block, Person
from accounts.types import Origin, Surface


class Command(BlockCommand):
    help = (
        "Lift the block of an identity, of all identities with an e-mail address, or of a claim value, and say what "
        "else still refuses them."
    )

    def act(self, whom: Sequence[Block], **options: Any) -> None:
        stored = [
            row
            for block in whom
            for row in Block.objects.filter(
                issuer=block.issuer,
                sub=block.sub,
                claim=block.claim,
                value__iexact=block.value.strip(),
            )
        ]
        for row in stored:
            if options["dry_run"]:
                self.stdout.write(f"Would unblock {row}.")
                continue
            blocking.unblock(
                row,
                by=operator_name(),
                origin=Origin(surface=Surface.COMMAND),
                now=timezone.now(),
            )
            self.stdout.write(self.style.SUCCESS(f"Unblocked {row}."))
        self._name_what_remains(whom, lifted=stored)
        if not stored:
            raise CommandError(f"Not blocked: {', '.join(map(str, whom))}. Nothing was changed.")

    def _name_what_remains(self, whom: Sequence[Block], *, lifted: Sequence[Block]) -> None:
        """Name the blocks of claim values that still reach the identities."""
        for block in whom:
            person = Person.objects.filter(issuer=block.issuer, sub=block.sub).first()
            reached = blocks.of_each(blocks.known_subjects([person] if person else []))
            for remaining in (row for rows in reached.values() for row in rows):
                if remaining not in lifted:
                    self.stdout.write(
                        self.style.WARNING(f"Still refuses {person}: the block of {remaining}.")
                    )
