"""Show what files would change, and whose access: `manage.py plan FILE_OR_FOLDER`."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from accounts.management.plan_texts import read_texts, refusal
from accounts.plans import plan_files as stored_plans
from accounts.plans.complaints import InvalidPlan
from accounts.plans.plan_files import PlanFile
from accounts.plans.toml_file.apply import plan_files


class Command(BaseCommand):
    help = "Show what files would change and whose access; see docs/configuration-as-code.md."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "path", metavar="FILE_OR_FOLDER", help="a file, a folder of .toml files, or - "
        )
        add_options(parser)
        parser.add_argument(
            "--out", metavar="PLAN.json", help="write the plan, for `manage.py apply PLAN.json`"
        )
        parser.add_argument(
            "--detailed-exitcode",
            action="store_true",
            help="exit with 2 if the plan changes anything",
        )

    def handle(
        self,
        *,
        path: str,
        prune: bool,
        manage: bool,
        out: str | None,
        detailed_exitcode: bool,
        **options: Any,
    ) -> None:
        texts, whole = read_texts(path)
        now = timezone.now()
        try:
            plan = plan_files(texts, now=now, whole=whole, prune=prune, manage=manage)
        except InvalidPlan as invalid:
            raise refusal(self, path, invalid) from None
        except DatabaseError as error:
            raise CommandError(
                f"The database refused: {error}\nHas `manage.py migrate` been run?"
            ) from error
        for line in plan.lines():
            self.stdout.write(line)
        if out is not None:
            file = PlanFile(texts, plan.revision or "", whole, prune, manage)
            _write(out, stored_plans.written(file, now=now))
            self.stdout.write(f"Written to {out}; `manage.py apply {out}` applies exactly this.")
        if plan and detailed_exitcode:
            raise SystemExit(2)


def add_options(parser: ArgumentParser) -> None:
    """Add what `plan` and `apply` have in common."""
    parser.add_argument(
        "--prune",
        action="store_true",
        help="remove what the files manage and no longer name; of a folder, what any file manages",
    )
    parser.add_argument(
        "--manage",
        action="store_true",
        help="let the files manage what they name: read-only in the admin",
    )


def _write(out: str, text: str) -> None:
    # It holds the files, external ids included: for its owner alone.
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise CommandError(f"{out} cannot be written: {error.strerror}.") from None
