"""Note who asks, on every surface: whoever has a row can be found and blocked."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import Q

from accounts.models import Person
from accounts.storable import is_storable, storable
from accounts.types import Subject, Surface

log = logging.getLogger(__name__)

# Of the requests of an hour, one writes.
_PRECISION = timedelta(hours=1)
# Whom this process has noted, and when, so that not each request asks. People are never deleted.
_noted: dict[tuple[str, str], datetime] = {}
_MOST_NOTED = 10_000


def is_identity(text: str) -> bool:
    """Whether the column holds this text whole, so that it identifies one person (OIDC Core 2: `sub` has at most 255)."""
    return 0 < len(text) <= 255 and is_storable(text)


def is_due(last_seen_at: datetime | None, *, now: datetime) -> bool:
    """Whether it is time to note again that somebody was seen."""
    return last_seen_at is None or last_seen_at <= now - _PRECISION


def note_seen(subject: Subject, *, surface: Surface, now: datetime) -> None:
    """Add the person if nobody has seen them, else note once an hour when and where they were seen.

    Programs are no people: workloads and machine tokens are left out. A database that cannot write
    does not prevent reading: who gets keys is recorded in the audit trail anyway.
    """
    identity = (subject.issuer, subject.sub)
    if subject.workload or not is_due(_noted.get(identity), now=now):
        return
    try:
        _store_seen(subject, surface=surface, now=now)
    except DatabaseError as error:
        log.warning("who was seen could not be stored: %s", error)
        return
    if len(_noted) >= _MOST_NOTED:
        _noted.clear()
    _noted[identity] = now


def forget_noted() -> None:
    """Forget whom this process has noted; for tests."""
    _noted.clear()


def _store_seen(subject: Subject, *, surface: Surface, now: datetime) -> None:
    person = Person.objects.filter(issuer=subject.issuer, sub=subject.sub)
    found = person.values_list("last_seen_at", flat=True).first()
    seen = {"last_seen_at": now, "last_seen_via": surface.value}
    if not is_due(found, now=now):
        return
    with transaction.atomic():
        if found is None:
            Person.objects.get_or_create(
                issuer=subject.issuer, sub=subject.sub, defaults=names_of(subject) | seen
            )
        due = Q(last_seen_at=None) | Q(last_seen_at__lte=now - _PRECISION)
        # What a sign-in brought is newer, or says more, than a token.
        person.filter(due, last_login=None).update(**names_of(subject))
        person.filter(due).update(**seen)


def names_of(subject: Subject) -> dict[str, str | bool]:
    """Return the columns of a person that say what people call them."""
    username = subject.claims.get("preferred_username")
    return {
        "name": storable(subject.name)[:255],
        "email": storable(subject.email)[:255],
        "email_verified": subject.email_verified,
        "username": storable(username)[:255] if isinstance(username, str) else "",
    }
