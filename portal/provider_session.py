"""Browsers that signed out here while the identity provider still knows them: the next sign-in asks who it is.

A provider without an `end_session_endpoint` (or one that is down) keeps its own session: a click on
"Sign in" would let the next person at this machine in. The mark is a cookie without a secret; who
deletes it gains nothing that closing the browser would not give.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

LIFETIME = 86400
"""Seconds for which the mark is kept; providers end idle sessions sooner or later by themselves."""
_MARK = "remains"


def mark_as_remaining(response: HttpResponse) -> None:
    """Remember that the provider may still know this browser."""
    response.set_cookie(
        _cookie(),
        _MARK,
        max_age=LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def may_remain(request: HttpRequest) -> bool:
    """Whether the provider may still know this browser although somebody signed out here."""
    return request.COOKIES.get(_cookie()) == _MARK


def forget(request: HttpRequest, response: HttpResponse) -> None:
    """Forget the mark: somebody has just signed in at the provider."""
    if may_remain(request):
        response.delete_cookie(_cookie(), samesite="Lax")


def _cookie() -> str:
    return f"{settings.SESSION_COOKIE_NAME}-at-provider"
