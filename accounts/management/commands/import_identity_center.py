"""Write what IAM Identity Center has as a TOML file: `manage.py import_identity_center FILE`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from accounts.aws.identity_center import IdentityCenter
from accounts.aws.organization_accounts import OrganizationAccounts
from accounts.errors import GatehouseError
from accounts.from_aws import access, identity_center
from accounts.management.progress import ProgressLine
from accounts.plans.stored import load


class Command(BaseCommand):
    help = "Write what IAM Identity Center has as a TOML file; see docs/moving-from-identity-center.md."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", nargs="?", help="where to; standard output if absent"
        )
        parser.add_argument("--region", required=True, help="the region of Identity Center")
        parser.add_argument("--instance", default="", help="the ARN of the instance, of several")
        parser.add_argument(
            "--claim", default="groups", help="the claim that has the groups; default: groups"
        )

    def handle(
        self, *, file: str | None, region: str, instance: str, claim: str, **options: Any
    ) -> None:
        line = ProgressLine(sys.stderr)
        try:
            source = IdentityCenter(
                access.client_of("sso-admin", region=region),
                access.client_of("identitystore", region=region),
            )
            center = identity_center.read(
                source, identity_center.choose(source.instances(), instance), progress=line
            )
            text, left = identity_center.as_file(
                center,
                names=_names(line),
                stored=load(),
                claim=claim,
                partition=access.partition(),
            )
        except GatehouseError as error:
            raise CommandError(error.admin_message) from None
        except DatabaseError as error:
            raise CommandError(
                f"The database refused: {error}\nHas `manage.py migrate` been run?"
            ) from error
        finally:
            line.end()
        for why in left:
            self.stderr.write(f"Not carried over: {why}")
        if file is None:
            self.stdout.write(text, ending="")
            return
        try:
            Path(file).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
        self.stdout.write(
            f"Written to {file}. Nothing was changed; `manage.py plan {file}` shows what it would."
        )


def _names(line: ProgressLine) -> dict[str, str]:
    """Return the names of the organization's accounts by their ids."""
    source = OrganizationAccounts(access.client_of("organizations"))
    names: dict[str, str] = {}
    token = ""
    while True:
        page, token = source.accounts(token)
        names |= {one.account_id: one.name for one in page}
        line("names", len(names), 0)
        if not token:
            return names
