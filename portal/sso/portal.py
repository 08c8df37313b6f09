"""The service sso: accounts, roles and their keys, for the token of a command line; and its sign-out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from accounts import access, entitlements
from accounts.errors import AccessDenied, InvalidRequest
from accounts.sso import tokens
from accounts.sso.refusals import Refused
from accounts.types import Named, OfferedRole, Subject, Surface
from portal import limiting
from portal.context import origin_of
from portal.sso import paging
from portal.sso.answers import for_aws_clients


@for_aws_clients("GET")
def accounts(request: HttpRequest) -> HttpResponse:
    """ListAccounts: those with a role that gives keys."""
    now = timezone.now()
    roles = _roles(_identify(request, now), now)
    found = {(role.account_name, role.account_id) for role in roles}
    page = paging.page(request, sorted(found))
    listed = [{"accountId": id_, "accountName": name} for name, id_ in page.items]
    return JsonResponse({"accountList": listed, **page.rest})


@for_aws_clients("GET")
def roles(request: HttpRequest) -> HttpResponse:
    """ListAccountRoles: those that give keys, by the names of their permission sets."""
    now = timezone.now()
    subject = _identify(request, now)
    found = _roles(subject, now, account_id=_asked(request, "account_id"))
    page = paging.page(request, sorted((role.role_name, role.account_id) for role in found))
    listed = [{"roleName": name, "accountId": id_} for name, id_ in page.items]
    return JsonResponse({"roleList": listed, **page.rest})


@for_aws_clients("GET")
def credentials(request: HttpRequest) -> HttpResponse:
    """GetRoleCredentials. Its time is in milliseconds; every other of these services is in seconds."""
    now = timezone.now()
    issued = access.issue_keys(
        subject=_identify(request, now),
        role=Named(_asked(request, "account_id"), _asked(request, "role_name")),
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
    """Logout: all tokens of this command line end. Keys that AWS has given stay good until they expire."""
    try:
        tokens.revoke(
            bearer=_bearer(request), origin=origin_of(request, Surface.SSO), now=timezone.now()
        )
    except Refused:
        limiting.count_bad_token(request)
        raise
    return HttpResponse()


def _identify(request: HttpRequest, now: datetime) -> Subject:
    """Return the subject of the token that came in the header of AWS's services, and count it."""
    try:
        subject = tokens.subject_of(bearer=_bearer(request), now=now)
    except Refused:
        limiting.count_bad_token(request)
        raise
    limiting.count_request(subject)
    return subject


def _bearer(request: HttpRequest) -> str:
    return request.headers.get("x-amz-sso_bearer_token", "")


def _asked(request: HttpRequest, name: str) -> str:
    found = request.GET.get(name, "")
    if not found:
        raise InvalidRequest(f"{name} is missing.")
    return found


def _roles(subject: Subject, now: datetime, account_id: str | None = None) -> Sequence[OfferedRole]:
    found = entitlements.resolve(subject=subject, now=now, account_id=account_id)
    if not found.granted and (found.problems or account_id is not None):
        said = found.problems[0].message if found.problems else "You have no role in this account."
        raise AccessDenied(said)
    return [entitlement.role for entitlement in found.granted]
