"""Delete what nobody can use any more: `manage.py purge`. The worker does it once a day."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from accounts.purging import purge


class Command(BaseCommand):
    help = (
        "Delete the identity provider's tokens of sign-ins that have ended, expired browser sessions and attempts to "
        "sign in, command lines whose sign-in has ended, signing keys that nobody needs any more, and old jobs. Audit rows, "
        "sign-ins and the portal's tokens stay."
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
            delete = "Would delete" if dry_run else "Deleted"
            self.stdout.write(
                f"{delete} the provider's tokens of {purged.sign_ins} ended "
                f"sign-in{'s' * (purged.sign_ins != 1)}.\n"
                f"{delete} {purged.sessions} expired browser sessions and attempts to sign in.\n"
                f"{delete} {purged.approvals} command lines whose sign-in has ended, and "
                f"{purged.cli_tokens} of their tokens.\n"
                f"{delete} {purged.signing_keys} signing key{'s' * (purged.signing_keys != 1)} that nobody "
                "needs any more.\n"
                f"{delete} {purged.jobs} jobs that were finished 30 days ago."
            )
