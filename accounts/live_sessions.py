"""What is still alive at AWS: sessions that the audit trail holds as issued, and that have not expired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from accounts import audit, time_budget
from accounts.aws.limits import LONGEST_SESSION
from accounts.models import AuditEvent, Person
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


def of_people(people: Iterable[Person]) -> QuerySet[AuditEvent]:
    """Return the rows of these people, to be narrowed by the functions here."""
    subs: dict[str, set[str]] = {}
    for person in people:
        subs.setdefault(person.issuer, set()).add(person.sub)
    reached = Q(pk__in=())
    for issuer, those in subs.items():
        reached |= Q(issuer=issuer, sub__in=those)
    return AuditEvent.objects.filter(reached)


def identities(*, now: datetime) -> QuerySet[Person]:
    """Return the people who have a session that may be alive."""
    seen = _issued(AuditEvent.objects.order_by(), now=now).filter(sub=OuterRef("sub"))
    return Person.objects.filter(Exists(seen.filter(issuer=OuterRef("issuer"))))


def alive(
    events: QuerySet[AuditEvent], *, now: datetime, at_most: int | None = None
) -> list[LiveSession]:
    """Return those of these rows that are sessions which are alive, what expires last first.

    `at_most` limits how many of the latest rows are read. Links to AWS's own page for switching roles are none: that session is the person's own at AWS.
    """
    issued = _issued(events, now=now).order_by("-at")[:at_most]
    sessions = (
        LiveSession(event, _KINDS[event.action], _end_of(event.action, event.duration, event.at))
        for event in issued
    )
    return sorted(
        (session for session in sessions if session.expires_at > now),
        key=lambda session: session.expires_at,
        reverse=True,
    )


def last_expiry(events: QuerySet[AuditEvent], *, now: datetime) -> datetime | None:
    """Return when the last of these sessions has expired; None if none is alive. One query, however many there are."""
    kinds = _issued(events, now=now).order_by().values_list("action", "duration")
    ends = [_end_of(*row) for row in kinds.annotate(latest=Max("at"))]
    return max((end for end in ends if end > now), default=None)


def _issued(events: QuerySet[AuditEvent], *, now: datetime) -> QuerySet[AuditEvent]:
    return events.filter(
        action__in=_KINDS, at__gt=now - _OLDEST, at__lte=now + _REQUEST, duration__isnull=False
    )


def expiry_of(event: AuditEvent) -> datetime | None:
    """Return when the session of a row has ended at the latest; None if the row is not of one."""
    if event.action not in _KINDS or event.duration is None:
        return None
    return _end_of(event.action, event.duration, event.at)


def _end_of(action: str, duration: int | None, at: datetime) -> datetime:
    lasts = timedelta(seconds=duration or 0) + _REQUEST
    if action == Action.CONSOLE_ISSUED.value:
        lasts += _CONSOLE_SIGN_IN
    return at + lasts
