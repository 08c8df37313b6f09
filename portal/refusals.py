"""Refusals of access: the row of one that did not come from the door, and the facts that help whoever is refused."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts import audit, entitlements
from accounts.errors import AccessDenied, AwsRefused, GatehouseError
from accounts.messages import Message
from accounts.missing_access import ArrivedValues, NeededValue, arrived_values, needed_values
from accounts.models.audit import Action
from accounts.types import AskedRole, Kind, RoleRef, Subject, Surface
from accounts.visible import visible
from portal.context import origin_of

log = logging.getLogger(__name__)

# Refusals for want of a value of a claim: groups that have just changed help, and nothing else that one can do.
OF_GROUPS = frozenset({AccessDenied.code, "access.kind_denied"})
# What somebody asks for is anybody's text: no more of a name is shown than AWS's longest.
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class RefusalFacts:
    """What helps whoever is refused, or whoever is asked for help.

    `account_name` is "" unless the person has a role in the account. `arrived` is empty where groups do not matter.
    `needed` is empty unless the operator allows it (REFUSALS_SAY_WHAT_IS_NEEDED).
    """

    person: str
    asked: AskedRole | None
    account_name: str
    arrived: tuple[ArrivedValues, ...]
    needed: tuple[NeededValue, ...]

    @property
    def help_url(self) -> str:
        """The page here with the same refusal and a message to send; "" where no role was asked for."""
        if self.asked is None or not self.asked.account_id:
            return ""
        path = reverse(
            "keys" if self.asked.kind is Kind.KEYS and self.asked.role_name else "console"
        )
        names = {"account_id": self.asked.account_id, "role_name": self.asked.role_name}
        given = {name: value[:LONGEST_NAME] for name, value in names.items() if value}
        return f"{settings.BASE_URL}{path}?{urlencode(given)}"


def facts(error: GatehouseError, subject: Subject, *, now: datetime) -> RefusalFacts | None:
    """Return the facts of a refusal; None for errors that nobody can be asked about. At most seven queries."""
    if not isinstance(error, (AccessDenied, AwsRefused)):
        return None
    asked = error.asked
    of_groups = error.code in OF_GROUPS
    return RefusalFacts(
        person=subject.label,
        asked=asked,
        account_name="" if asked is None else _known_name(asked.account_id, subject, now),
        arrived=arrived_values(subject, now=now) if of_groups else (),
        needed=needed_values(asked, subject, now=now)
        if of_groups and asked is not None and settings.REFUSALS_SAY_WHAT_IS_NEEDED
        else (),
    )


def _known_name(account_id: str, subject: Subject, now: datetime) -> str:
    decided = entitlements.resolve(subject=subject, now=now, account_id=account_id)
    return next((visible(one.role.account_name) for one in decided.granted), "")


def arrived_in_words(one: ArrivedValues) -> Message:
    """Return one line for texts: "groups = everyone, payments"."""
    claim, values = visible(one.claim), ", ".join(map(visible, one.values))
    if not one.values:
        return Message("%(claim)s = (nothing)", claim=claim)
    if one.more:
        return Message(
            "%(claim)s = %(values)s, and %(more)s more", claim=claim, values=values, more=one.more
        )
    return Message("%(claim)s = %(values)s", claim=claim, values=values)


def needed_in_words(one: NeededValue) -> Message:
    """Return one line for texts: "groups = payments-admins"."""
    claim, value = visible(one.claim), visible(one.value)
    if one.is_pattern:
        return Message("%(claim)s = %(values)s (a pattern)", claim=claim, values=value)
    return Message("%(claim)s = %(values)s", claim=claim, values=value)


def record(
    request: HttpRequest,
    denied: GatehouseError,
    *,
    subject: Subject,
    surface: Surface,
    action: Action = Action.PAGE_DENIED,
    role: RoleRef | None = None,
) -> None:
    """Write the audit row of a refusal, unless the door has written one. Nothing is released, so a failure is only logged."""
    if denied.recorded:
        return
    denied.recorded = True
    try:
        audit.record(
            action=action,
            now=timezone.now(),
            origin=origin_of(request, surface),
            subject=subject,
            account_id=role.account_id if role else "",
            role_name=role.role_name if role else "",
            reason=denied.admin_message,
            error_code=denied.code,
            detail={"method": request.method, "path": request.path},
        )
    except DatabaseError as error:
        log.error("refusal of %s not recorded: %s", denied.code, type(error).__name__)
