"""`GET /api/credentials` and `GET /api/login`: the addresses and answers of the first issuer of this kind.

Its clients keep working: the same success bodies, words and status codes. Beside the words stands
the API's own error, and a token that proves nothing is answered with 401 where the original broke.
"""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.aws.arn import parse_role_arn
from accounts.errors import AccessDenied, GatehouseError, InvalidRequest
from accounts.types import Kind, Surface
from portal.api import bearer
from portal.api.errors import TokenMissing, answer_to, for_programs
from portal.context import origin_of
from portal.request import GatehouseRequest


@for_programs
@require_http_methods(["GET"])
def credentials(request: GatehouseRequest) -> HttpResponse:
    """Give temporary keys for the role whose ARN is asked for."""
    return _answer(request, Kind.KEYS)


@for_programs
@require_http_methods(["GET"])
def login(request: GatehouseRequest) -> HttpResponse:
    """Give the address that opens the AWS console as the role whose ARN is asked for."""
    return _answer(request, Kind.CONSOLE)


def _answer(request: GatehouseRequest, kind: Kind) -> HttpResponse:
    try:
        found = _ask(request, kind)
    except GatehouseError as error:
        return _refusal(request, error)
    return HttpResponse(_written(found), content_type="application/json")


def _written(found: dict[str, str]) -> str:
    """Return JSON as with `indent=4`, which json itself writes without its encoder in C: 1 % of a request."""
    members = json.dumps(found, sort_keys=True, separators=(",\n    ", ": "))[1:-1]
    return f"{{\n    {members}\n}}"


def _ask(request: GatehouseRequest, kind: Kind) -> dict[str, str]:
    now = timezone.now()
    bearer.token_of(request)
    asked = request.GET.get("role")
    if asked is None:
        raise InvalidRequest(
            "You must provide a role arn via the query parameter 'role'", code="request.role"
        )
    role_arn = parse_role_arn(asked)
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
    words: dict[str, Any] = {"error_message": error.user_message}
    status = error.http_status
    if isinstance(error, TokenMissing):
        status, words = 400, {"error_message": "No authorization header found."}
    elif error.code == "token.scheme":
        # The original's key has a space here, and its clients may look for it.
        status, words = 400, {"error message": "Invalid authorization token"}
    elif error.code == "request.arn":
        words = {"error_message": "invalid role arn"}
    elif isinstance(error, AccessDenied):
        words = {"error_message": "role not allowed"}
    response = answer_to(request, error, **words)
    response.status_code = status
    return response
