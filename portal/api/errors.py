"""The errors of the API, all in one shape: a stable code, a message for people, the request id."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts.errors import PASSING, AccessDenied, GatehouseError
from accounts.types import Subject, Surface
from portal import refusals
from portal.outages import outage
from portal.request import GatehouseRequest

# Clients of aws-credentials-issuer look for `error_message` (see portal/api/credentials_issuer.py).
CREDENTIALS_ISSUER = ("/api/credentials", "/api/login")
RETRY_AFTER = 5
"""Seconds after which a client should retry after a 503."""

View = Callable[..., HttpResponse]


class TokenMissing(GatehouseError):
    """No bearer token came with the request."""

    code = "token.missing"
    http_status = 401


class NotAllowed(GatehouseError):
    """The caller may not see this."""

    code = "access.not_allowed"
    http_status = 403


class NotFound(GatehouseError):
    """There is nothing at this address."""

    code = "request.not_found"
    http_status = 404


def error_response(
    request: GatehouseRequest,
    *,
    status: int,
    code: str,
    message: str,
    refusal: dict[str, Any] | None = None,
    **more: Any,
) -> HttpResponse:
    """Return an error response; `more` are members beside `error`, for clients of aws-credentials-issuer."""
    error = {
        "code": code,
        "message": message,
        "request_id": request.id,
        "can_retry": status in PASSING,
    }
    if refusal is not None:
        error["refusal"] = refusal
    body = {"error": error, **more}
    if request.path_info in CREDENTIALS_ISSUER and not more:
        body["error_message"] = message
    response = JsonResponse(body, status=status, json_dumps_params={"indent": 4, "sort_keys": True})
    response["Cache-Control"] = "no-store"
    if status == 401:
        response["WWW-Authenticate"] = _challenge(code, message)
    if status == 503:
        response["Retry-After"] = str(RETRY_AFTER)
    return response


def response_to(request: GatehouseRequest, error: GatehouseError, **more: Any) -> HttpResponse:
    """Return the response to an error of the domain; its admin message stays in the audit trail."""
    subject = request.auth
    if isinstance(error, AccessDenied) and subject is not None:
        refusals.record(request, error, subject=subject, surface=Surface.API)
    response = error_response(
        request,
        status=error.http_status,
        code=error.code,
        message=error.user_message,
        refusal=None if subject is None else _refusal(error, subject),
        **more,
    )
    if (retry_after := getattr(error, "retry_after", None)) is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _refusal(error: GatehouseError, subject: Subject) -> dict[str, Any] | None:
    """Return the facts of a refusal as the API has them (`portal.api.v1.error_schemas.RefusalOut`)."""
    facts = refusals.facts(error, subject, now=timezone.now())
    if facts is None:
        return None
    asked = facts.asked
    return {
        "person": facts.person,
        "kind": asked.kind.value if asked else "",
        "account_id": asked.account_id[: refusals.LONGEST_NAME] if asked else "",
        "account_name": facts.account_name,
        "role_name": asked.role_name[: refusals.LONGEST_NAME] if asked else "",
        "arrived": [
            {"claim": one.claim, "values": list(one.values), "more": one.more}
            for one in facts.arrived
        ],
        "needed": [
            {"claim": one.claim, "value": one.value, "is_pattern": one.is_pattern}
            for one in facts.needed
        ],
        "help_url": facts.help_url,
        "contact": settings.SUPPORT_CONTACT,
    }


def _challenge(code: str, message: str) -> str:
    """Return the challenge of a 401 (RFC 6750 section 3); without an error where no token was sent."""
    if code == TokenMissing.code:
        return 'Bearer realm="Gatehouse"'
    description = "".join(
        letter for letter in message if " " <= letter <= "~" and letter not in '"\\'
    )
    return f'Bearer realm="Gatehouse", error="invalid_token", error_description="{description}"'


def api_view(view: View) -> View:
    """Make a view one of the API: never cached, without CSRF (cookies do not count), errors in one shape."""

    @csrf_exempt
    @functools.wraps(view)
    def wrapped(request: GatehouseRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except GatehouseError as error:
            response = response_to(request, error)
        if response.status_code == 405 and not isinstance(response, JsonResponse):
            allowed = response["Allow"]
            response = error_response(
                request,
                status=405,
                code="request.method",
                message=f"The methods of this address are {allowed}.",
            )
            response["Allow"] = allowed
        response.setdefault("Cache-Control", "no-store")
        return response

    return wrapped


def bad_request(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself refuses to read."""
    if isinstance(exception, RequestDataTooBig):
        return error_response(
            request,
            status=413,
            code="request.too_large",
            message="The request body is too large.",
        )
    return error_response(
        request, status=400, code="request.invalid", message="The request could not be read."
    )


def permission_denied(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer a request that is not allowed."""
    del exception
    return error_response(
        request, status=403, code=NotAllowed.code, message="You may not see this."
    )


def not_found(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer an unknown address."""
    del exception
    return error_response(
        request,
        status=404,
        code=NotFound.code,
        message="There is nothing at this address. /api/docs lists the addresses of the API.",
    )


def server_error(request: GatehouseRequest) -> HttpResponse:
    """Answer a defect of the portal, or a database that is down."""
    if database_message := outage(sys.exc_info()[1]):
        return error_response(
            request,
            status=503,
            code="database.unavailable",
            message=database_message,
        )
    return error_response(
        request,
        status=500,
        code="internal",
        message="Something went wrong. Nothing was issued. Contact your portal admins, and quote the request id.",
    )
