"""Browsers in which somebody has signed in before: each has a rate limit of its own at a sign-in.

Where many people share an address (an office, or a load balancer that hides them all), a flood of
sign-ins from there would otherwise keep everybody out. The mark is random and gives no access.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

LIFETIME = 90 * 86400
"""Seconds for which a browser is known after a sign-in."""
_SALT = "portal.signin.browsers"


def mark_of(request: HttpRequest) -> str:
    """Return the mark of a known browser; "" for an unknown one."""
    try:
        mark = signing.loads(request.COOKIES.get(_cookie(), ""), salt=_SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return ""
    return str(mark)


def remember(request: HttpRequest, response: HttpResponse) -> None:
    """Make the browser a known one from now on."""
    mark = mark_of(request) or secrets.token_urlsafe(16)
    response.set_cookie(
        _cookie(),
        signing.dumps(mark, salt=_SALT),
        max_age=LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _cookie() -> str:
    return f"{settings.SESSION_COOKIE_NAME}-browser"
