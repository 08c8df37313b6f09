"""Arrange entitlements as the start page lists them: found by words, by organizational unit, by account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from accounts.types import Entitlement, Environment, OfferedRole

# A longer search is nobody's; the words are looked for in every row.
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role in its account: what its buttons send, and which of them there are."""

    name: str
    privileged: bool
    console: bool
    keys: bool
    value: str
    query: str


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account; `find` is what a search also looks at, beside what can be read in the row."""

    account_id: str
    name: str
    environment: Environment | None
    find: str
    roles: tuple[RoleRow, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """The accounts of one organizational unit."""

    name: str
    accounts: tuple[AccountRow, ...]


def search(entitlements: Iterable[Entitlement], words: str) -> list[Entitlement]:
    """Return the entitlements in which every word is found, whatever its case.

    Words are looked for in the account's name, id, unit, environment and tags, and in the role's
    name. search.js finds the same in the page.
    """
    wanted = words[:LONGEST_SEARCH].casefold().split()
    return [found for found in entitlements if all(word in _text(found.role) for word in wanted)]


def by_unit(entitlements: Iterable[Entitlement]) -> list[Unit]:
    """Arrange by organizational unit, account and role; accounts outside of any unit come last."""
    ordered = sorted(entitlements, key=_place)
    return [
        Unit(
            name=unit.replace("/", " / "),
            accounts=tuple(
                _account(list(rows))
                for _, rows in groupby(members, key=lambda found: found.role.account_id)
            ),
        )
        for unit, members in groupby(ordered, key=lambda found: found.role.organizational_unit)
    ]


def _place(found: Entitlement) -> tuple[bool, str, str, str, str, str]:
    role = found.role
    unit = role.organizational_unit
    name = role.account_name
    return (not unit, unit.casefold(), unit, name.casefold(), role.account_id, role.role_name)


def _account(rows: Sequence[Entitlement]) -> AccountRow:
    role = rows[0].role
    return AccountRow(
        account_id=role.account_id,
        name=role.account_name,
        environment=role.environment,
        find=_unread(role),
        roles=tuple(map(_role, rows)),
    )


def _role(found: Entitlement) -> RoleRow:
    role = found.role
    return RoleRow(
        name=role.role_name,
        privileged=role.privileged,
        console=found.console,
        keys=found.keys,
        value=f"{role.account_id}/{role.role_name}",
        query=urlencode({"account_id": role.account_id, "role_name": role.role_name}),
    )


def _text(role: OfferedRole) -> str:
    read = (role.account_name, role.account_id, role.role_name)
    return "\n".join((*read, _unread(role))).casefold()


def _unread(role: OfferedRole) -> str:
    """What a search looks at beside names and id, one a line: no word reaches across."""
    environment = (role.environment.name, role.environment.label) if role.environment else ()
    tags = (f"{key}={value}" for key, value in role.tags)
    return "\n".join((role.organizational_unit, *environment, *tags))
