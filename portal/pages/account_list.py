"""The accounts and roles of the start page as values, in the order of the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from accounts import trust
from accounts.types import Entitlement, Environment, OfferedRole


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role as the list shows it. `failed_test_at` is when its last test failed, if it did."""

    name: str
    privileged: bool
    console: bool
    keys: bool
    failed_test_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with its roles. `hidden_text` is searched and only shown if it was found there.

    `only_switches`: its console is AWS's switch-role page, and there are no keys.
    """

    account_id: str
    name: str
    environment: Environment | None
    unit: str
    hidden_text: tuple[str, ...]
    roles: tuple[RoleRow, ...]
    only_switches: bool = False


def arranged(entitlements: Iterable[Entitlement]) -> tuple[AccountRow, ...]:
    """Order by organizational unit, account and role. Accounts without a unit and privileged roles come last."""
    ordered = sorted(entitlements, key=_order)
    return tuple(
        account_row(list(members))
        for _, members in groupby(ordered, key=lambda entitlement: entitlement.role.account_id)
    )


def account_row(entitlements: Sequence[Entitlement]) -> AccountRow:
    """Return one account with these of its roles."""
    first = entitlements[0].role
    return AccountRow(
        account_id=first.account_id,
        name=first.account_name,
        environment=first.environment,
        unit=first.organizational_unit,
        hidden_text=hidden_text(first),
        roles=tuple(
            RoleRow(
                name=entitlement.role.role_name,
                privileged=entitlement.role.privileged,
                console=entitlement.console,
                keys=entitlement.keys,
                failed_test_at=entitlement.role.failed_test_at,
            )
            for entitlement in entitlements
        ),
        only_switches=trust.is_link(first),
    )


def hidden_text(role: OfferedRole) -> tuple[str, ...]:
    """Return what is searched beside what the page shows: tags, and an environment's name unlike its label."""
    tags = tuple(f"{key}={value}" for key, value in role.tags)
    environment = role.environment
    if environment is None or environment.name.casefold() == environment.label.casefold():
        return tags
    return (environment.name, *tags)


def _order(entitlement: Entitlement) -> tuple[bool, str, str, str, str, bool, str]:
    role = entitlement.role
    unit = role.organizational_unit
    return (
        not unit,
        unit.casefold(),
        unit,
        role.account_name.casefold(),
        role.account_id,
        role.privileged,
        role.role_name,
    )
