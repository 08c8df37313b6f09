"""Arrange entitlements as pages list them: by organizational unit and account; found by words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from accounts.types import Entitlement, Environment, OfferedRole
from portal.pages import wording
from portal.pages.words import LONGEST_SEARCH, Words, fold, words_in

__all__ = ["LONGEST_SEARCH", "AccountRow", "RoleRow", "arranged", "found", "said", "search"]


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role as a row shows it, in whatever account: which buttons it has, and whether it stands apart."""

    name: str
    privileged: bool
    console: bool
    keys: bool


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with its roles; `unread` is what a search looks at and nobody reads in the row."""

    account_id: str
    name: str
    environment: Environment | None
    unit: str
    unread: tuple[str, ...]
    roles: tuple[RoleRow, ...]

    @property
    def text(self) -> str:
        """What a search looks at, one a line: no word reaches across."""
        label = self.environment.label if self.environment else ""
        return fold("\n".join((self.name, self.account_id, label, self.unit, *self.unread)))


def arranged(entitlements: Iterable[Entitlement]) -> tuple[AccountRow, ...]:
    """Arrange by unit, account and role; accounts outside of any unit come last, as privileged roles do."""
    ordered = sorted(entitlements, key=_place)
    return tuple(
        account_row(list(members))
        for _, members in groupby(ordered, key=lambda found: found.role.account_id)
    )


def account_row(entitlements: Sequence[Entitlement]) -> AccountRow:
    """Return the row of one account with these of its roles."""
    role = entitlements[0].role
    return AccountRow(
        account_id=role.account_id,
        name=role.account_name,
        environment=role.environment,
        unit=role.organizational_unit,
        unread=_unread(role),
        roles=tuple(
            RoleRow(
                name=found.role.role_name,
                privileged=found.role.privileged,
                console=found.console,
                keys=found.keys,
            )
            for found in entitlements
        ),
    )


def found(accounts: Iterable[AccountRow], words: Words) -> list[AccountRow]:
    """Return the accounts in which every word is found, each with the roles in which it is.

    Words are looked for in the account's name, id, unit, environment and tags, and in the role's
    name. static/portal/search.js finds the same in the page.
    """
    rows = []
    for account in accounts:
        text = account.text
        missing = [word for word in words if word not in text]
        roles = tuple(
            role
            for role in account.roles
            if not missing or all(word in fold(role.name) for word in missing)
        )
        if roles:
            rows.append(
                account if len(roles) == len(account.roles) else replace(account, roles=roles)
            )
    return rows


def search(entitlements: Iterable[Entitlement], text: str) -> list[Entitlement]:
    """Return the entitlements in which every word of this text is found, as `found` does."""
    words = words_in(text)
    return [one for one in entitlements if found([account_row([one])], words)]


def said(count: int) -> str:
    """Return what those who listen are told of a search, as static/portal/words.js says it."""
    return f"{wording.count(count, 'role')} found" if count else ""


def beside(role: OfferedRole) -> str:
    """Return what a search looks at beside what is read of a role: its unit, then the rest, one a line."""
    return "\n".join((role.organizational_unit, *_unread(role)))


def _place(found: Entitlement) -> tuple[bool, str, str, str, str, bool, str]:
    role = found.role
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


def _unread(role: OfferedRole) -> tuple[str, ...]:
    """The environment's name where its label says something else, and the tags."""
    tags = (f"{key}={value}" for key, value in role.tags)
    environment = role.environment
    if environment is None or fold(environment.name) == fold(environment.label):
        return tuple(tags)
    return (environment.name, *tags)
