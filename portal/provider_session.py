"""Browsers that signed out here while the identity provider may still know them: the next sign-in asks who it is.

A provider without an `end_session_endpoint` (or one that is down) keeps its own session: a click on
"Sign in" would let the next person at this machine in. So does one whose own page was left before it signed
anybody out: until the browser is back with the `state` that it was given, the mark stays (OpenID Connect
RP-Initiated Logout 1.0 section 3). The mark is a cookie without a secret; who deletes it gains nothing that
closing the browser would not give.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts.oidc import discovery
from accounts.oidc.logout import end_session

LIFETIME = 86400
"""Seconds for which the mark is kept; providers end idle sessions sooner or later by themselves."""
_REMAINS = "remains"


def response_that_signs_out(id_token: str, *, allowed_origin: str | None) -> HttpResponse | None:
    """Lead the browser to where the provider signs this person out, and remember that until it is back.

    None: there is nowhere, or the Content-Security-Policy of the page with the form would block the redirect;
    it allows `allowed_origin`.
    """
    ending = end_session(id_token)
    if not ending.url or discovery.origin_of_url(ending.url) != allowed_origin:
        return None
    response = HttpResponseRedirect(ending.url)
    if ending.state:
        mark_until_back(response, state=ending.state)
    response["Cache-Control"] = "no-store"
    return response


def mark_as_remaining(response: HttpResponse) -> None:
    """Remember that the provider may still know this browser."""
    _mark(response, _REMAINS)


def mark_until_back(response: HttpResponse, *, state: str) -> None:
    """Remember that the provider may know this browser until it comes back with this `state`."""
    _mark(response, state)


def is_back(request: HttpRequest) -> bool:
    """Whether the provider has signed somebody out in this browser, and sent it back."""
    mark = request.COOKIES.get(_cookie(), "")
    return mark not in ("", _REMAINS) and request.GET.get("state", "") == mark


def _mark(response: HttpResponse, value: str) -> None:
    response.set_cookie(
        _cookie(),
        value,
        max_age=LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def may_remain(request: HttpRequest) -> bool:
    """Whether the provider may still know this browser although somebody signed out here."""
    return bool(request.COOKIES.get(_cookie())) and not is_back(request)


def forget(request: HttpRequest, response: HttpResponse) -> None:
    """Forget the mark: somebody has just signed in at the provider, or has come back from signing out."""
    if request.COOKIES.get(_cookie()):
        response.delete_cookie(_cookie(), samesite="Lax")


def _cookie() -> str:
    return f"{settings.SESSION_COOKIE_NAME}-at-provider"
