"""Test account roles at AWS: `manage.py check_trust`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from accounts.errors import GatehouseError
from accounts.management.operators import operator_name
from accounts.trust_checks import CheckedRole, check_roles, role_ids
from accounts.types import Origin, Subject, Surface


class Command(BaseCommand):
    help = (
        "Ask AWS for a session with each role, which may do nothing, throw its keys away, and say which side is wrong. "
        "Ends with status 1 if a role is broken, or could not be tested; see docs/trust.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "accounts",
            nargs="*",
            metavar="ACCOUNT",
            help="ids of accounts; without any, all active accounts",
        )
        parser.add_argument(
            "--role", metavar="NAME", default="", help="only the roles of this permission set"
        )

    def handle(self, *, accounts: list[str], role: str, **options: Any) -> None:
        name = operator_name()
        try:
            ids = role_ids(account_ids=accounts, role_name=role)
            self._number, self._of = 0, len(ids)
            tested = check_roles(
                ids,
                subject=Subject(issuer="", sub=name, name=name),
                origin=Origin(surface=Surface.COMMAND),
                patience=None,
                tell=self._tell,
            )
        except GatehouseError as error:
            raise CommandError(f"{error.user_message} ({error.admin_message})") from error
        except DatabaseError as error:
            raise CommandError(
                f"The database refused: {error}\nHas `manage.py migrate` been run?"
            ) from error
        working = sum(one.works for one in tested)
        broken = sum(one.is_broken for one in tested)
        unknown = len(tested) - working - broken
        summary = f"{working} of {len(tested)} roles work, {broken} are broken, {unknown} could not be tested."
        if broken or unknown:
            raise CommandError(summary)
        self.stdout.write(self.style.SUCCESS(summary))

    def _tell(self, tested: CheckedRole) -> None:
        """Write a line for each role as soon as it is tested, and one for each warning."""
        self._number += 1
        role, finding = tested.role, tested.finding
        code = f" {finding.code}" if finding.code else ""
        self.stdout.write(
            f"[{self._number}/{self._of}] {role.account_id} {role.role_name}: {finding.outcome.value}{code}"
        )
        for line in filter(None, (finding.message, *finding.warnings)):
            self.stdout.write(f"    {line}")
