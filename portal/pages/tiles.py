"""The tiles at the top of the start page: favourites in their order, then the roles used most recently."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from accounts import favourites
from accounts.models import Person
from accounts.types import RoleRef
from portal.pages import account_html, account_list
from portal.pages.own_roles import OwnRoles
from portal.pages.search import Words, matching_accounts


@dataclass(frozen=True, slots=True)
class Tiles:
    """The roles that are tiles. Nobody sees a tile of a role that they no longer have."""

    favourites: tuple[RoleRef, ...]
    recent: tuple[RoleRef, ...]


def tiles_of(person: Person, own: OwnRoles) -> Tiles:
    """Return the favourites and recent roles that somebody still has."""
    chosen = favourites.chosen_roles(person=person)
    starred, used = still_had(chosen.favourites, own), still_had(chosen.recent, own)
    recent = tuple(name for name in used if name not in starred)[: favourites.RECENT]
    # With a single account everything is in view without tiles.
    return Tiles(starred, recent if len(own.accounts) > 1 else ())


def still_had(names: Iterable[RoleRef], own: OwnRoles) -> tuple[RoleRef, ...]:
    """Return those of these roles that somebody has now."""
    return tuple(name for name in names if name in own.by_name)


def tiles_html(tiles: Tiles, own: OwnRoles, words: Words = ()) -> SafeString:
    """Render the tiles; with the words of a search, only those that match."""
    context = {
        "favourites": _each(tiles.favourites, own, words, starred=True),
        "recent": _each(tiles.recent, own, words, starred=False),
    }
    return mark_safe(render_to_string("pages/tiles.html", context))  # noqa: S308


def _each(names: Iterable[RoleRef], own: OwnRoles, words: Words, *, starred: bool) -> list[str]:
    accounts = (account_list.account_row([own.by_name[name]]) for name in names)
    return [
        account_html.tile(account, starred=starred, words=words)
        for account in matching_accounts(accounts, words)
    ]
