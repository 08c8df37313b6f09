"""AWS's IAM Identity Center Portal API (the service sso): accounts, roles, keys and sign-out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from accounts import access, entitlements
from accounts.errors import AccessDenied, InvalidRequest
from accounts.people import note_seen
from accounts.sso import client_tokens
from accounts.sso.errors import ClientRefused
from accounts.types import AskedRole, Kind, OfferedRole, RoleRef, Subject, Surface
from portal import limiting, proxies, refusals
from portal.context import origin_of
from portal.request import GatehouseRequest
from portal.sso import next_token
from portal.sso.responses import for_aws_clients


@for_aws_clients("GET")
def list_accounts(request: HttpRequest) -> HttpResponse:
    """ListAccounts: those with a role that gives keys."""
    now = timezone.now()
    subject = _identify(request, now)
    limiting.count_list(subject)
    roles = _roles(request, subject, now)
    accounts = {(role.account_name, role.account_id) for role in roles}
    page = next_token.page(request, sorted(accounts))
    listed = [{"accountId": id_, "accountName": name} for name, id_ in page.items]
    return JsonResponse({"accountList": listed, **page.rest})


@for_aws_clients("GET")
def list_account_roles(request: HttpRequest) -> HttpResponse:
    """ListAccountRoles: those that give keys, by the names of their permission sets."""
    now = timezone.now()
    subject = _identify(request, now)
    limiting.count_list(subject)
    roles = _roles(request, subject, now, account_id=_parameter(request, "account_id"))
    page = next_token.page(request, sorted((role.role_name, role.account_id) for role in roles))
    listed = [{"roleName": name, "accountId": id_} for name, id_ in page.items]
    return JsonResponse({"roleList": listed, **page.rest})


@for_aws_clients("GET")
def get_role_credentials(request: HttpRequest) -> HttpResponse:
    """GetRoleCredentials. `expiration` is in milliseconds; all other times on the wire are in seconds."""
    now = timezone.now()
    subject = _identify(request, now)
    limiting.count_request(subject)
    issued = access.issue_keys(
        subject=subject,
        role=RoleRef(_parameter(request, "account_id"), _parameter(request, "role_name")),
        duration=None,
        origin=origin_of(request, Surface.SSO),
        now=now,
    ).credentials
    return JsonResponse(
        {
            "roleCredentials": {
                "accessKeyId": issued.access_key_id,
                "secretAccessKey": issued.secret_access_key,
                "sessionToken": issued.session_token,
                "expiration": int(issued.expires_at.timestamp() * 1000),
            }
        }
    )


@for_aws_clients("POST")
def logout(request: HttpRequest) -> HttpResponse:
    """Logout: revoke all tokens of this command line. Keys that AWS has issued are valid until they expire."""
    try:
        client_tokens.revoke(
            bearer=_bearer(request), origin=origin_of(request, Surface.SSO), now=timezone.now()
        )
    except ClientRefused:
        limiting.count_bad_token(request)
        raise
    return HttpResponse()


def _identify(request: HttpRequest, now: datetime) -> Subject:
    """Return the subject of the token in AWS's own header."""
    try:
        subject = client_tokens.subject_of(
            bearer=_bearer(request), origin=origin_of(request, Surface.SSO), now=now
        )
    except ClientRefused:
        limiting.count_bad_token(request)
        raise
    note_seen(subject, surface=Surface.SSO, now=now)
    cast(GatehouseRequest, request).auth = subject
    return subject


def _bearer(request: HttpRequest) -> str:
    if proxies.TOKEN_HEADER not in request.headers:
        proxies.report_missing_token(request)
    return request.headers.get(proxies.TOKEN_HEADER, "")


def _parameter(request: HttpRequest, name: str) -> str:
    value = request.GET.get(name, "")
    if not value:
        raise InvalidRequest(f"{name} is missing.")
    return value


def _roles(
    request: HttpRequest, subject: Subject, now: datetime, account_id: str | None = None
) -> Sequence[OfferedRole]:
    decision = entitlements.resolve(subject=subject, now=now, account_id=account_id)
    if decision.granted or (account_id is None and not decision.problems):
        return [entitlement.role for entitlement in decision.granted]
    problem = next(iter(decision.problems), None)
    denied = AccessDenied(
        str(problem.message) if problem else "You have no role in this account.",
        code=problem.code if problem else "",
    )
    denied.asked = AskedRole(Kind.KEYS, account_id) if account_id else None
    refusals.record(
        request, denied, subject=subject, surface=Surface.SSO, role=RoleRef(account_id or "", "")
    )
    raise denied
