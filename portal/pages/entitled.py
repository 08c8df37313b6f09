"""Look up what somebody may do, for a page that asks before the door is used. The door decides again."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from accounts import denials, step_up
from accounts.entitlements import resolve
from accounts.types import AskedRole, Entitlement, Kind, Subject
from portal.pages.role_request import RoleRequest


def entitled(*, subject: Subject, wanted: RoleRequest, kind: Kind) -> Entitlement:
    """Return the entitlement to the requested role.

    Raises:
        AccessDenied: there is none, or it does not include the console or keys.
        StepUpRequired: the role asks for another sign-in than this one.
    """
    account_id, role_name = wanted.account_id, wanted.role_name
    now = timezone.now()
    decided = resolve(subject=subject, now=now, account_id=account_id, role_name=role_name)
    given = decided.giving(kind)
    if not given:
        denied = denials.of_role(
            decided, subject=subject, kind=kind, account_id=account_id, role_name=role_name
        )
        denied.asked = AskedRole(kind, account_id, role_name)
        raise denied
    step_up.require(role=given[0].role, subject=subject, now=now)
    return given[0]


def choices(*, subject: Subject, account_id: str, kind: Kind) -> Sequence[Entitlement]:
    """Return the roles in an account that give the console or keys, by name.

    Raises:
        AccessDenied: there is none.
    """
    decided = resolve(subject=subject, now=timezone.now(), account_id=account_id)
    given = decided.giving(kind)
    if not given:
        denied = denials.of_account(decided, kind=kind, account_id=account_id)
        denied.asked = AskedRole(kind, account_id)
        raise denied
    return given
