"""How AWS's services answer: JSON in camelCase, and an error named in a header.

The CLI and the SDKs tell errors apart by `x-amzn-ErrorType` alone; without it a sign-in that is not
approved yet looks like one that failed. They try again what is answered with 5xx, and nothing else.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from accounts.errors import AccessDenied, AwsRefused, GatehouseError, InvalidRequest, SignInAgain
from accounts.sso.refusals import Refused, Why
from portal.limiting import TooMany
from portal.outages import outage

OIDC = ("/client/register", "/device_authorization", "/token")
PORTAL = ("/assignment/accounts", "/assignment/roles", "/federation/credentials", "/logout")
LARGEST = 16 * 1024
"""Bytes; what an AWS CLI sends is a tenth of it."""

View = Callable[[HttpRequest], HttpResponse]

# The names of errors in AWS's models: sso-oidc/2019-06-10 and sso/2019-06-10 of botocore.
_REFUSALS = {
    Why.REQUEST: ("InvalidRequestException", 400, "invalid_request"),
    Why.CLIENT_METADATA: ("InvalidClientMetadataException", 400, "invalid_client_metadata"),
    Why.REDIRECT: ("InvalidRedirectUriException", 400, "invalid_redirect_uri"),
    Why.SCOPE: ("InvalidScopeException", 400, "invalid_scope"),
    Why.GRANT_TYPE: ("UnsupportedGrantTypeException", 400, "unsupported_grant_type"),
    Why.CLIENT: ("InvalidClientException", 401, "invalid_client"),
    Why.NOT_FOR_CLIENT: ("UnauthorizedClientException", 400, "unauthorized_client"),
    Why.GRANT: ("InvalidGrantException", 400, "invalid_grant"),
    Why.PENDING: ("AuthorizationPendingException", 400, "authorization_pending"),
    Why.TOO_SOON: ("SlowDownException", 400, "slow_down"),
    Why.EXPIRED: ("ExpiredTokenException", 400, "expired_token"),
    Why.DENIED: ("AccessDeniedException", 400, "access_denied"),
    Why.TOKEN: ("UnauthorizedException", 401, "invalid_token"),
}


def is_asked_at(path: str) -> bool:
    """Whether it is AWS's tools that ask at this address: no cookie counts there, and no page is shown."""
    return path in OIDC or path in PORTAL


def for_aws_clients(method: str) -> Callable[[View], View]:
    """Answer one method as AWS's services do: errors in their shape, nothing kept by anybody."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @functools.wraps(view)
        def wrapped(request: HttpRequest) -> HttpResponse:
            if request.method != method:
                response = error(
                    request, "InvalidRequestException", 405, f"This address takes {method}."
                )
                response["Allow"] = method
                return response
            try:
                response = view(request)
            except GatehouseError as refusal:
                response = answer_to(request, refusal)
            response["Cache-Control"] = "no-store"
            return response

        return wrapped

    return decorate


def answer_to(request: HttpRequest, refusal: GatehouseError) -> HttpResponse:
    """Answer an error of the domain in AWS's words; what only admins are told stays in the audit trail."""
    shape, status, oauth = _said(request, refusal)
    response = error(request, shape, status, refusal.user_message, oauth=oauth)
    if isinstance(refusal, TooMany):
        response["Retry-After"] = str(refusal.retry_after)
    return response


def error(
    request: HttpRequest, shape: str, status: int, message: str, *, oauth: str = "invalid_request"
) -> HttpResponse:
    """Build the answer of an error, for the service that was asked."""
    if request.path_info in OIDC:
        body = {"error": oauth, "error_description": message}
    else:
        body = {"message": message}
    response = JsonResponse(body, status=status)
    response["x-amzn-ErrorType"] = shape
    response["Cache-Control"] = "no-store"
    return response


def _said(request: HttpRequest, refusal: GatehouseError) -> tuple[str, int, str]:
    """Return shape, status and OAuth's word for an error of the domain."""
    if isinstance(refusal, Refused):
        return _REFUSALS[refusal.why]
    if isinstance(refusal, TooMany):
        if request.path_info in OIDC:
            return _REFUSALS[Why.TOO_SOON]
        return "TooManyRequestsException", 429, ""
    if isinstance(refusal, SignInAgain):
        return _REFUSALS[Why.TOKEN]
    if isinstance(refusal, InvalidRequest):
        return _REFUSALS[Why.REQUEST]
    if isinstance(refusal, AccessDenied | AwsRefused):
        # What an admin has to mend is not mended by trying again, as clients do after a 5xx.
        return "ForbiddenException", 403, "access_denied"
    return "InternalServerException", 503, "server_error"


def read_json(request: HttpRequest) -> dict[str, Any]:
    """Return the object in a request's body.

    Raises:
        Refused: it is too large, breaks off, or is none.
    """
    try:
        body = request.body if int(request.META.get("CONTENT_LENGTH") or 0) <= LARGEST else b""
        found = json.loads(body)
    except (ValueError, RecursionError, UnreadablePostError) as unread:
        raise Refused(Why.REQUEST, "The request holds no JSON that can be read.") from unread
    if not isinstance(found, dict):
        raise Refused(Why.REQUEST, "The request holds no JSON object.")
    return found


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses to read."""
    del exception
    return error(request, "InvalidRequestException", 400, "The request could not be read.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a defect of ours, or a database that is down; clients try both again."""
    failed = outage(sys.exc_info()[1])
    return error(
        request,
        "InternalServerException",
        503 if failed else 500,
        failed or "This is a defect of the portal. Nothing was released.",
        oauth="server_error",
    )
