"""One shape for every error of the API: a stable code, a message for people, the request's id."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.errors import GatehouseError
from portal.outages import outage
from portal.request import GatehouseRequest

# Where the original's clients look for words (see portal/api/original.py).
ORIGINAL = ("/api/credentials", "/api/login")
RETRY_AFTER = 5
"""Seconds after which to try again what was not possible right now."""

View = Callable[..., HttpResponse]


class TokenMissing(GatehouseError):
    """No bearer token came with the request."""

    code = "token.missing"
    http_status = 401


class NotAllowed(GatehouseError):
    """Whoever asks may not see this."""

    code = "access.not_allowed"
    http_status = 403


class NotFound(GatehouseError):
    """There is no such thing."""

    code = "request.not_found"
    http_status = 404


def answer(
    request: GatehouseRequest, *, status: int, code: str, message: str, **more: Any
) -> HttpResponse:
    """Build an error's answer; `more` stands beside `error`, for the original's clients."""
    response = _answer(request, status=status, code=code, message=message, more=more)
    response["Cache-Control"] = "no-store"
    if status == 401:
        response["WWW-Authenticate"] = _challenge(code, message)
    if status == 503:
        response["Retry-After"] = str(RETRY_AFTER)
    return response


def _answer(
    request: GatehouseRequest, *, status: int, code: str, message: str, more: dict[str, Any]
) -> HttpResponse:
    request_id = request.id
    body = {
        "error": {"code": code, "message": message, "request_id": request_id},
        **more,
    }
    if request.path_info in ORIGINAL and not more:
        body["error_message"] = message
    return JsonResponse(body, status=status, json_dumps_params={"indent": 4, "sort_keys": True})


def answer_to(request: GatehouseRequest, error: GatehouseError, **more: Any) -> HttpResponse:
    """Answer an error of the domain; what only admins are told stays in the audit trail."""
    response = answer(
        request, status=error.http_status, code=error.code, message=error.user_message, **more
    )
    if (retry_after := getattr(error, "retry_after", None)) is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _challenge(code: str, message: str) -> str:
    """Return the challenge of a 401 (RFC 6750 section 3); it says nothing to who sent no token."""
    if code == TokenMissing.code:
        return 'Bearer realm="Gatehouse"'
    words = "".join(letter for letter in message if " " <= letter <= "~" and letter not in '"\\')
    return f'Bearer realm="Gatehouse", error="invalid_token", error_description="{words}"'


def for_programs(view: View) -> View:
    """Answer as the API does: never cached, without CSRF (no cookie counts), errors in the one shape."""

    @csrf_exempt
    @functools.wraps(view)
    def wrapped(request: GatehouseRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except GatehouseError as error:
            response = answer_to(request, error)
        if response.status_code == 405 and not isinstance(response, JsonResponse):
            allowed = response["Allow"]
            response = answer(
                request,
                status=405,
                code="request.method",
                message=f"This address takes {allowed}.",
            )
            response["Allow"] = allowed
        response.setdefault("Cache-Control", "no-store")
        return response

    return wrapped


def bad_request(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses to read."""
    if isinstance(exception, RequestDataTooBig):
        return answer(
            request,
            status=413,
            code="request.too_large",
            message="What was sent is larger than anything this API asks for.",
        )
    return answer(
        request, status=400, code="request.invalid", message="The request could not be read."
    )


def permission_denied(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer what is for others."""
    del exception
    return answer(
        request, status=403, code=NotAllowed.code, message="This is not for whoever asks."
    )


def not_found(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer an address that leads nowhere."""
    del exception
    return answer(
        request,
        status=404,
        code=NotFound.code,
        message="There is nothing at this address; /api/docs shows what there is.",
    )


def server_error(request: GatehouseRequest) -> HttpResponse:
    """Answer a defect of ours, or a database that is down."""
    if failed := outage(sys.exc_info()[1]):
        return answer(
            request,
            status=503,
            code="database.unavailable",
            message=failed,
        )
    return answer(
        request,
        status=500,
        code="internal",
        message="This is a defect of the portal. Nothing was released. Tell the people who run it the request's id.",
    )
