"""`GET /api/credentials` and `GET /api/login`, compatible with aws-credentials-issuer, so that its clients keep working.

https://github.com/imduffy15/aws-credentials-issuer: the same bodies, messages and statuses. Errors
also hold the API's own `error`, and a token that is not valid gets a 401 where the original had a 500.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.aws.arn import parse_role_arn
from accounts.errors import AccessDenied, GatehouseError, InvalidRequest
from accounts.types import Kind, Surface
from portal.api import bearer
from portal.api.errors import TokenMissing, api_view, response_to
from portal.context import origin_of
from portal.request import GatehouseRequest


@api_view
@require_http_methods(["GET"])
def credentials(request: GatehouseRequest) -> HttpResponse:
    """Issue temporary keys for the role with this ARN."""
    return _answer(request, Kind.KEYS)


@api_view
@require_http_methods(["GET"])
def login(request: GatehouseRequest) -> HttpResponse:
    """Return a link that opens the AWS console as the role with this ARN."""
    return _answer(request, Kind.CONSOLE)


def _answer(request: GatehouseRequest, kind: Kind) -> HttpResponse:
    try:
        body = _issue(request, kind)
    except GatehouseError as error:
        return _refusal(request, error)
    return JsonResponse(body, json_dumps_params={"indent": 4, "sort_keys": True})


def _issue(request: GatehouseRequest, kind: Kind) -> dict[str, str]:
    now = timezone.now()
    bearer.token_of(request)
    role = request.GET.get("role")
    if role is None:
        raise InvalidRequest(
            "You must provide a role arn via the query parameter 'role'", code="request.role"
        )
    role_arn = parse_role_arn(role)
    subject, origin = bearer.identify(request, now=now), origin_of(request, Surface.API)
    if kind is Kind.CONSOLE:
        opened = access.console_url(
            subject=subject,
            role=role_arn,
            destination="",
            duration=None,
            origin=origin,
            now=now,
        )
        return {"url": opened.url}
    issued = access.issue_keys(
        subject=subject,
        role=role_arn,
        duration=None,
        origin=origin,
        now=now,
    ).credentials
    return {
        "AccessKeyId": issued.access_key_id,
        "Expiration": issued.expires_at.isoformat(),
        "SecretAccessKey": issued.secret_access_key,
        "SessionToken": issued.session_token,
    }


def _refusal(request: GatehouseRequest, error: GatehouseError) -> HttpResponse:
    members: dict[str, Any] = {"error_message": error.user_message}
    status = error.http_status
    if isinstance(error, TokenMissing):
        status, members = 400, {"error_message": "No authorization header found."}
    elif error.code == "token.scheme":
        # The original has a space in this member, and its clients may look for it.
        status, members = 400, {"error message": "Invalid authorization token"}
    elif error.code == "request.arn":
        members = {"error_message": "invalid role arn"}
    elif isinstance(error, AccessDenied):
        members = {"error_message": "role not allowed"}
    response = response_to(request, error, **members)
    response.status_code = status
    return response
