"""Sign-ins under way: each has a session and a cookie of its own, so that tabs do not disturb each other.

mozilla-django-oidc keeps state, nonce, PKCE verifier and `next` in the browser's session. Tabs that
start together would overwrite each other's values, or each get a new session cookie, of which only
the last survives. So each attempt is a session row of its own, found by a cookie named after its
state: bound to the browser, short-lived, and used once.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.messages import Message
from accounts.oidc.errors import SignInFailed
from portal.sessions import SessionStore

SILENTLY, ASKING = "1", "ask"
"""How a browser renews its sign-in: the provider asks the person nothing, or may. Values of the parameter `verify`."""
LIFETIME = 30 * 60
"""Seconds in which the person has to come back from the provider."""
MAX_PENDING = 8
"""Attempts that one browser can have under way."""
MAX_DELETED = 4
"""Attempts that one request deletes: each costs a query, and cookies are whatever somebody sends."""


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """The values that were stored while the person was at the provider."""

    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    next_url: str
    verifies: str = ""
    """How the sign-in that is open in this browser is to be verified again, SILENTLY or ASKING; "" for a new sign-in."""


def new() -> SessionStore:
    """Return the session of a new attempt, for mozilla-django-oidc to write into."""
    attempt = SessionStore()
    attempt.set_expiry(LIFETIME)
    return attempt


def remember(request: HttpRequest, response: HttpResponse, attempt: SessionStore) -> None:
    """Store an attempt and set its cookie; the browser's oldest attempts above MAX_PENDING are deleted, MAX_DELETED at a time."""
    attempt.create()
    (state,) = attempt["oidc_states"]
    pending = {
        name: value
        for name, value in request.COOKIES.items()
        if name.startswith(_prefix()) and value
    }
    oldest_first = sorted(pending, key=pending.__getitem__)  # Values begin with their time.
    too_many = max(0, len(pending) - MAX_PENDING + 1)
    for name in oldest_first[: min(too_many, MAX_DELETED)]:
        SessionStore(_key(pending[name])).take()
        _delete_cookie(response, name)
    response.set_cookie(
        _cookie(state),
        f"{time.time_ns() // 1_000_000}.{attempt.session_key}",
        max_age=LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def claim(request: HttpRequest, state: str) -> SignInAttempt:
    """Return and delete this browser's attempt with this state.

    Raises:
        SignInFailed: there is none, or it was used already.
    """
    attempt = SessionStore(_key(request.COOKIES.get(_cookie(state), "")))
    stored = attempt.get("oidc_states", {}).get(state)
    if stored is None or not attempt.take():
        raise SignInFailed(
            Message(
                "This sign-in was completed already, took too long, or was started in another browser. "
                "Sign in again. If it happens again, allow cookies for this site."
            ),
            "The callback's state is not one that this browser is waiting for.",
            code="signin.state",
        )
    return SignInAttempt(
        nonce=stored["nonce"],
        code_verifier=stored["code_verifier"],
        next_url=attempt.get("oidc_login_next") or "/",
        verifies=attempt.get("verifies", ""),
    )


def forget(response: HttpResponse, state: str) -> None:
    """Delete an attempt's cookie."""
    _delete_cookie(response, _cookie(state))


def _delete_cookie(response: HttpResponse, name: str) -> None:
    # Not response.delete_cookie: browsers ignore a __Host- cookie without Secure, even to delete it.
    response.set_cookie(
        name,
        max_age=0,
        expires="Thu, 01 Jan 1970 00:00:00 GMT",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _cookie(state: str) -> str:
    return _prefix() + hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()[:16]


def _key(value: str) -> str:
    return value.rpartition(".")[2]


def _prefix() -> str:
    return f"{settings.SESSION_COOKIE_NAME}-signin-"
