"""System checks: refuse a bad configuration at start, with all messages at once."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Critical, Error, Info, Tags, Warning, register
from django.db import DatabaseError

from accounts import preflight
from accounts.addresses import is_loopback
from accounts.aws import hubs
from accounts.errors import GatehouseError
from accounts.models import Account, PermissionSet
from accounts.trust.hub import partitions_without_hub

MIN_SECRET_KEY = 32
# Values that are often copied from examples.
_PLACEHOLDER = re.compile(r"change[-_ ]?me|django-insecure|your[-_ ]secret|example", re.IGNORECASE)


@register(Tags.security)
def configuration(**kwargs: Any) -> list[CheckMessage]:
    """Check the settings, except for those that portal/api/checks.py and portal/signin/checks.py check."""
    return [*_unreadable(), *_secret_key(), *_addresses(), *_numbers(), *_admins(), *_hubs()]


@register(Tags.database)
def accounts_without_hub(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn of accounts in partitions where the portal cannot get keys: `check --database default`."""
    if not databases:
        return []
    try:
        partitions = Account.partitions_of_hub()
    except DatabaseError:
        # `migrate` runs this check before there are tables.
        return []
    return [
        Warning(
            f"There are active accounts in {partition}, and no role there can be used: {reason}.",
            hint="docs/operations.md says how a portal serves several partitions.",
            id="portal.W002",
        )
        for partition, reason in partitions_without_hub(partitions).items()
    ]


@register(Tags.database)
def session_rules(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Say what AWS has to allow for what permission sets say of their sessions, and where that cannot work."""
    if not databases:
        return []
    hint = "docs/sessions.md says what each of it needs."
    try:
        advices = [
            Info(f"Permission set {one}: {advice}", hint=hint, id="portal.I003")
            for one in PermissionSet.objects.all()
            for advice in preflight.advice(one)
        ]
        wrong = [Warning(one, hint=hint, id="portal.W003") for one in preflight.unusable()]
    except DatabaseError:
        return []
    return [*wrong, *advices]


def _is_one_host(host: str) -> bool:
    """Whether this names one host: Django reads `*` and `.example.com` as many."""
    return ":" in host or re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host) is not None


def _unreadable() -> Iterator[CheckMessage]:
    for complaint in settings.UNREADABLE:
        yield Critical(
            f"{complaint}.",
            hint="docs/configuration.md shows every variable.",
            id="portal.E009",
        )


def _secret_key() -> Iterator[CheckMessage]:
    if settings.SECRET_KEY == settings.NOT_SET:
        yield Critical(
            "SECRET_KEY is not set.",
            hint="Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'; "
            "set SECRET_KEY, or SECRET_KEY_FILE to a file that holds it.",
            id="portal.E001",
        )
        return
    for name, secret in [
        ("SECRET_KEY", settings.SECRET_KEY),
        *(("SECRET_KEY_FALLBACKS", key) for key in settings.SECRET_KEY_FALLBACKS),
    ]:
        if len(secret) < MIN_SECRET_KEY or len(set(secret)) < 8 or _PLACEHOLDER.search(secret):
            yield Critical(
                f"{name} is too weak: it protects the sessions and the provider's tokens.",
                hint=f"Use at least {MIN_SECRET_KEY} random characters.",
                id="portal.E002",
            )


def _addresses() -> Iterator[CheckMessage]:
    base = urlsplit(settings.BASE_URL)
    if not settings.BASE_URL:
        yield Critical(
            "BASE_URL is not set.",
            hint="Set it to the portal's address, such as https://aws.example.com.",
            id="portal.E003",
        )
    elif (
        base.scheme not in ("https", "http")
        or not base.hostname
        or base.path
        or base.query
        or base.fragment
        or base.username
        or not _is_one_host(base.hostname)
    ):
        yield Critical(
            f"BASE_URL is not the address of a host: {settings.BASE_URL}",
            hint="Write scheme and host only: https://aws.example.com.",
            id="portal.E004",
        )
    elif base.scheme == "http" and not is_loopback(base.hostname):
        yield Critical(
            "BASE_URL must be https, except on loopback: keys would cross the network unencrypted.",
            hint="Put the portal behind TLS and set BASE_URL to its https address.",
            id="portal.E005",
        )
    federation = urlsplit(settings.AWS_FEDERATION_ENDPOINT)
    if settings.AWS_FEDERATION_ENDPOINT and not is_loopback(federation.hostname):
        yield Critical(
            "AWS_FEDERATION_ENDPOINT may only point to this machine: keys are sent to it.",
            hint="Unset it; the console's endpoint follows from each account's partition.",
            id="portal.E006",
        )
    for name in ("TRUSTED_PROXIES", "TRUSTED_ISSUER_NETWORKS"):
        for network in getattr(settings, name):
            try:
                ipaddress.ip_network(network)
            except ValueError:
                yield Error(
                    f"{name} holds {network}, which is not an address or network.",
                    hint="Write addresses or networks, such as 10.0.0.0/8.",
                    id="portal.E007",
                )


def _numbers() -> Iterator[CheckMessage]:
    if settings.SIGN_IN_LIFETIME and not 300 <= settings.SIGN_IN_LIFETIME <= 43200:
        yield Error(
            f"SIGN_IN_LIFETIME is {settings.SIGN_IN_LIFETIME} seconds.",
            hint="Choose 300 to 43200, or leave it out: a working day where claims are verified again, else an hour.",
            id="portal.E008",
        )
    if settings.SIGN_IN_IDLE_LIFETIME and not 300 <= settings.SIGN_IN_IDLE_LIFETIME <= 43200:
        yield Error(
            f"SIGN_IN_IDLE_LIFETIME is {settings.SIGN_IN_IDLE_LIFETIME} seconds.",
            hint="Choose 300 to 43200; 0: sign-ins end by SIGN_IN_LIFETIME, used or not.",
            id="portal.E018",
        )
    if not 60 <= settings.CLAIMS_MAX_AGE <= 3600:
        yield Error(
            f"CLAIMS_MAX_AGE is {settings.CLAIMS_MAX_AGE} seconds.",
            hint="Choose 60 to 3600; the access of somebody who is disabled at the identity provider ends that late.",
            id="portal.E013",
        )
    if not 0 <= settings.CLAIMS_GRACE <= 3600:
        yield Error(
            f"CLAIMS_GRACE is {settings.CLAIMS_GRACE} seconds.",
            hint="Choose 0 to 3600; 0: nothing is issued by old claims while the identity provider cannot be reached.",
            id="portal.E017",
        )
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", settings.WORKING_DAY_ENDS, re.ASCII):
        yield Error(
            "WORKING_DAY_ENDS is not a time of day.",
            hint="Write hours and minutes with two digits each, such as 18:00.",
            id="portal.E012",
        )


def _admins() -> Iterator[CheckMessage]:
    if not settings.ADMIN_CLAIM or not settings.ADMIN_VALUES:
        yield Warning(
            "Nobody is a portal admin: ADMIN_CLAIM and ADMIN_VALUES are not both set.",
            hint="Set ADMIN_VALUES to the group of your portal admins, and ADMIN_CLAIM to the claim it arrives in.",
            id="portal.W001",
        )


def _hubs() -> Iterator[CheckMessage]:
    for partition in settings.AWS_WEB_IDENTITY_PARTITIONS:
        if partition not in settings.AWS_HUB_PROFILES:
            problem, hint = (
                "no partition of AWS",
                f"Known are {', '.join(settings.AWS_HUB_PROFILES)}.",
            )
        elif settings.AWS_HUB_PROFILES[partition]:
            problem = f"a partition with a hub of its own: {hubs.variable(partition)} is set"
            hint = "Keep one of the two."
        else:
            continue
        yield Error(
            f"AWS_WEB_IDENTITY_PARTITIONS holds {partition!r:.100}, {problem}.",
            hint=hint,
            id="portal.E015",
        )
    for partition, profile in settings.AWS_HUB_PROFILES.items():
        if not profile:
            continue
        try:
            hubs.find(partition, profiles=settings.AWS_HUB_PROFILES)
        except GatehouseError as error:
            yield Error(
                f"{hubs.variable(partition)} names the profile {profile!r:.100}, which cannot be used: "
                f"{error.admin_message}.",
                hint="Profiles are in AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.",
                id="portal.E014",
            )
