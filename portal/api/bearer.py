"""Who is behind a request, by its bearer token (RFC 6750 section 2.1) and by nothing else."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import cache, partial

from django.http import HttpRequest

from accounts.errors import TokenRefused
from accounts.oidc import bearer_jwts
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
        TokenRefused: there is one of another kind.
    """
    # META has what came; `request.headers` is a copy of it all, made anew for each request.
    header: str = request.META.get("HTTP_AUTHORIZATION", "")
    if not header:
        raise TokenMissing(
            "No authorization header found. Send one: Authorization: Bearer, then your token."
        )
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused(
            "The authorization header holds no bearer token. Write: Authorization: Bearer, then your token.",
            code="token.scheme",
        )
    return token.strip()


def identify(request: HttpRequest, *, now: datetime) -> Subject:
    """Return the verified subject of a request. Whether that person is blocked is asked elsewhere.

    Raises:
        GatehouseError: there is no token, it proves nothing, or it comes too often.
    """
    token = token_of(request)
    # Once for each request, and before it is recorded: a token that is over fills no audit trail.
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
    return subject
