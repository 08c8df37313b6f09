"""Look at what somebody may do, for a page that asks before the door is used; the door decides again."""

from __future__ import annotations

from django.utils import timezone

from accounts.entitlements import Entitlements, resolve
from accounts.errors import AccessDenied
from accounts.types import Entitlement, Kind, Subject
from portal.pages.role_request import RoleRequest

_FOR = {Kind.CONSOLE: "the console", Kind.KEYS: "keys"}


def entitled(*, subject: Subject, asked: RoleRequest, kind: Kind) -> Entitlement:
    """Return the entitlement to the account role that is asked for.

    Raises:
        AccessDenied: there is none, or it does not cover the console or keys.
    """
    decided = _resolve(subject, asked.account_id, asked.role_name)
    found = decided.granted
    allowed = [entitlement for entitlement in found if entitlement.allows(kind)]
    if allowed:
        return allowed[0]
    if found:
        raise AccessDenied(
            f"{asked.role_name} in this account does not give {_FOR[kind]}.",
            f"{kind} is not given by: {'; '.join(map(str, found[0].reasons))}",
            code="access.kind_denied",
        )
    raise _denied(
        decided,
        "You do not have this role in this account. Roles come from your groups at the identity "
        "provider; if yours changed a moment ago, sign out and in again.",
        f"no mapping in force gives {asked.role_name!r} in {asked.account_id!r}",
    )


def choices(*, subject: Subject, account_id: str, kind: Kind) -> list[Entitlement]:
    """Return the roles in an account that give the console or keys, by name.

    Raises:
        AccessDenied: there is none; in the same words for an account that is not known.
    """
    decided = _resolve(subject, account_id, None)
    found = [entitlement for entitlement in decided.granted if entitlement.allows(kind)]
    if not found:
        raise _denied(
            decided,
            f"This account is not known here, or you have no role in it that gives {_FOR[kind]}. "
            "Check the account id in the link, or look for the account in your list.",
            f"no mapping in force gives {kind} in {account_id!r}",
        )
    return found


def _resolve(subject: Subject, account_id: str, role_name: str | None) -> Entitlements:
    return resolve(subject=subject, now=timezone.now(), account_id=account_id, role_name=role_name)


def _denied(decided: Entitlements, user_message: str, admin_message: str) -> AccessDenied:
    """Say that something is missing; where claims did not arrive whole, that this may be why."""
    if not decided.problems:
        return AccessDenied(user_message, admin_message)
    problem = decided.problems[0]
    return AccessDenied(
        f"{problem.message} So it cannot be told whether you have this role. Ask the people who "
        "run the portal; signing in again does not help.",
        f"{problem.code}: {problem.claim}; {admin_message}",
        code=problem.code,
    )
