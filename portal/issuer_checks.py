"""System checks of the portal as an issuer: what AWS would refuse is refused at start."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError
from django.utils import timezone

from accounts.addresses import is_loopback, is_safe_address
from accounts.aws import limits
from accounts.models import Account
from accounts.models.directory import TrustMethod
from accounts.models.signing_keys import SigningAlgorithm
from accounts.signing import issuer_url
from accounts.signing.documents import is_published_here
from accounts.signing.web_identity import why_not_able_to_sign
from portal.issuer import MAX_AGE

MONTH = 30 * 86400
# What can be part of a trust policy and of the templates for accounts without a second meaning there.
_ISSUER = re.compile(r"https?://[A-Za-z0-9._~/:%+\[\]-]+")
_AUDIENCE = re.compile(rf"[A-Za-z0-9._~/:@+-]{{1,{limits.LONGEST_AUDIENCE}}}")
PORT_HINT = (
    "IAM wants provider URLs without one. Set TRUST_ISSUER to an address without a port at which AWS can "
    "read the documents: docs/issuer.md."
)


@register(Tags.security)
def issuer_configuration(**kwargs: Any) -> list[CheckMessage]:
    """Check the settings that begin with TRUST_."""
    return [*_issuer(), *_others()]


def _issuer() -> Iterator[CheckMessage]:
    if is_published_here():
        return  # BASE_URL has checks of its own.
    url = issuer_url()
    if (
        not is_safe_address(url)
        or not _ISSUER.fullmatch(url)
        or len(url) > limits.LONGEST_PROVIDER_URL
    ):
        yield Error(
            f"TRUST_ISSUER is no address that AWS takes: {url!r:.300}",
            hint="Write an https address of up to 255 characters without a query, such as "
            "https://gatehouse-keys.s3.eu-west-1.amazonaws.com.",
            id="portal.E060",
        )
    elif url == settings.OIDC_ISSUER.rstrip("/"):
        yield Error(
            "TRUST_ISSUER is the identity provider of people (OIDC_ISSUER).",
            hint="Leave it unset, or set it to where the portal's own keys are published.",
            id="portal.E060",
        )
    elif _has_port(url):
        yield Warning(f"TRUST_ISSUER has a port: {url}", hint=PORT_HINT, id="portal.W060")


def _others() -> Iterator[CheckMessage]:
    if not _AUDIENCE.fullmatch(settings.TRUST_AUDIENCE):
        yield Error(
            "TRUST_AUDIENCE is no client id that AWS takes.",
            hint="Write 1 to 255 letters, digits and ._~/:@+-, such as sts.amazonaws.com.",
            id="portal.E061",
        )
    if settings.TRUST_ALGORITHM not in SigningAlgorithm.values:
        yield Error(
            f"TRUST_ALGORITHM is {settings.TRUST_ALGORITHM!r:.30}.",
            hint=f"Choose one of {', '.join(SigningAlgorithm.values)}.",
            id="portal.E062",
        )
    if settings.TRUST_ROTATION < 0:
        yield Error(
            f"TRUST_ROTATION is {settings.TRUST_ROTATION} days.",
            hint="Write a number of days, such as 90; 0: the worker never rotates the signing keys.",
            id="portal.E064",
        )
    if not MAX_AGE <= settings.TRUST_CACHE_TIME <= MONTH:
        yield Error(
            f"TRUST_CACHE_TIME is {settings.TRUST_CACHE_TIME} seconds.",
            hint=f"Choose {MAX_AGE} to {MONTH} (30 days). AWS does not say for how long it keeps keys: a day is safe.",
            id="portal.E063",
        )


@register(Tags.database)
def accounts_without_signing_key(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn where accounts need the portal's tokens and AWS would not take them: `check --database default`."""
    if not databases:
        return []
    try:
        if not Account.uses(TrustMethod.PORTAL_TOKEN):
            return []
        fault = why_not_able_to_sign(now=timezone.now())
    except DatabaseError:
        # `migrate` runs this check before there are tables.
        return []
    found: list[CheckMessage] = []
    if fault:
        found.append(
            Warning(
                f"No role in the accounts with the trust method portal-token can be used: {fault}.",
                hint="docs/issuer.md says how keys are made, published and changed.",
                id="portal.W061",
            )
        )
    if is_published_here() and _has_port(issuer_url()):
        found.append(
            Warning(
                f"Accounts use the trust method portal-token, and the issuer has a port: {issuer_url()}",
                hint=PORT_HINT,
                id="portal.W060",
            )
        )
    return found


def _has_port(url: str) -> bool:
    """Whether an address has a port and is not one of this machine, as in a demo."""
    parts = urlsplit(url)
    return parts.port is not None and not is_loopback(parts.hostname)
