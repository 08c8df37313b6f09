"""Forget what nobody can use any more: `manage.py purge`, once a day."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from accounts.purging import purge


class Command(BaseCommand):
    help = (
        "Forget the identity provider's tokens of sign-ins that are over, and delete browser sessions and "
        "attempts at signing in that have expired, and command lines that are signed in no more. Audit rows, sign-ins and tokens of the portal stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would go, and change nothing"
        )

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        try:
            purged = purge(now=timezone.now(), dry_run=dry_run)
        except DatabaseError as error:
            raise CommandError(
                f"The database refused: {error}\nHas `manage.py migrate` been run?"
            ) from error
        if options["verbosity"] > 0:
            forget, delete = ("Would forget", "Would delete") if dry_run else ("Forgot", "Deleted")
            over = "sign-in that was" if purged.sign_ins == 1 else "sign-ins that were"
            self.stdout.write(
                f"{forget} the provider's tokens of {purged.sign_ins} {over} over.\n"
                f"{delete} {purged.sessions} expired browser sessions and attempts at signing in.\n"
                f"{delete} {purged.approvals} command lines that are signed in no more, and "
                f"{purged.cli_tokens} of their tokens."
            )
