"""What each person of the demo has access to, as the portal decides it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from accounts.entitlements import resolve
from accounts.types import Entitlement, Subject
from demo.identity.users import User


def access_summary(person: User, *, issuer: str, now: datetime) -> list[str]:
    """Return a line for each role of a person, with its accounts."""
    claims = person.standard_claims()
    granted = resolve(
        subject=Subject(issuer=issuer, sub=claims["sub"], claims=claims), now=now
    ).granted
    lines = [_line(role, accounts) for role, accounts in _by_role(granted).items()]
    if "portal-admins" in person.groups:
        lines.append("the admin pages")
    return lines or ["nothing"]


def _by_role(granted: Iterable[Entitlement]) -> dict[str, list[str]]:
    by_role: dict[str, list[str]] = defaultdict(list)
    for entitlement in granted:
        only = ""
        if not entitlement.keys:
            only = " (console only)"
        elif not entitlement.console:
            only = " (keys only)"
        by_role[f"{entitlement.role.role_name}{only}"].append(entitlement.role.account_name)
    return dict(sorted(by_role.items()))


def _line(role: str, accounts: list[str]) -> str:
    if len(accounts) > 6:
        return f"{role} in {len(accounts)} accounts"
    return f"{role} in {', '.join(accounts)}"
