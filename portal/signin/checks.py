"""System checks of sign-in's settings; `portal.checks` imports this, which registers them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Critical, Error, Info, Tags, Warning, register
from django.db import DatabaseError

from accounts import reverification
from accounts.addresses import is_safe_address
from accounts.claims import GOOGLE
from accounts.models import Mapping
from accounts.oidc import group_sources
from accounts.oidc.group_sources.entra import CLOUDS
from accounts.oidc.key_sets import ALGORITHMS
from accounts.vouched_claims import NOT_VERIFIED_HINT, is_email_claim

# Whether userinfo must answer, may fail, or is not asked: values of OIDC_USERINFO.
USERINFO_POLICIES = ("required", "optional", "never")


@register(Tags.security)
def sign_in(**kwargs: Any) -> list[CheckMessage]:
    """Check what the environment says about the identity provider; it is not asked."""
    return [*_issuer(), *_client(), *_protocol(), *_groups(), *_emails()]


@register(Tags.security, deploy=True)
def scopes(**kwargs: Any) -> list[CheckMessage]:
    """Remark on scopes that bring no groups at some providers: `check --deploy`."""
    if settings.ADMIN_CLAIM != "groups" or "groups" in settings.OIDC_RP_SCOPES.split():
        return []
    return [
        Info(
            f"OIDC_RP_SCOPES does not ask for groups: {settings.OIDC_RP_SCOPES}.",
            hint="Okta, Dex, OneLogin and others send the claim groups only for the scope groups; others refuse "
            "a scope that they do not know. docs/providers/ says what yours needs.",
            id="portal.I020",
        )
    ]


@register(Tags.database)
def mappings_of_emails(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn of mappings that need verified addresses: `check --database default`."""
    if not databases or settings.OIDC_EMAIL_IS_VERIFIED:
        return []
    try:
        names = Mapping.of_emails()
    except DatabaseError:
        # `migrate` runs this check before there are tables.
        return []
    if not names:
        return []
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return [
        Warning(
            f"Mappings give access by an e-mail address: {', '.join(names[:3])}{more}.",
            hint=NOT_VERIFIED_HINT,
            id="portal.W021",
        )
    ]


def _issuer() -> Iterator[CheckMessage]:
    issuer = settings.OIDC_ISSUER
    if not issuer:
        yield Critical(
            "OIDC_ISSUER is not set.",
            hint="Set it to your identity provider's issuer, such as https://id.example.com/realms/corp.",
            id="portal.E020",
        )
    elif not is_safe_address(issuer) or urlsplit(issuer).query:
        yield Critical(
            f"OIDC_ISSUER must be an https address (http only on loopback) without a query: {issuer}",
            hint="Write it letter by letter as `issuer` stands in the provider's "
            "/.well-known/openid-configuration.",
            id="portal.E021",
        )


def _client() -> Iterator[CheckMessage]:
    for name, number in (("OIDC_RP_CLIENT_ID", "E022"), ("OIDC_RP_CLIENT_SECRET", "E023")):
        if not getattr(settings, name):
            yield Critical(
                f"{name} is not set.",
                hint="Register the portal at the identity provider, with the redirect URI "
                f"{settings.BASE_URL or 'BASE_URL'}/oidc/callback/, and set {name} to what it gave you.",
                id=f"portal.{number}",
            )


def _protocol() -> Iterator[CheckMessage]:
    if settings.OIDC_RP_SIGN_ALGO not in ALGORITHMS:
        yield Critical(
            f"OIDC_RP_SIGN_ALGO is {settings.OIDC_RP_SIGN_ALGO}, which no ID token may be signed with.",
            hint=f"Set it to the provider's algorithm, one of {', '.join(ALGORITHMS)}.",
            id="portal.E024",
        )
    if "openid" not in settings.OIDC_RP_SCOPES.split():
        yield Critical(
            "OIDC_RP_SCOPES lacks openid: without it there is no ID token.",
            hint="Set it to “openid email profile”, and what your provider needs to send groups.",
            id="portal.E025",
        )
    if settings.OIDC_USERINFO not in USERINFO_POLICIES:
        yield Critical(
            f"OIDC_USERINFO is {settings.OIDC_USERINFO!r:.40}.",
            hint=f"Set it to one of {', '.join(USERINFO_POLICIES)}.",
            id="portal.E027",
        )
    if settings.REVERIFY not in reverification.CHOICES:
        yield Critical(
            f"REVERIFY is {settings.REVERIFY!r:.40}.",
            hint=f"Set it to one of {', '.join(reverification.CHOICES)}.",
            id="portal.E028",
        )
    if not 1 <= settings.OIDC_TIMEOUT <= 60:
        yield Error(
            f"OIDC_TIMEOUT is {settings.OIDC_TIMEOUT} seconds.",
            hint="Choose 1 to 60; each sign-in waits up to that long for each of the provider's answers.",
            id="portal.E026",
        )


def _groups() -> Iterator[CheckMessage]:
    source, issuer = settings.GROUP_SOURCE, settings.OIDC_ISSUER
    if source and source not in group_sources.SOURCES:
        problem = f"GROUP_SOURCE is {source!r:.40}."
        hint = f"Leave it empty, or set it to one of {', '.join(group_sources.SOURCES)}."
    elif source == "google" and issuer != GOOGLE:
        problem = "GROUP_SOURCE is google, and OIDC_ISSUER is another provider."
        hint = f"It is for sign-ins with {GOOGLE} only."
    elif source == "google" and not (settings.GOOGLE_SERVICE_ACCOUNT and settings.GOOGLE_ADMIN):
        problem = "GROUP_SOURCE is google, and GOOGLE_SERVICE_ACCOUNT or GOOGLE_ADMIN is not set."
        hint = "docs/providers/google.md says how to make a service account that may read groups."
    elif source == "entra" and settings.ENTRA_CLOUD not in CLOUDS:
        problem = f"GROUP_SOURCE is entra, and ENTRA_CLOUD is {settings.ENTRA_CLOUD!r:.40}."
        hint = f"Set it to one of {', '.join(CLOUDS)}."
    else:
        return
    yield Critical(problem, hint=hint, id="portal.E029")


def _emails() -> Iterator[CheckMessage]:
    for who, claim, values in (
        ("ADMIN", settings.ADMIN_CLAIM, settings.ADMIN_VALUES),
        ("AUDITOR", settings.AUDITOR_CLAIM, settings.AUDITOR_VALUES),
    ):
        if values and is_email_claim(claim) and not settings.OIDC_EMAIL_IS_VERIFIED:
            yield Warning(
                f"{who}_CLAIM is {claim}: an e-mail address makes people "
                f"{'portal admins' if who == 'ADMIN' else 'auditors'}.",
                hint=NOT_VERIFIED_HINT,
                id="portal.W020",
            )
