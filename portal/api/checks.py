"""System checks of the API's settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from limits import parse
from limits.errors import ConfigurationError

from accounts.oidc.bearer_jwts import TokenKind
from portal.limit_storages import storage

CONFIGURABLE_KINDS = (TokenKind.BEARER, TokenKind.UNMARKED, TokenKind.ID)
"""The values of API_TOKEN_TYPES."""
TOKENS = ("access", "id")
"""The values of API_CLIENT_TOKEN."""
RATES = (
    "API_RATE_LIMIT",
    "API_BAD_TOKEN_LIMIT",
    "SSO_RATE_LIMIT",
    "SSO_LIST_RATE_LIMIT",
    "SIGN_IN_RATE_LIMIT",
    "PAGES_RATE_LIMIT",
)


@register(Tags.security)
def api(**kwargs: Any) -> list[CheckMessage]:
    """Check the settings of bearer tokens, rate limits and the command line."""
    return [*_tokens(), *_limits(), *_client()]


def _limits() -> Iterator[CheckMessage]:
    for name in RATES:
        try:
            parse(getattr(settings, name))
        except ValueError:
            yield Error(
                f"{name} is {getattr(settings, name)!r}, which is no rate.",
                hint="Write a number and a time: 300/minute, 10/second, 5000/hour.",
                id="portal.E041",
            )
    try:
        storage(settings.API_LIMITS_STORAGE)
    except ConfigurationError as error:
        yield Error(
            f"API_LIMITS_STORAGE cannot be used: {error}.",
            hint="Write memory://, or redis://host:6379/0 (Valkey too).",
            id="portal.E042",
        )
    except ValueError:
        # Its text may hold a part of the password.
        yield Error(
            "API_LIMITS_STORAGE is no address.",
            hint="Write redis://:password@host:6379/0, and percent-encode what is special in the password.",
            id="portal.E042",
        )


def _client() -> Iterator[CheckMessage]:
    if not settings.API_CLIENT_ID:
        return
    if settings.API_CLIENT_ID == settings.OIDC_RP_CLIENT_ID:
        yield Error(
            "API_CLIENT_ID is OIDC_RP_CLIENT_ID: the portal's own client has a secret, and programs have none.",
            hint="Register a public client at the provider, with PKCE, for the command line.",
            id="portal.E043",
        )
    if not settings.API_AUDIENCES and not settings.API_ACCEPT_AZP:
        yield Error(
            "API_CLIENT_ID is set, and the API takes no tokens of the provider.",
            hint="API_AUDIENCES names the audiences whose tokens it takes.",
            id="portal.E044",
        )
    if settings.API_CLIENT_TOKEN not in TOKENS:
        yield Error(
            f"API_CLIENT_TOKEN is {settings.API_CLIENT_TOKEN!r}, which is no kind of token.",
            hint=f"Choose {' or '.join(TOKENS)}.",
            id="portal.E045",
        )
    if settings.API_CLIENT_TOKEN == "id" and not _takes_id_tokens():  # noqa: S105 - a kind
        yield Error(
            "API_CLIENT_TOKEN is id, and the API does not take the ID tokens of API_CLIENT_ID.",
            hint="Add ID to API_TOKEN_TYPES, API_CLIENT_ID to API_AUDIENCES, openid to API_CLIENT_SCOPES.",
            id="portal.E046",
        )
    parts = urlsplit(settings.API_CLIENT_RESOURCE)
    if settings.API_CLIENT_RESOURCE and (not parts.scheme or parts.fragment):
        yield Error(
            "API_CLIENT_RESOURCE is no absolute URI without a fragment (RFC 8707 section 2).",
            hint="Write what the provider calls the API: https://aws.example.com",
            id="portal.E047",
        )


def _takes_id_tokens() -> bool:
    return (
        TokenKind.ID in settings.API_TOKEN_TYPES
        and settings.API_CLIENT_ID in settings.API_AUDIENCES
        and "openid" in settings.API_CLIENT_SCOPES.split()
    )


def _tokens() -> Iterator[CheckMessage]:
    if unknown := set(settings.API_TOKEN_TYPES) - set(CONFIGURABLE_KINDS):
        yield Error(
            f"API_TOKEN_TYPES holds {', '.join(sorted(unknown))}, which is no kind of token.",
            hint=f"Choose among {', '.join(CONFIGURABLE_KINDS)}; access tokens of the type at+jwt are always taken.",
            id="portal.E040",
        )
    if settings.OIDC_RP_CLIENT_ID and settings.OIDC_RP_CLIENT_ID in settings.API_AUDIENCES:
        yield Warning(
            "API_AUDIENCES holds OIDC_RP_CLIENT_ID: tokens made for the portal's own sign-in open its API too.",
            hint="Give the API an audience of its own at the provider.",
            id="portal.W040",
        )
    if settings.API_AUDIENCES and not settings.API_AUTHORIZED_PARTIES and _is_keycloak():
        yield Warning(
            "API_AUDIENCES is set and API_AUTHORIZED_PARTIES is not: Keycloak adds an audience by itself to the "
            "tokens of every client whose user has a role of it, so any client's token may open the API.",
            hint="Name the clients whose tokens the API takes: API_AUTHORIZED_PARTIES=gatehouse-cli",
            id="portal.W041",
        )


def _is_keycloak() -> bool:
    """Whether the issuer looks like a realm of Keycloak, by its path."""
    return "/realms/" in urlsplit(settings.OIDC_ISSUER).path
