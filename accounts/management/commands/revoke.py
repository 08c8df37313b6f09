"""Cut live sessions at AWS: `manage.py revoke`."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from accounts import revocation
from accounts.errors import GatehouseError
from accounts.jobs import Postponed
from accounts.management.operators import operator_name
from accounts.models import Person, Revocation
from accounts.models.revocations import Engine, PlacementState, Reach
from accounts.revocation import Reached, Request
from accounts.types import Origin, Surface
from accounts.visible import visible


class Command(BaseCommand):
    help = (
        "Make AWS deny everything to sessions that have begun until now: of a person, a sign-in, a role, an account, or of "
        "everybody. It does the work itself, with no worker. Ends with status 1 unless all of it is placed; see docs/revocation.md."
    )
    # In an emergency this works although the portal cannot start.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", default="", help="the identities seen with this address")
        parser.add_argument("--issuer", default="", help="the identity provider of one identity")
        parser.add_argument("--sub", default="", help="its identifier there, with --issuer")
        parser.add_argument("--sign-in", default="", help="the id of one sign-in, which ends")
        parser.add_argument(
            "--elevation", default="", help="the id of one elevation, with a person"
        )
        parser.add_argument("--account", default="", help="the id of an account")
        parser.add_argument("--role", default="", help="a permission set, with --account")
        parser.add_argument("--everything", action="store_true", help="everybody, everywhere")
        parser.add_argument("--block", action="store_true", help="block the person first")
        parser.add_argument(
            "--organization", action="store_true", help="by one policy of the organization"
        )
        parser.add_argument("--reason", default="", help="for other admins and the audit trail")
        parser.add_argument("--yes", action="store_true", help="do not ask to type what is cut")
        parser.add_argument("--resume", default="", metavar="ID", help="go on with a revocation")
        parser.add_argument(
            "--wait",
            type=int,
            default=300,
            help="seconds to go on for, where AWS does not answer (300)",
        )

    def handle(self, **options: Any) -> None:
        until = time.monotonic() + options["wait"]
        try:
            rows = self._resumed(options) if options["resume"] else self._asked(options)
            complete = [self._finish(row, until) for row in rows]
        except GatehouseError as error:
            raise CommandError(f"{error.user_message} ({error.admin_message})") from error
        except DatabaseError as error:
            raise CommandError(
                f"The database refused: {error}\nHas `manage.py migrate` been run?"
            ) from error
        if not all(complete):
            raise CommandError("Not everything is placed. Try again: --resume with the id above.")

    def _asked(self, options: dict[str, Any]) -> list[Revocation]:
        now = timezone.now()
        requests = _requests(options)
        for request in requests:
            reached = revocation.reach(request, now=now)
            self._tell(reached, request)
            if not options["yes"]:
                self._confirm(reached)
        asked = [
            revocation.ask(
                request, by=operator_name(), origin=Origin(surface=Surface.COMMAND), now=now
            )
            for request in requests
        ]
        for one in asked:
            self.stdout.write(
                f"Revocation {one.revocation.pk}: {visible(one.revocation.what)}. "
                f"{one.sign_ins_ended} open sign-in{'s' * (one.sign_ins_ended != 1)} ended."
            )
        return [one.revocation for one in asked]

    def _resumed(self, options: dict[str, Any]) -> list[Revocation]:
        try:
            row = Revocation.objects.get(pk=UUID(options["resume"]))
        except (Revocation.DoesNotExist, ValueError):
            raise CommandError("There is no such revocation. Nothing was changed.") from None
        revocation.retry(
            row, by=operator_name(), origin=Origin(surface=Surface.COMMAND), now=timezone.now()
        )
        return [row]

    def _tell(self, reached: Reached, request: Request) -> None:
        first = "Blocks the person, and cuts" if request.block else "Cuts"
        number = len(reached.placements)
        self.stdout.write(
            f"{first} the live sessions of {visible(reached.what)}: {number} polic{'y' if number == 1 else 'ies'}, "
            f"{reached.accounts} account{'s' * (reached.accounts != 1)}."
        )

    def _confirm(self, reached: Reached) -> None:
        self.stdout.write(f"Type {visible(reached.phrase)} to go on: ", ending="")
        self.stdout.flush()
        try:
            typed = input()
        except EOFError:
            typed = ""
        if typed.strip() != reached.phrase:
            raise CommandError("That is not what was asked for. Nothing was changed.")

    def _finish(self, row: Revocation, until: float) -> bool:
        """Go on until nothing is pending or the time is over; write a line for each policy that is not placed."""
        while True:
            try:
                revocation.go_on(row.pk, now=timezone.now())
            except Postponed as postponed:
                if not row.placements.filter(state=PlacementState.PENDING).exists():
                    break  # The worker looks once more for keys that came late.
                if not _wait(postponed.until, until):
                    break
                continue
            break
        progress = revocation.progress_of(row)
        for placement in row.placements.exclude(state=PlacementState.PLACED):
            self.stdout.write(
                f"    {placement.account_id} {visible(placement.role_name)}: {placement.state} {placement.error_code} "
                f"{visible(placement.message)}"
            )
        style = self.style.SUCCESS if progress.is_complete else self.style.WARNING
        self.stdout.write(style(f"Revocation {row.pk}: {progress}"))
        return progress.is_complete


def _requests(options: dict[str, Any]) -> list[Request]:
    """Return what the options name; one for each identity of an address."""
    email, issuer, sub = options["email"], options["issuer"], options["sub"]
    account, role, block = options["account"], options["role"], options["block"]
    common: dict[str, Any] = {
        "reason": options["reason"],
        "block": block,
        "engine": Engine.ORGANIZATION if options["organization"] else Engine.ROLES,
    }
    is_person = bool(email or issuer or sub)
    chosen = [is_person or bool(account), bool(options["sign_in"]), options["everything"]]
    if (
        sum(chosen) != 1
        or (email and (issuer or sub))
        or bool(issuer) != bool(sub)
        or (role and not account)
        or (block and not is_person)
        or (options["elevation"] and not is_person)
        or (is_person and account and not role)
        or not options["reason"].strip()
    ):
        raise CommandError(
            "Name what to cut: --email, or --issuer and --sub, for a person, with --account and --role in one role alone; "
            "--sign-in; --account, with --role for one role; or --everything. --block and --elevation are for a person. "
            "--reason is always needed. Nothing was changed."
        )
    if options["everything"]:
        return [Request(reach=Reach.EVERYTHING, **common)]
    if options["sign_in"]:
        return [Request(reach=Reach.SIGN_IN, sign_in=options["sign_in"], **common)]
    where = {"account_id": account, "role_name": role}
    if not is_person:
        return [Request(reach=Reach.ROLE if role else Reach.ACCOUNT, **where, **common)]
    people = [(issuer, sub)]
    if email:
        people = list(
            Person.objects.filter(email__iexact=email.strip()).values_list("issuer", "sub")
        )
        if not people:
            raise CommandError(
                f"Nobody has been seen with the address {email}. Nothing was changed."
            )
    reach = Reach.PERSON_IN_ROLE if role else Reach.PERSON
    if options["elevation"]:
        reach, where = Reach.ELEVATION, {"elevation": options["elevation"]}
    return [Request(reach=reach, issuer=one[0], sub=one[1], **where, **common) for one in people]


def _wait(moment: datetime, until: float) -> bool:
    """Wait until a moment; False if that is past the time that there is."""
    seconds = (moment - timezone.now()).total_seconds()
    if time.monotonic() + seconds > until:
        return False
    time.sleep(max(0.0, seconds))
    return True
