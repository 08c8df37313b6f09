"""Verify that no row of the audit trail was changed, removed or slipped in: `manage.py verify_audit`."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit_trail.verification import verify


def _head(text: str) -> tuple[int, str]:
    number, _, value = text.partition(":")
    if not number.isdecimal() or len(value) != 64:
        raise ArgumentTypeError("a head is NUMBER:HASH, as this command prints it")
    return int(number), value.lower()


class Command(BaseCommand):
    help = (
        "Read the chain of the audit trail and all its rows; name the first row that was changed, removed or slipped in "
        "after it was sealed. Ends with 1 if there is one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--expect",
            action="append",
            default=[],
            type=_head,
            metavar="NUMBER:HASH",
            help="a head that you have kept elsewhere: finds a chain that was made anew; may be repeated",
        )

    def handle(self, *, expect: list[tuple[int, str]], **options: Any) -> None:
        found = verify(expected=dict(expect))
        if found.broken:
            raise CommandError(f"The audit trail is broken: {found.broken}.")
        self.stdout.write(
            f"{found.batches} batches with {found.rows} rows are whole."
            + (f" The rows of the first {found.purged} batches were purged." * bool(found.purged))
        )
        self.stdout.write(f"{found.unsealed} rows wait to be sealed.")
        self.stdout.write(f"Head: {found.head}")
        if not found.signed:
            self.stdout.write(
                "Without AUDIT_CHAIN_KEY, only heads kept elsewhere show a chain that was made anew: --expect."
            )
