"""Record a sign-in that failed, and tell the person what happened and what to do."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.errors import GatehouseError, SignInAgain
from accounts.models.audit import Action
from portal import limiting
from portal.context import origin_of
from portal.limiting import TooMany
from portal.request import GatehouseRequest

log = logging.getLogger(__name__)


def failed_page(
    request: GatehouseRequest,
    error: GatehouseError,
    *,
    next_url: str = "/",
    provider_message: str = "",
) -> HttpResponse:
    """Return the page about a failed sign-in; whoever is signed in stays signed in.

    `provider_message` is shown as text.
    """
    log.warning("sign-in failed: %s: %s", error.code, error.admin_message)
    too_many = _too_many(request, error)
    if too_many is not None and error.http_status < 500:
        error, provider_message = too_many, ""
    response = render(
        request,
        "signin/failed.html",
        {
            "error": error,
            "said": provider_message,
            "again": begin_at(next_url),
            "request_id": request.id,
        },
        status=error.http_status,
    )
    response["Cache-Control"] = "no-store"
    if isinstance(error, TooMany):
        response["Retry-After"] = str(error.retry_after)
    return response


def begin_at(next_url: str, *, verify: str = "") -> str:
    """Return the URL that begins a sign-in which ends at `next_url`; with `verify`, one that renews the open one."""
    query = {"next": next_url} | ({"verify": verify} if verify else {})
    return f"{reverse('oidc_authentication_init')}?{urlencode(query)}"


def _too_many(request: GatehouseRequest, error: GatehouseError) -> TooMany | None:
    """Record a failure, or return why not: too many from this address, for strangers must not fill the audit trail."""
    if isinstance(error, TooMany):
        return error
    try:
        limiting.count_failed_sign_in(request)
    except TooMany as too_many:
        return too_many
    if not isinstance(error, SignInAgain):  # `accounts.signins` has recorded that one.
        _record(request, error)
    return None


def _record(request: GatehouseRequest, error: GatehouseError) -> None:
    try:
        audit.record(
            action=Action.SIGNIN_FAILED,
            now=timezone.now(),
            origin=origin_of(request),
            error_code=error.code,
            reason=error.admin_message,
        )
    except DatabaseError:
        # Nothing is issued here, so the page may still be shown.
        log.critical("audit row of a failed sign-in not written")
