"""The queue of jobs in the database: add, take, and what became of them.

A job is written in the transaction of what causes it, so that none is lost and none is for nothing. It is
done at least once: what it does must be right when it is done twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from accounts.models import Job
from accounts.storable import storable

PERIODIC = "periodic"
"""The key of jobs that the worker adds by itself: one of a kind at a time."""
LEASE = timedelta(seconds=60)
"""How long a worker has a job before others may take it; a worker that is alive renews its leases."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
"""The pause after the first failure; it doubles with each further one, up to the longest."""
MOST_ATTEMPTS = 30
"""About a day. Then the job is given up, and admins see it."""
_LONGEST_ERROR = 2000


class Postponed(Exception):
    """Raised by a job that has more to do later, or must wait. This is no failure."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"until {until.isoformat()}")
        self.until = until


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: how many jobs are due and nobody has, since when, and how many were given up."""

    due: int
    since: datetime | None
    given_up: int


def add(
    kind: str,
    payload: Mapping[str, Any] | None = None,
    *,
    now: datetime,
    due_at: datetime | None = None,
    key: str = "",
) -> None:
    """Add a job, due now or at `due_at`. With a key: unless one of that kind and key is unfinished."""
    job = Job(kind=kind, key=key, payload=payload or {}, added_at=now, due_at=due_at or now)
    Job.objects.bulk_create([job], ignore_conflicts=bool(key))


def take(*, kinds: Collection[str], now: datetime) -> Job | None:
    """Lease the job of these kinds that has been due longest; None if nothing is due."""
    due = _due(now).filter(kind__in=kinds).order_by("due_at")
    lease = {"lease": uuid.uuid4(), "leased_until": now + LEASE, "attempts": F("attempts") + 1}
    if connection.features.has_select_for_update_skip_locked:
        with transaction.atomic():
            found = due.select_for_update(skip_locked=True).values_list("pk", flat=True).first()
            if found is None:
                return None
            Job.objects.filter(pk=found).update(**lease)
        return Job.objects.get(pk=found)
    # SQLite has no row locks: whoever writes first has the job.
    while (found := due.values_list("pk", flat=True).first()) is not None:
        if _due(now).filter(pk=found).update(**lease):
            return Job.objects.get(pk=found)
    return None


def renew(job: Job, *, now: datetime) -> bool:
    """Extend the lease of a job; False if another worker has it by now."""
    return bool(_leased(job).update(leased_until=now + LEASE))


def finish(job: Job, *, now: datetime) -> None:
    """Note that a job is done."""
    _leased(job).update(finished_at=now, lease=None, leased_until=None, last_error="")


def postpone(job: Job, *, until: datetime) -> None:
    """Note that a job goes on later, without a failure."""
    _leased(job).update(due_at=until, lease=None, leased_until=None, attempts=0, last_error="")


def fail(job: Job, *, error: str, now: datetime) -> None:
    """Note that a job failed: it is tried again after a pause, or given up after MOST_ATTEMPTS."""
    note: dict[str, Any] = {
        "lease": None,
        "leased_until": None,
        "last_error": storable(error)[:_LONGEST_ERROR],
    }
    if job.attempts >= MOST_ATTEMPTS:
        note |= {"finished_at": now, "given_up": True}
    else:
        pause = FIRST_PAUSE * 2 ** min(job.attempts - 1, 20)
        note["due_at"] = now + min(pause, LONGEST_PAUSE)
    _leased(job).update(**note)


def backlog(*, now: datetime) -> Backlog:
    """Return what waits, in two queries."""
    due = _due(now).order_by("due_at").values_list("due_at", flat=True)
    first = due.first()
    return Backlog(
        due=0 if first is None else due.count(),
        since=first,
        given_up=Job.objects.filter(given_up=True).count(),
    )


def _due(now: datetime) -> QuerySet[Job]:
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    return Job.objects.filter(free, finished_at=None, due_at__lte=now)


def _leased(job: Job) -> QuerySet[Job]:
    # Another lease is another worker's: this one must not write over what that one notes.
    return Job.objects.filter(pk=job.pk, lease=job.lease, finished_at=None)
