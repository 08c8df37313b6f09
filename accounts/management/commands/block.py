"""Block somebody at once: `manage.py block --email ADDRESS --reason TEXT`."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from accounts import blocking, blocks
from accounts.management.block_command import BlockCommand
from accounts.management.operators import operator_name
from accounts.models import Block, Person
from accounts.types import Origin, Surface
from accounts.visible import visible


class Command(BlockCommand):
    help = (
        "Refuse an identity, all identities with an e-mail address, or everybody with a claim value, and end their "
        "open sign-ins; see docs/operations.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--reason", required=True, help="for other admins and the audit trail")

    def act(self, whom: Sequence[Block], **options: Any) -> None:
        now = timezone.now()
        for block in whom:
            block.reason = options["reason"]
            if options["dry_run"]:
                reached = blocks.reached_sign_ins(block, now=now)
                self.stdout.write(f"Would block {block}; {_ended(len(reached))}.")
                continue
            done = blocking.block(
                block, by=operator_name(), origin=Origin(surface=Surface.COMMAND), now=now
            )
            state = "Blocked" if done.is_new else "Was blocked already:"
            self.stdout.write(self.style.SUCCESS(f"{state} {block}; {done.in_words}."))
        self._name_look_alikes(whom)

    def _name_look_alikes(self, whom: Sequence[Block]) -> None:
        """Name the identities that may be the same people and are not reached."""
        asked = {(block.issuer, block.sub) for block in whom}
        others: dict[int, Person] = {}
        for issuer, sub in asked:
            if person := Person.objects.filter(issuer=issuer, sub=sub).first():
                others |= {other.pk: other for other in blocks.look_alikes(person)}
        reached = blocks.of_each(blocks.known_subjects(others.values()))
        for key, other in others.items():
            if key not in reached and (other.issuer, other.sub) not in asked:
                self.stdout.write(
                    self.style.WARNING(
                        f"Not blocked, and may be the same human being: {other}, "
                        f"--issuer {visible(other.issuer)} --sub {visible(other.sub)}"
                    )
                )


def _ended(number: int) -> str:
    return f"{number} open sign-in{'s' * (number != 1)} ended"
