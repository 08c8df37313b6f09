"""Keys and console links, through the one door."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from accounts import access
from accounts.aws.arn import RoleArn, parse_role_arn
from accounts.entitlements import resolve
from accounts.errors import InvalidRequest
from accounts.types import RoleRef, Subject, Surface
from portal.api.v1.auth import subject_of
from portal.api.v1.error_schemas import ErrorOut
from portal.api.v1.schemas import ConsoleIn, ConsoleOut, KeysIn, KeysOut
from portal.context import origin_of

router = Router(tags=["Access"])
ERRORS = frozenset({400, 401, 403, 413, 422, 429, 502, 503})


@router.post(
    "/keys",
    response={200: KeysOut, ERRORS: ErrorOut},
    operation_id="keys",
    summary="Issue keys for a role",
)
def keys(request: HttpRequest, body: KeysIn) -> dict[str, Any]:
    """Issue temporary keys for a role: named by its ARN, or by an account and the role's name.

    Each request issues new keys and adds a row to the audit trail.
    """
    subject, now = subject_of(request), timezone.now()
    issued = access.issue_keys(
        subject=subject,
        role=_role(body, subject=subject, now=now),
        duration=body.duration,
        tags=body.tags,
        read_only=body.read_only,
        origin=origin_of(request, Surface.API),
        now=now,
    )
    role, credentials = issued.entitlement.role, issued.credentials
    return {
        "access_key_id": credentials.access_key_id,
        "secret_access_key": credentials.secret_access_key,
        "session_token": credentials.session_token,
        "expires_at": credentials.expires_at,
        "account_id": role.account_id,
        "role_name": role.role_name,
        "role_arn": role.arn,
        "session_name": issued.session_name,
        "duration": issued.duration,
        "shortened": issued.shortened,
        "read_only": issued.read_only,
        "audit_id": issued.audit_id,
    }


@router.post(
    "/console",
    response={200: ConsoleOut, ERRORS: ErrorOut},
    operation_id="console",
    summary="Create a link that opens the console",
)
def console(request: HttpRequest, body: ConsoleIn) -> dict[str, Any]:
    """Create a link that opens the AWS console as a role, on its home page or another page.

    Each request creates a new link and adds a row to the audit trail.
    """
    subject, now = subject_of(request), timezone.now()
    opened = access.console_url(
        subject=subject,
        role=_role(body, subject=subject, now=now),
        destination=body.destination,
        duration=body.duration,
        tags=body.tags,
        read_only=body.read_only,
        origin=origin_of(request, Surface.API),
        now=now,
    )
    role = opened.entitlement.role
    return {
        "url": opened.url,
        "account_id": role.account_id,
        "role_name": role.role_name,
        "role_arn": role.arn,
        "audit_id": opened.audit_id,
    }


def _role(body: KeysIn, *, subject: Subject, now: datetime) -> RoleRef | RoleArn:
    """Return the role that a request names.

    Raises:
        InvalidRequest: it names none, or in two ways, or several accounts have this name.
    """
    match (body.role_arn, body.account_id, body.account_name, body.role_name):
        case (str(arn), None, None, None):
            return parse_role_arn(arn)
        case (None, str(account_id), None, str(role_name)):
            return RoleRef(account_id, role_name)
        case (None, None, str(account_name), str(role_name)):
            return RoleRef(
                _account_named(account_name, role_name, subject=subject, now=now), role_name
            )
    raise InvalidRequest(
        "Name the role in one way: role_arn, or account_id and role_name, or account_name and role_name.",
        code="request.role",
    )


def _account_named(name: str, role_name: str, *, subject: Subject, now: datetime) -> str:
    """Return the id of the account with this name among those that this subject has the role in."""
    granted = resolve(subject=subject, now=now, role_name=role_name).granted
    roles = [entitlement.role for entitlement in granted]
    ids = {role.account_id for role in roles if role.account_name == name}
    if len(ids) > 1:
        raise InvalidRequest(
            f"You have {role_name} in several accounts of this name. Name the account by account_id.",
            code="request.account_ambiguous",
        )
    # An unknown name goes to the door as it is, which refuses and records it.
    return ids.pop() if ids else name
