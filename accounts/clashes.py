"""Find two roles of an account with the same ARN: the audit trail could not tell them apart."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import AccountRole


def same_arn(roles: Iterable[AccountRole]) -> str:
    """Return a complaint about two of these roles that have one ARN, "" if there are none.

    The roles need not be stored; their account and permission set must be set.
    """
    seen: dict[str, AccountRole] = {}
    for role in roles:
        other = seen.setdefault(role.arn, role)
        if other is not role:
            return (
                f"In {role.account}, “{other.permission_set}” and “{role.permission_set}” would "
                f"both be {role.arn}. Give one of them another IAM role name or path."
            )
    return ""
