"""The chips below the search of the start page: one environment, and only privileged roles. Each is a link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.utils.translation import gettext

from portal.pages.account_list import AccountRow
from portal.pages.own_roles import OwnRoles


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is chosen: the name of an environment or "", and whether only privileged roles are shown."""

    environment: str = ""
    privileged: bool = False

    def __bool__(self) -> bool:
        return bool(self.environment) or self.privileged


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip: its text, an environment's colour, where it leads, and whether it is chosen."""

    label: str
    colour: str
    query: str
    chosen: bool


def chosen(query: Mapping[str, str], own: OwnRoles) -> Chosen:
    """Read the chosen chips; an environment in which somebody has nothing is none."""
    names = {environment.name for environment in own.environments}
    environment = query.get("environment", "")
    return Chosen(environment if environment in names else "", "privileged" in query)


def fitting(accounts: Sequence[AccountRow], chosen: Chosen) -> Sequence[AccountRow]:
    """Return the accounts of the chosen environment, and of them only the privileged roles if that is chosen."""
    if chosen.environment:
        accounts = [
            each
            for each in accounts
            if each.environment and each.environment.name == chosen.environment
        ]
    return list(_privileged(accounts)) if chosen.privileged else accounts


def parameters(query: str, chosen: Chosen) -> dict[str, str]:
    """Return the parameters of a page with this search and these chips."""
    asked = {"q": query, "environment": chosen.environment}
    if chosen.privileged:
        asked["privileged"] = "1"
    return {name: value for name, value in asked.items() if value}


def offered(own: OwnRoles, chosen: Chosen, query: str) -> list[Chip]:
    """Return the chips that can make the list shorter. A chosen one leads to the page without it."""
    found = []
    if len(own.environments) > 1:
        for environment in own.environments:
            is_chosen = environment.name == chosen.environment
            after = replace(chosen, environment="" if is_chosen else environment.name)
            address = urlencode(parameters(query, after))
            found.append(Chip(environment.label, environment.colour, address, is_chosen))
    if own.some_are_privileged:
        after = replace(chosen, privileged=not chosen.privileged)
        address = urlencode(parameters(query, after))
        found.append(Chip(gettext("Privileged"), "", address, chosen.privileged))
    return found


def _privileged(accounts: Iterable[AccountRow]) -> Iterable[AccountRow]:
    for account in accounts:
        roles = tuple(role for role in account.roles if role.privileged)
        if roles:
            yield replace(account, roles=roles)
