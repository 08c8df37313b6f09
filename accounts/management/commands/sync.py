"""Bring the directory in line with AWS Organizations: `manage.py sync organizations`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from accounts.aws.organization_accounts import OrganizationAccounts
from accounts.errors import GatehouseError
from accounts.from_aws import access, organization_sync
from accounts.management.operators import operator_name
from accounts.management.progress import ProgressLine
from accounts.plans.changes import counts
from accounts.plans.complaints import InvalidPlan
from accounts.types import Origin, Surface


class Command(BaseCommand):
    help = "Show what AWS Organizations knows better than the directory; see docs/organizations.md."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["organizations"], help="what is read from AWS")
        parser.add_argument("--apply", action="store_true", help="apply the plan that is shown")
        parser.add_argument(
            "--anew", action="store_true", help="do not go on with a reading that was interrupted"
        )
        parser.add_argument(
            "--no-tags",
            action="store_true",
            help="leave tags alone: one call less for each account",
        )
        parser.add_argument(
            "--allow-going",
            type=int,
            default=0,
            metavar="N",
            help="how many accounts may become inactive or lose their unit or tags",
        )

    def handle(
        self, *, apply: bool, anew: bool, no_tags: bool, allow_going: int, **options: Any
    ) -> None:
        line = ProgressLine(sys.stderr)
        try:
            source = OrganizationAccounts(access.client_of("organizations"))
            reading = organization_sync.read(
                source, anew=anew, with_tags=not no_tags, progress=line
            )
            line.end()
            if reading is None:
                raise CommandError("It was not read to the end.")
            now = timezone.now()
            outcome = organization_sync.compare(reading, now=now, allow_going=allow_going)
            for words in outcome.plan.lines():
                self.stdout.write(words)
            for note in outcome.found.notes:
                self.stderr.write(f"Note: {note}.")
            if not apply or not outcome.plan:
                organization_sync.conclude("Shown by manage.py sync.")
                if outcome.plan:
                    self.stdout.write("Nothing was changed. --apply applies it.")
                return
            changes = organization_sync.apply(
                outcome, actor=operator_name(), origin=Origin(surface=Surface.COMMAND), now=now
            )
        except KeyboardInterrupt:
            line.end()
            raise CommandError(
                "Interrupted. Nothing was changed; the same command goes on where it was."
            ) from None
        except InvalidPlan as invalid:
            for complaint in invalid.complaints:
                self.stderr.write(str(complaint))
            raise CommandError("AWS's answer cannot be applied; nothing was changed.") from None
        except GatehouseError as error:
            line.end()
            raise CommandError(
                f"{error.admin_message}\nNothing was changed. The same command goes on where it was."
            ) from None
        except DatabaseError as error:
            raise CommandError(
                f"The database refused, and nothing was changed: {error}\nHas `manage.py migrate` been run?"
            ) from error
        done = ", ".join(f"{number} {what}" for what, number in counts(changes).items())
        organization_sync.conclude(f"Applied by manage.py sync: {done}.")
        self.stdout.write(self.style.SUCCESS(f"Applied: {done}."))
