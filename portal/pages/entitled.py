"""Look at what somebody may do, for a page that asks before the door is used; the door decides again."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from accounts import entitlements
from accounts.errors import AccessDenied
from accounts.types import Entitlement, Kind, Subject
from portal.pages.asked import Asked

_FOR = {Kind.CONSOLE: "the console", Kind.KEYS: "keys"}


def entitled(*, subject: Subject, asked: Asked, kind: Kind) -> Entitlement:
    """Return the entitlement to the account role that is asked for.

    Raises:
        AccessDenied: there is none, or it does not cover the console or keys.
    """
    found = _granted(subject, asked.account_id, asked.role_name)
    allowed = [entitlement for entitlement in found if entitlement.allows(kind)]
    if allowed:
        return allowed[0]
    if found:
        raise AccessDenied(
            f"{asked.role_name} in this account does not give {_FOR[kind]}.",
            f"{kind} is not given by: {'; '.join(map(str, found[0].reasons))}",
            code="access.kind_denied",
        )
    raise AccessDenied(
        "You do not have this role in this account. Roles come from your groups at the identity "
        "provider; if yours changed a moment ago, sign out and in again.",
        f"no mapping in force gives {asked.role_name!r} in {asked.account_id!r}",
    )


def choices(*, subject: Subject, account_id: str, kind: Kind) -> list[Entitlement]:
    """Return the roles in an account that give the console or keys, by name.

    Raises:
        AccessDenied: there is none.
    """
    found = [
        entitlement
        for entitlement in _granted(subject, account_id, None)
        if entitlement.allows(kind)
    ]
    if not found:
        raise AccessDenied(
            f"You have no role in this account that gives {_FOR[kind]}. Check the account id in "
            "the link, or look for the account in your list.",
            f"no mapping in force gives {kind} in {account_id!r}",
        )
    return found


def _granted(subject: Subject, account_id: str, role_name: str | None) -> Sequence[Entitlement]:
    return entitlements.resolve(
        subject=subject, now=timezone.now(), account_id=account_id, role_name=role_name
    ).granted
