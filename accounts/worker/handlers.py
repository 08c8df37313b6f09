"""What a worker does, by the kind of job, and what it does by itself every so often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from accounts import revocation
from accounts.audit_trail import batches, deliveries, retention
from accounts.from_aws import organization_sync
from accounts.purging import purge
from accounts.revocation import provider_calls
from accounts.revocation.asking import JOB as REVOCATION
from accounts.signing import rotation

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Handler:
    """What does a job, given its payload and the moment. `every`: the worker adds the job itself.

    It raises `accounts.jobs.Postponed` to go on later; any other error is a failure and tried again.
    """

    run: Callable[[Payload, datetime], None]
    every: timedelta | None = None


def _purge(payload: Payload, now: datetime) -> None:
    purge(now=now)


def _revoke(payload: Payload, now: datetime) -> None:
    revocation.go_on(str(payload["revocation"]), now=now)


def _cut(payload: Payload, now: datetime) -> None:
    provider_calls.cut(payload, now=now)


def _seal(payload: Payload, now: datetime) -> None:
    batches.seal(now=now)


def _purge_audit(payload: Payload, now: datetime) -> None:
    retention.purge(now=now)


def _deliver(payload: Payload, now: datetime) -> None:
    deliveries.deliver(now=now)


def _rotate(payload: Payload, now: datetime) -> None:
    rotation.rotate_if_due(now=now, actor="the worker")


def _sync(payload: Payload, now: datetime) -> None:
    organization_sync.go_on(now=now)


HANDLERS: Mapping[str, Handler] = {
    "purge": Handler(_purge, every=timedelta(days=1)),
    "seal the audit trail": Handler(_seal, every=timedelta(minutes=1)),
    "purge the audit trail": Handler(_purge_audit, every=timedelta(days=1)),
    "deliver the audit trail": Handler(_deliver, every=timedelta(minutes=1)),
    "rotate the signing keys": Handler(_rotate, every=timedelta(days=1)),
    REVOCATION: Handler(_revoke),
    provider_calls.JOB: Handler(_cut),
    organization_sync.JOB: Handler(
        _sync, every=timedelta(hours=settings.ORGANIZATION_SYNC_HOURS) or None
    ),
}
