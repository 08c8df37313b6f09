"""What a permission set may say of its IAM roles: their inline policy, managed policies and boundary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accounts.aws.session_policies import fault_of_arns, fault_of_inline

REVOKER_ROLE = "GatehouseRevoker"
"""The name of the role of an account that ends sessions. Nobody may be given it."""


def fault_of_name(name: str) -> str:
    """Say why people cannot be given an IAM role of this name; "" if they can. IAM knows no two that differ by case."""
    if name.casefold() == REVOKER_ROLE.casefold():
        return f"{REVOKER_ROLE} is the portal's own role, which ends sessions. Choose another name."
    return ""


def faults_of_permissions(
    *, role_policy: str, role_policy_arns: Any, permissions_boundary: str
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, each with the name of the value.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    faults = {
        "role_policy": role_policy and fault_of_inline(role_policy),
        "role_policy_arns": fault_of_arns(role_policy_arns),
        "permissions_boundary": permissions_boundary and fault_of_arns([permissions_boundary]),
    }
    yield from ((name, fault) for name, fault in faults.items() if fault)
