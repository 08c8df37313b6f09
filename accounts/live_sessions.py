"""What is still alive at AWS: sessions that the audit trail holds as issued, and that have not expired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts import audit, time_budget
from accounts.aws.limits import LONGEST_SESSION
from accounts.models import AuditEvent
from accounts.models.audit import Action
from accounts.types import Kind

# The longest session, the sign-in to a console that may come later, and what a request waits for AWS.
_CONSOLE_SIGN_IN = timedelta(minutes=15)
_REQUEST = timedelta(seconds=time_budget.TOTAL)
_OLDEST = timedelta(seconds=LONGEST_SESSION) + _CONSOLE_SIGN_IN + _REQUEST
_KINDS = {Action.KEYS_ISSUED.value: Kind.KEYS, Action.CONSOLE_ISSUED.value: Kind.CONSOLE}


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session at AWS by its audit row; `event` has `account_name` where the row was loaded with it.

    `expires_at` is when it has ended at the latest. AWS counts from its own answer, and a console session from
    the sign-in, for which its link can be used for 15 minutes.
    """

    event: AuditEvent
    kind: Kind
    expires_at: datetime


def of_person(*, issuer: str, sub: str, now: datetime) -> list[LiveSession]:
    """Return the sessions of one person that are alive, what expires last first. One query."""
    return alive(audit.of_person(issuer=issuer, sub=sub), now=now)


def alive(events: QuerySet[AuditEvent], *, now: datetime) -> list[LiveSession]:
    """Return those of these rows that are sessions which are alive, what expires last first.

    Links to AWS's own page for switching roles are none: that session is the person's own at AWS.
    """
    issued = events.filter(
        action__in=_KINDS, at__gt=now - _OLDEST, at__lte=now + _REQUEST, duration__isnull=False
    )
    sessions = (LiveSession(event, _KINDS[event.action], _expiry(event)) for event in issued)
    return sorted(
        (session for session in sessions if session.expires_at > now),
        key=lambda session: session.expires_at,
        reverse=True,
    )


def last_expiry(sessions: Iterable[LiveSession]) -> datetime | None:
    """Return when the last of these has expired; None if there are none."""
    return max((session.expires_at for session in sessions), default=None)


def _expiry(event: AuditEvent) -> datetime:
    lasts = timedelta(seconds=event.duration or 0) + _REQUEST
    if event.action == Action.CONSOLE_ISSUED.value:
        lasts += _CONSOLE_SIGN_IN
    return event.at + lasts
