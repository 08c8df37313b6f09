"""System checks of the API's settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from limits import parse
from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from portal.api.jwts import KINDS


@register(Tags.security)
def api(**kwargs: Any) -> list[CheckMessage]:
    """Check what the environment says about bearer tokens."""
    return [*_tokens(), *_limits()]


def _limits() -> Iterator[CheckMessage]:
    for name in ("API_RATE_LIMIT", "API_BAD_TOKEN_LIMIT"):
        try:
            parse(getattr(settings, name))
        except ValueError:
            yield Error(
                f"{name} is {getattr(settings, name)!r}, which is no rate.",
                hint="Write a number and a time: 300/minute, 10/second, 5000/hour.",
                id="portal.E041",
            )
    try:
        storage_from_string(settings.API_LIMITS_STORAGE)
    except (ConfigurationError, ValueError) as error:
        yield Error(
            f"API_LIMITS_STORAGE cannot be used: {error}",
            hint="Write memory://, or redis://host:6379/0.",
            id="portal.E042",
        )


def _tokens() -> Iterator[CheckMessage]:
    if unknown := set(settings.API_TOKEN_TYPES) - set(KINDS):
        yield Error(
            f"API_TOKEN_TYPES holds {', '.join(sorted(unknown))}, which is no kind of token.",
            hint=f"Choose among {', '.join(KINDS)}; access tokens of the type at+jwt are always taken.",
            id="portal.E040",
        )
    if settings.OIDC_RP_CLIENT_ID and settings.OIDC_RP_CLIENT_ID in settings.API_AUDIENCES:
        yield Warning(
            "API_AUDIENCES holds OIDC_RP_CLIENT_ID: tokens made for the portal's own sign-in open its API too.",
            hint="Give the API an audience of its own at the provider.",
            id="portal.W040",
        )
