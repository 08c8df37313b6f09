"""Find roles of an account that cannot be: two with the same ARN, and one that can give nothing there."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import AccountRole
from accounts.models.directory import TrustMethod


def same_arn(roles: Iterable[AccountRole]) -> str:
    """Return a complaint about two of these roles that have one ARN, "" if there are none.

    The audit trail could not tell them apart. The roles need not be stored; their account and permission set must be set.
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


def gives_nothing(roles: Iterable[AccountRole]) -> str:
    """Return a complaint about a role that offers only keys in an account that gives none, "" if there is none."""
    for role in roles:
        if role.account.trust_method == TrustMethod.SWITCH_ROLE and not role.permission_set.console:
            return (
                f"“{role.permission_set}” offers only keys, and {role.account} gives none: its trust method is "
                "switch-role. Leave this permission set out, or choose another trust method."
            )
    return ""
