"""The first thing on the start page: favourites in their order, then what was used last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from accounts import favourites
from accounts.models import Person
from accounts.types import Named
from portal.pages import listing, rows
from portal.pages.own_roles import OwnRoles
from portal.pages.words import Words


@dataclass(frozen=True, slots=True)
class Chosen:
    """The roles of the tiles. Favourites and uses of what somebody no longer has are not among them."""

    favourites: tuple[Named, ...]
    recent: tuple[Named, ...]


def chosen(*, person: Person, own: OwnRoles) -> Chosen:
    """Return what of somebody's favourites and uses they still have."""
    starred = had(favourites.favourites(person=person), own)
    used = had(favourites.recent(person=person), own)
    recent = tuple(name for name in used if name not in starred)[: favourites.RECENT]
    # With a single account everything is in view as it is.
    return Chosen(starred, recent if len(own.accounts) > 1 else ())


def had(names: Iterable[Named], own: OwnRoles) -> tuple[Named, ...]:
    """Return those of these roles that somebody has now."""
    return tuple(name for name in names if name in own.by_name)


def markup(tiles: Chosen, own: OwnRoles, words: Words = ()) -> SafeString:
    """Render the tiles; of these, where there are words, what a search finds."""
    context = {
        "favourites": _tiles(tiles.favourites, own, words, starred=True),
        "recent": _tiles(tiles.recent, own, words, starred=False),
    }
    return mark_safe(render_to_string("pages/tiles.html", context))  # noqa: S308


def _tiles(names: Iterable[Named], own: OwnRoles, words: Words, *, starred: bool) -> list[str]:
    accounts = (listing.account_row([own.by_name[name]]) for name in names)
    return [
        rows.tile(account, starred=starred, words=words)
        for account in listing.found(accounts, words)
    ]
