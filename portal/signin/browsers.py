"""Browsers in which somebody has signed in before: at a sign-in each counts by itself, whatever its address.

Where an office shares one address, or a load balancer hides them all, whoever floods the way to the
sign-in from there would otherwise keep out everybody else. The mark is random and opens nothing.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

LIFETIME = 90 * 86400
"""Seconds for which a browser is known after a sign-in."""
_SALT = "portal.signin.browsers"


def known(request: HttpRequest) -> str:
    """Return the mark of a browser that was given one here; "" for every other."""
    try:
        found = signing.loads(request.COOKIES.get(_cookie(), ""), salt=_SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return ""
    return str(found)


def mark(request: HttpRequest, response: HttpResponse) -> None:
    """Let the browser be known from now on."""
    found = known(request) or secrets.token_urlsafe(16)
    response.set_cookie(
        _cookie(),
        signing.dumps(found, salt=_SALT),
        max_age=LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _cookie() -> str:
    return f"{settings.SESSION_COOKIE_NAME}-browser"
