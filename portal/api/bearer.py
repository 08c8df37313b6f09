"""The subject behind a request, by its bearer token (RFC 6750 section 2.1) and by nothing else."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import cache, partial

from django.http import HttpRequest

from accounts.errors import TokenRefused
from accounts.oidc import bearer_jwts
from accounts.people import note_seen
from accounts.portal_tokens import bearers
from accounts.types import Subject, Surface
from portal import limiting
from portal.api.errors import TokenMissing
from portal.context import origin_of

log = logging.getLogger(__name__)


def token_of(request: HttpRequest) -> str:
    """Return the token of a request.

    Raises:
        TokenMissing: there is no Authorization header.
        TokenRefused: it holds something else.
    """
    header = request.headers.get("Authorization", "")
    if not header:
        raise TokenMissing(
            "There is no Authorization header. Send one: Authorization: Bearer, then your token."
        )
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "dpop":
        raise TokenRefused(
            "This portal does not support tokens that are bound to a key (DPoP). Send a bearer token.",
            code="token.scheme",
        )
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused(
            "The Authorization header holds no bearer token. Send: Authorization: Bearer, then your token.",
            code="token.scheme",
        )
    return token.strip()


def identify(request: HttpRequest, *, now: datetime) -> Subject:
    """Return the verified subject of a request. Whether it is blocked is checked elsewhere.

    A person is noted, blocked or not, so that admins find everybody who asks.

    Raises:
        GatehouseError: there is no token, it is not valid, or there were too many requests.
    """
    token = token_of(request)
    # Counted once, and before the refusal is recorded: old tokens must not fill the audit trail.
    count_bad_token = cache(partial(limiting.count_bad_token, request))
    try:
        if bearers.is_portal_token(token):
            subject = bearers.subject_of(
                bearer=token,
                origin=origin_of(request, Surface.API),
                now=now,
                before_recording=count_bad_token,
            )
        else:
            subject = bearer_jwts.verify(token, now=now)
    except TokenRefused as error:
        count_bad_token()
        log.warning("refused a bearer token: %s", error.admin_message)
        raise
    limiting.count_request(subject)
    note_seen(subject, surface=Surface.API, now=now)
    return subject
