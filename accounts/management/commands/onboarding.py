"""Write what makes AWS accounts trust the portal: `manage.py onboarding FORM --account ID` or `--all`."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.db.models import QuerySet
from django.utils import timezone

from accounts.aws import limits
from accounts.errors import GatehouseError
from accounts.management.operators import operator_name
from accounts.models import Account
from accounts.onboarding import Document, Form, Options, everywhere, onboard
from accounts.types import Origin, Surface


class Command(BaseCommand):
    help = (
        "Write CloudFormation templates, a StackSet, Terraform or AWS CLI commands that make the roles of AWS "
        "accounts trust this portal; see docs/onboarding.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("form", choices=[form.value for form in Form])
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--account",
            metavar="ID",
            action="append",
            dest="account_ids",
            help="an account id; can be repeated",
        )
        which.add_argument(
            "--all", action="store_true", help="all active accounts that offer a role"
        )
        parser.add_argument(
            "--output",
            metavar="DIR",
            type=Path,
            help="the folder to write to; standard output if absent",
        )
        parser.add_argument(
            "--reuse-provider",
            action="store_true",
            help="the accounts have the issuer's OpenID Connect provider already",
        )
        parser.add_argument(
            "--region", default="", help="where stacks are: IAM is global, so one is enough"
        )
        stack_set = parser.add_argument_group("for a StackSet")
        stack_set.add_argument(
            "--organizational-unit",
            metavar="ID",
            action="append",
            default=[],
            help="ou-... or r-... to deploy to; can be repeated",
        )
        stack_set.add_argument(
            "--delegated-admin",
            action="store_true",
            help="the commands run in a delegated administrator's account",
        )
        stack_set.add_argument(
            "--management-account",
            metavar="ID",
            default="",
            help="the management account, which needs a plain stack",
        )
        cli = parser.add_argument_group("for AWS CLI commands")
        cli.add_argument(
            "--context-provider",
            action="store_true",
            help="not proven: make claims of the portal's tokens keys of policies in AWS",
        )

    def handle(self, *, output: Path | None, **options: Any) -> None:
        asked = Options(
            form=Form(options["form"]),
            reuse_provider=options["reuse_provider"],
            context_provider=options["context_provider"],
            organizational_units=tuple(options["organizational_unit"]),
            delegated_admin=options["delegated_admin"],
            management_account=options["management_account"],
            region=options["region"],
        )
        try:
            documents = onboard(
                _accounts(options["account_ids"]),
                asked,
                actor=operator_name(),
                origin=Origin(surface=Surface.COMMAND),
                now=timezone.now(),
            )
        except GatehouseError as error:
            raise CommandError(error.user_message) from None
        except DatabaseError as error:
            raise CommandError(
                f"The database refused: {error}\nHas `manage.py migrate` been run?"
            ) from error
        if output is None:
            self._show(documents)
        else:
            _write(documents, output)
            self.stdout.write(self.style.SUCCESS(f"{len(documents)} files are in {output}."))

    def _show(self, documents: Sequence[Document]) -> None:
        """Write to standard output: one file as it is, several each with its path before."""
        for document in documents:
            if len(documents) > 1:
                self.stdout.write(f"==> {document.path} <==")
            self.stdout.write(document.text)


def _accounts(account_ids: Sequence[str] | None) -> QuerySet[Account]:
    if account_ids is None:
        return everywhere()
    for account_id in account_ids:
        if not re.fullmatch(limits.ACCOUNT_ID, account_id):
            raise CommandError(f"{account_id!a:.40} is no account id: it has 12 digits.")
    found = Account.objects.filter(account_id__in=account_ids)
    if missing := set(account_ids) - set(found.values_list("account_id", flat=True)):
        raise CommandError(f"There is no account {min(missing)}.")
    return found


def _write(documents: Sequence[Document], folder: Path) -> None:
    try:
        for document in documents:
            target = folder / document.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(document.text, encoding="utf-8", newline="\n")
            if target.suffix == ".sh":
                target.chmod(0o755)
    except OSError as error:
        raise CommandError(f"{folder} cannot be written: {error.strerror}.") from None
