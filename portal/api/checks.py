"""System checks of the API's settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from portal.api.jwts import KINDS


@register(Tags.security)
def api(**kwargs: Any) -> list[CheckMessage]:
    """Check what the environment says about bearer tokens."""
    return [*_tokens()]


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
