"""Responses as AWS's services send them: JSON in camelCase, and an error named in a header.

The CLI and the SDKs tell errors apart by `x-amzn-ErrorType` alone; without it a sign-in that is not
approved yet looks like one that failed. They retry after a 5xx, and after nothing else.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts import refreshing
from accounts.errors import AccessDenied, AwsRefused, GatehouseError, InvalidRequest, SignInAgain
from accounts.sso.errors import ClientRefused, RefusalReason
from accounts.step_up import StepUpRequired
from accounts.visible import visible
from portal import refusals
from portal.limiting import TooMany
from portal.outages import outage
from portal.request import GatehouseRequest

OIDC_PATHS = ("/client/register", "/device_authorization", "/token")
PORTAL_PATHS = ("/assignment/accounts", "/assignment/roles", "/federation/credentials", "/logout")
MAX_BODY = 16 * 1024
"""Bytes; an AWS CLI sends a tenth of it."""

View = Callable[[HttpRequest], HttpResponse]

# The names of errors in AWS's models: sso-oidc/2019-06-10 and sso/2019-06-10 of botocore.
_REFUSALS = {
    RefusalReason.REQUEST: ("InvalidRequestException", 400, "invalid_request"),
    RefusalReason.CLIENT_METADATA: (
        "InvalidClientMetadataException",
        400,
        "invalid_client_metadata",
    ),
    RefusalReason.REDIRECT: ("InvalidRedirectUriException", 400, "invalid_redirect_uri"),
    RefusalReason.SCOPE: ("InvalidScopeException", 400, "invalid_scope"),
    RefusalReason.GRANT_TYPE: ("UnsupportedGrantTypeException", 400, "unsupported_grant_type"),
    RefusalReason.CLIENT: ("InvalidClientException", 401, "invalid_client"),
    RefusalReason.NOT_FOR_CLIENT: ("UnauthorizedClientException", 400, "unauthorized_client"),
    RefusalReason.GRANT: ("InvalidGrantException", 400, "invalid_grant"),
    RefusalReason.PENDING: ("AuthorizationPendingException", 400, "authorization_pending"),
    RefusalReason.TOO_SOON: ("SlowDownException", 400, "slow_down"),
    RefusalReason.EXPIRED: ("ExpiredTokenException", 400, "expired_token"),
    RefusalReason.DENIED: ("AccessDeniedException", 400, "access_denied"),
    RefusalReason.TOKEN: ("UnauthorizedException", 401, "invalid_token"),
}


def for_aws_clients(method: str) -> Callable[[View], View]:
    """Accept one method, and answer as AWS's services do: errors in their shape, never cached."""

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
            except GatehouseError as domain_error:
                response = response_to(request, domain_error)
            response["Cache-Control"] = "no-store"
            return response

        return wrapped

    return decorate


def response_to(request: HttpRequest, domain_error: GatehouseError) -> HttpResponse:
    """Return the response to an error of the domain; its admin message stays in the audit trail."""
    shape, status, oauth = _in_aws_words(request, domain_error)
    message = domain_error.user_message
    if isinstance(domain_error, StepUpRequired):
        # A new sign-in of the command line alone would hang from the same sign-in in the browser.
        message = f"{message} Sign in again at {domain_error.page} and repeat the command."
    else:
        message = _with_facts(request, domain_error, message)
    response = error(request, shape, status, message, oauth=oauth)
    if isinstance(domain_error, TooMany):
        response["Retry-After"] = str(domain_error.retry_after)
    return response


def _with_facts(request: HttpRequest, domain_error: GatehouseError, message: str) -> str:
    """Return the message with what helps: AWS's tools show it, and nothing else of an error."""
    subject = cast(GatehouseRequest, request).auth
    known = None if subject is None else refusals.facts(domain_error, subject, now=timezone.now())
    if known is None:
        return message
    lines = [message, f"Signed in as: {visible(known.person)}."]
    if known.asked is not None:
        role = visible(known.asked.role_name[: refusals.LONGEST_NAME])
        account = visible(known.asked.account_id[: refusals.LONGEST_NAME])
        where = f"{known.account_name or 'the account'} {account}"
        lines.insert(1, f"Asked for: {role} in {where}." if role else f"Asked for: {where}.")
    if known.arrived:
        arrived = "; ".join(str(refusals.arrived_in_words(one)) for one in known.arrived)
        lines.append(f"Your identity provider sent: {arrived}.")
    if known.needed:
        needed = ", or ".join(str(refusals.needed_in_words(one)) for one in known.needed)
        lines.append(f"It would take: {needed}.")
    if known.help_url:
        lines.append(f"Ask for help: {known.help_url}")
    return " ".join(lines)


def error(
    request: HttpRequest, shape: str, status: int, message: str, *, oauth: str = "invalid_request"
) -> HttpResponse:
    """Return an error response of the service that the path belongs to."""
    if request.path_info in OIDC_PATHS:
        body = {"error": oauth, "error_description": message}
    else:
        body = {"message": message}
    response = JsonResponse(body, status=status)
    response["x-amzn-ErrorType"] = shape
    response["Cache-Control"] = "no-store"
    return response


def _in_aws_words(request: HttpRequest, domain_error: GatehouseError) -> tuple[str, int, str]:
    """Return AWS's name, the status and OAuth's name for an error of the domain."""
    if isinstance(domain_error, ClientRefused):
        return _REFUSALS[domain_error.reason]
    if isinstance(domain_error, TooMany):
        if request.path_info in OIDC_PATHS:
            return _REFUSALS[RefusalReason.TOO_SOON]
        return "TooManyRequestsException", 429, ""
    if domain_error.code == refreshing.TOO_OLD:
        # A new command-line sign-in would hang from the same one of the portal: the message says what helps.
        return "ForbiddenException", 403, "access_denied"
    if isinstance(domain_error, SignInAgain):
        return _REFUSALS[RefusalReason.TOKEN]
    if isinstance(domain_error, InvalidRequest):
        return _REFUSALS[RefusalReason.REQUEST]
    if isinstance(domain_error, AccessDenied | AwsRefused):
        # A retry, as after a 5xx, does not help here: an admin has to act.
        return "ForbiddenException", 403, "access_denied"
    return "InternalServerException", 503, "server_error"


def read_json(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object in a request's body.

    Raises:
        ClientRefused: it is too large, incomplete, or no JSON object.
    """
    try:
        body = request.body if int(request.META.get("CONTENT_LENGTH") or 0) <= MAX_BODY else b""
        parsed = json.loads(body)
    except (ValueError, RecursionError, UnreadablePostError) as unread:
        raise ClientRefused(RefusalReason.REQUEST, "The request body is no JSON.") from unread
    if not isinstance(parsed, dict):
        raise ClientRefused(RefusalReason.REQUEST, "The request body is no JSON object.")
    return parsed


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself refuses to read."""
    del exception
    return error(request, "InvalidRequestException", 400, "The request could not be read.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a defect of the portal, or a database that is down; clients retry after both."""
    database_message = outage(sys.exc_info()[1])
    return error(
        request,
        "InternalServerException",
        503 if database_message else 500,
        database_message or "Something went wrong. Nothing was issued.",
        oauth="server_error",
    )
