"""The keys with which the portal reads an organization: its own principal's, or those of a role it enters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import pool
from accounts.aws import clients, hubs, partitions, sts
from accounts.aws.arn import parse_role_arn
from accounts.aws.limits import DEFAULT_SESSION
from accounts.types import Credentials

_SESSION_NAME = "gatehouse-sync"
_RENEWED_BEFORE = timedelta(minutes=5)


def partition() -> str:
    """Return the partition of the organization: that of ORGANIZATION_ROLE, else of the portal's region."""
    if settings.ORGANIZATION_ROLE:
        return parse_role_arn(settings.ORGANIZATION_ROLE).partition
    region = clients.hub_region()
    own = [each.name for each in partitions.PARTITIONS.values() if each.has_region(region)]
    return own[0] if own else "aws"


def client_of(service: str, *, region: str = "") -> Callable[[], Any]:
    """Return what gives boto3's client of a service, with keys that are renewed when they run out.

    `region` is where it is asked, "" where the partition's global services are.
    """
    name = partition()
    where = region or partitions.find(name).default_region
    held: list[tuple[Credentials | None, Any]] = []

    def client() -> Any:
        if held:
            keys, made = held[0]
            if keys is None or keys.expires_at > timezone.now() + _RENEWED_BEFORE:
                return made
        pool.give_back()
        hub = hubs.find(name, profiles=settings.AWS_HUB_PROFILES)
        if not settings.ORGANIZATION_ROLE:
            held[:] = [(None, clients.of_hub(service, region=where, profile=hub.profile))]
        else:
            keys = sts.assume_role(
                role_arn=settings.ORGANIZATION_ROLE,
                session_name=_SESSION_NAME,
                duration=DEFAULT_SESSION,
                external_id=settings.ORGANIZATION_ROLE_EXTERNAL_ID,
                region=hub.region,
                profile=hub.profile,
            )
            held[:] = [(keys, clients.with_keys(service, keys=keys, region=where))]
        return held[0][1]

    return client
