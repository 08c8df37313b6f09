"""Load the directory and the mappings from TOML files, or apply a plan: `manage.py apply FILE`."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from accounts import preflight
from accounts.errors import InvalidRequest
from accounts.management.commands.plan import add_options
from accounts.management.operators import operator_name
from accounts.management.plan_texts import read, read_texts, refusal
from accounts.mapping_values import hint
from accounts.models import Account, Mapping, PermissionSet
from accounts.models.directory import TrustMethod
from accounts.plans import plan_files
from accounts.plans.changes import Change, counts
from accounts.plans.complaints import InvalidPlan, LocksOut, StalePlan
from accounts.plans.entries import MATCHES, AccountEntry, MappingEntry, PermissionSetEntry
from accounts.plans.notation import quoted
from accounts.plans.plan_files import PlanFile
from accounts.plans.toml_file.apply import apply_files
from accounts.trust.hub import partitions_without_hub
from accounts.types import Origin, Surface
from accounts.vouched_claims import NOT_VERIFIED_HINT, is_email_claim


class Command(BaseCommand):
    help = "Make the directory and the mappings say what a TOML file says; see docs/configuration-as-code.md."
    # A portal that cannot start yet can be filled already.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file",
            metavar="FILE",
            help="a file, a folder of .toml files, a plan that `plan --out` wrote, or - for standard input",
        )
        add_options(parser)
        parser.add_argument(
            "--allow-lockout",
            action="store_true",
            help="also where no portal admin would have a role afterwards",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what would change, and change nothing",
        )

    def handle(
        self,
        *,
        file: str,
        dry_run: bool,
        prune: bool,
        manage: bool,
        allow_lockout: bool,
        **options: Any,
    ) -> None:
        plan, revision = _plan_of(file, prune=prune, manage=manage)
        try:
            changes = apply_files(
                plan.texts,
                actor=operator_name(),
                origin=Origin(surface=Surface.COMMAND),
                now=timezone.now(),
                whole=plan.whole,
                prune=plan.prune,
                manage=plan.manage,
                dry_run=dry_run,
                revision=revision,
                allow_lockout=allow_lockout,
            )
        except InvalidPlan as invalid:
            raise refusal(self, file, invalid) from None
        except (StalePlan, LocksOut) as refused:
            raise CommandError(refused.admin_message) from None
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


def _plan_of(file: str, *, prune: bool, manage: bool) -> tuple[PlanFile, str | None]:
    """Return what to apply, and the revision it was planned for if `file` is a plan."""
    if file.endswith(".json"):
        if prune or manage:
            raise CommandError(
                "A plan says itself what it prunes and manages: leave the options out."
            )
        try:
            plan = plan_files.read(read(file))
        except InvalidRequest as refused:
            raise CommandError(f"{file}: {refused.admin_message}") from None
        return plan, plan.revision
    texts, whole = read_texts(file)
    return PlanFile(texts, "", whole, prune, manage), None
