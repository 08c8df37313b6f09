"""Test roles at AWS, for portal admins and machines whose token includes it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from accounts.trust_checks import CheckedRole, check_roles, role_ids
from accounts.types import Surface
from portal.api.v1.auth import tester_of
from portal.api.v1.error_schemas import ErrorOut
from portal.api.v1.trust_check_schemas import TrustCheckIn, TrustChecksOut
from portal.context import origin_of

router = Router(tags=["Directory"])
ERRORS = frozenset({400, 401, 403, 413, 422, 429, 503})


@router.post(
    "/trust-checks",
    response={200: TrustChecksOut, ERRORS: ErrorOut},
    operation_id="trust_checks",
    summary="Test the roles of an account",
)
def trust_checks(request: HttpRequest, body: TrustCheckIn) -> dict[str, Any]:
    """Test a role, or all roles of an account: ask AWS for a session that may do nothing, and say what is wrong.

    No keys are issued. Each test adds a row to the audit trail, and its result is kept.
    """
    subject = tester_of(request)
    tested = check_roles(
        role_ids(account_ids=[body.account_id], role_name=body.role_name),
        subject=subject,
        origin=origin_of(request, Surface.API),
    )
    return {"items": [_serialize(one) for one in tested]}


def _serialize(tested: CheckedRole) -> dict[str, Any]:
    role, finding = tested.role, tested.finding
    return {
        "account_id": role.account_id,
        "role_name": role.role_name,
        "role_arn": role.arn,
        "outcome": finding.outcome.value,
        "code": finding.code,
        "message": finding.message,
        "warnings": list(finding.warnings),
        "tested_at": tested.at,
    }
