"""`POST /assume-role` and `GET /roles`: the credential server that the client mairu asks.

https://github.com/sorah/mairu/blob/main/HTTP_API_SPEC.md. It signs people in at the identity provider by itself.
"""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import access, signins
from accounts.aws.arn import RoleArn, parse_role_arn
from accounts.entitlements import resolve
from accounts.errors import InvalidRequest
from accounts.types import Kind, Named, Surface
from portal.api import bearer
from portal.api.errors import for_programs
from portal.context import origin_of


@for_programs
@require_http_methods(["POST"])
def credentials(request: HttpRequest) -> HttpResponse:
    """Give temporary keys for a role, as AWS's tools read them from a `credential_process`."""
    now = timezone.now()
    subject, origin = bearer.identify(request, now=now), origin_of(request, Surface.API)
    keys = access.issue_keys(
        subject=subject,
        role=_named(_asked(request)),
        duration=None,
        origin=origin,
        now=now,
    ).credentials
    return JsonResponse(
        {
            "Version": 1,
            "AccessKeyId": keys.access_key_id,
            "SecretAccessKey": keys.secret_access_key,
            "SessionToken": keys.session_token,
            "Expiration": keys.expires_at.isoformat(),
        }
    )


@for_programs
@require_http_methods(["GET"])
def roles(request: HttpRequest) -> HttpResponse:
    """List the roles whose keys may be asked for, each by its ARN."""
    now = timezone.now()
    subject = bearer.identify(request, now=now)
    signins.refuse_blocked(subject)
    granted = [one for one in resolve(subject=subject, now=now).granted if one.allows(Kind.KEYS)]
    return JsonResponse(
        {
            "Roles": [
                {
                    "Name": one.role.arn,
                    "Description": f"{one.role.account_name}: {one.role.description}",
                }
                for one in granted
            ]
        }
    )


def _asked(request: HttpRequest) -> str:
    # mairu says nothing of the type of what it sends.
    try:
        asked = json.loads(request.body)
    except (ValueError, RecursionError, UnreadablePostError):
        asked = None
    role = asked.get("Role") if isinstance(asked, dict) else None
    if not isinstance(role, str):
        raise InvalidRequest('Send JSON: {"Role": "..."}.', code="request.not_readable")
    return role


def _named(role: str) -> Named | RoleArn:
    """Return what is asked for: by its ARN, or as 123456789012/Developer."""
    account_id, slash, role_name = role.partition("/")
    if role.startswith("arn:") or not slash:
        return parse_role_arn(role)
    return Named(account_id, role_name)
