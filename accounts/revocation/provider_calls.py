"""Cut a person's live sessions because the identity provider ended what they have: a job of the worker, where a setting says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts import jobs
from accounts.models import Person
from accounts.models.revocations import Reach
from accounts.revocation import asking, reaching
from accounts.types import Origin, Surface

JOB = "cut the sessions of a person"
BY = "the identity provider"


def add(people: Iterable[Person], *, reason: str, now: datetime) -> None:
    """Have the worker cut the live sessions of these people, if PROVIDER_CUTS_SESSIONS says so."""
    if not settings.PROVIDER_CUTS_SESSIONS:
        return
    for person in people:
        payload = {"issuer": person.issuer, "sub": person.sub, "reason": reason}
        jobs.add(JOB, payload, now=now, key=str(person.pk))


def cut(payload: Mapping[str, Any], *, now: datetime) -> None:
    """Cut what lives of the person of a job. Done twice, it denies no less.

    Raises:
        InvalidRequest: there is no such person any more.
    """
    issuer, sub = str(payload["issuer"]), str(payload["sub"])
    if not reaching.of_person(issuer=issuer, sub=sub, now=now):
        return
    request = reaching.Request(
        reach=Reach.PERSON, issuer=issuer, sub=sub, reason=str(payload["reason"])
    )
    asking.ask(request, by=BY, origin=Origin(surface=Surface.COMMAND), now=now)
