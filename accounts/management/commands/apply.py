"""Load the directory and the mappings from one TOML file: `manage.py apply FILE`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from accounts import preflight
from accounts.management.operators import operator_name
from accounts.mapping_values import hint
from accounts.models import Account, Mapping, PermissionSet
from accounts.models.directory import TrustMethod
from accounts.plans.changes import Change, counts
from accounts.plans.complaints import InvalidPlan
from accounts.plans.entries import MATCHES, AccountEntry, MappingEntry, PermissionSetEntry
from accounts.plans.notation import quoted
from accounts.plans.toml_file.apply import apply_file
from accounts.trust.hub import partitions_without_hub
from accounts.types import Origin, Surface
from accounts.vouched_claims import NOT_VERIFIED_HINT, is_email_claim


class Command(BaseCommand):
    help = "Make the directory and the mappings say what a TOML file says; see docs/configuration-as-code.md."
    # A portal that cannot start yet can be filled already.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the file; - reads standard input")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what would change, and change nothing",
        )

    def handle(self, *, file: str, dry_run: bool, **options: Any) -> None:
        text = _read(file)
        try:
            changes = apply_file(
                text=text,
                name=file,
                actor=operator_name(),
                origin=Origin(surface=Surface.COMMAND),
                now=timezone.now(),
                dry_run=dry_run,
            )
        except InvalidPlan as invalid:
            for complaint in invalid.complaints:
                self.stderr.write(f"{file}:{complaint.line}: {complaint}")
            number = len(invalid.complaints)
            raise CommandError(
                f"{file} was refused with {number} complaint{'s' * (number != 1)}; nothing was changed."
            ) from None
        except DatabaseError as error:
            raise CommandError(
                f"The database refused, and nothing was changed: {error}\n"
                "Has `manage.py migrate` been run? Did somebody else change the same things just now?"
            ) from error
        if options["verbosity"] > 0:
            for change in changes:
                for line in change.lines():
                    self.stdout.write(line)
        self._warn_of_values(changes)
        self._warn_of_hubs(changes)
        self._warn_of_emails(changes)
        self._warn_of_sessions(changes)
        if not changes:
            self.stdout.write(f"No changes: the database says what {file} says.")
            return
        done = ", ".join(f"{number} {what}" for what, number in counts(changes).items())
        self.stdout.write(
            f"Dry run of {file}: {done}; nothing was changed."
            if dry_run
            else self.style.SUCCESS(f"Applied {file}: {done}.")
        )

    def _warn_of_values(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if not isinstance(change.after, MappingEntry):
                continue
            for key, value in change.after.matches.items():
                if probably := hint(match=MATCHES[key], value=value):
                    self.stderr.write(
                        self.style.WARNING(
                            f"Warning: mapping {quoted(change.after.name)}: {probably}"
                        )
                    )

    def _warn_of_hubs(self, changes: Sequence[Change]) -> None:
        """Say of which partitions there are accounts, or would be, in which the portal can get no keys."""
        named = {
            change.after.partition
            for change in changes
            if isinstance(change.after, AccountEntry)
            and change.after.active
            and change.after.trust_method == TrustMethod.HUB
        }
        for partition, reason in partitions_without_hub(
            named | Account.partitions_of_hub()
        ).items():
            self.stderr.write(
                self.style.WARNING(
                    f"Warning: no role in the accounts in {partition} can be used: {reason}."
                )
            )

    def _warn_of_sessions(self, changes: Sequence[Change]) -> None:
        """Say what AWS has to allow for the permission sets that change, and which no account can use."""
        told = [
            f"permission set {quoted(change.after.name)}: {advice}"
            for change in changes
            if isinstance(change.after, PermissionSetEntry)
            for advice in preflight.advice(PermissionSet(**change.after.columns()))
        ]
        for one in [*told, *preflight.unusable()]:
            self.stderr.write(self.style.WARNING(f"Warning: {one}"))

    def _warn_of_emails(self, changes: Sequence[Change]) -> None:
        """Say which mappings give people access by an e-mail address, or would, and what that needs."""
        if settings.OIDC_EMAIL_IS_VERIFIED:
            return
        named = {
            change.after.name
            for change in changes
            if isinstance(change.after, MappingEntry)
            and not change.after.issuer
            and change.after.enabled
            and is_email_claim(change.after.claim)
        }
        if names := sorted(named.union(Mapping.of_emails())):
            self.stderr.write(
                self.style.WARNING(
                    f"Warning: access by e-mail address: {', '.join(names)}. {NOT_VERIFIED_HINT}"
                )
            )


def _read(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        # Editors on Windows begin a file with a mark that TOML does not know.
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        raise CommandError(f"There is no file {file}.") from None
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise CommandError(
            f"{file}:{line}: This is not UTF-8; save the file in that encoding."
        ) from None
    if not text.strip():
        raise CommandError(f"{file} is empty; `manage.py export` shows what a file looks like.")
    return text
