"""Record a sign-in that failed, and tell the person what happened and what to do."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.errors import GatehouseError, SignInAgain
from accounts.models.audit import Action
from portal.context import origin_of

log = logging.getLogger(__name__)


def failed(
    request: HttpRequest, error: GatehouseError, *, next_url: str = "/", said: str = ""
) -> HttpResponse:
    """Answer with a page; whoever is signed in stays signed in.

    `said` is what the provider said, shown as text.
    """
    log.warning("sign-in failed: %s: %s", error.code, error.admin_message)
    if not isinstance(error, SignInAgain):  # That one `accounts.signins` has recorded.
        _record(request, error)
    response = render(
        request,
        "signin/failed.html",
        {
            "error": error,
            "said": said,
            "again": begin_at(next_url),
            "request_id": getattr(request, "id", ""),
        },
        status=error.http_status,
    )
    response["Cache-Control"] = "no-store"
    return response


def begin_at(next_url: str) -> str:
    """Return where a sign-in begins that leads to a page of ours."""
    return f"{reverse('oidc_authentication_init')}?{urlencode({'next': next_url})}"


def _record(request: HttpRequest, error: GatehouseError) -> None:
    try:
        audit.record(
            action=Action.SIGNIN_FAILED,
            now=timezone.now(),
            origin=origin_of(request),
            error_code=error.code,
            reason=error.admin_message,
        )
    except DatabaseError:
        # Nothing is released here, so the page may still be shown.
        log.critical("audit row of a failed sign-in not written")
