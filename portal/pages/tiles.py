"""The first thing on the start page: favourites in their order, then what was used last."""

from __future__ import annotations

from dataclasses import dataclass

from accounts import favourites
from accounts.favourites import Named
from accounts.models import Person
from portal.pages import listing, rows
from portal.pages.kept import Shown
from portal.pages.words import Words


@dataclass(frozen=True, slots=True)
class Tiles:
    """Tiles as HTML; favourites and uses of what somebody no longer has are not among them."""

    favourites: tuple[str, ...]
    recent: tuple[str, ...]


def tiles(*, person: Person, shown: Shown, words: Words = ()) -> Tiles:
    """Return the tiles of what somebody still has, and of that what a search finds."""
    starred = had(favourites.favourites(person=person), shown)
    used = [name for name in favourites.recent(person=person) if name not in starred]
    # With a single account everything is in view as it is.
    recent = had(used, shown)[: favourites.RECENT] if len(shown.accounts) > 1 else []
    return Tiles(
        favourites=_tiles(starred, shown, words, starred=True),
        recent=_tiles(recent, shown, words, starred=False),
    )


def had(names: tuple[Named, ...] | list[Named], shown: Shown) -> list[Named]:
    """Return those of these roles that somebody has now."""
    return [name for name in names if name in shown.roles]


def _tiles(names: list[Named], shown: Shown, words: Words, *, starred: bool) -> tuple[str, ...]:
    accounts = (listing.account_row([shown.roles[name]]) for name in names)
    return tuple(
        rows.tile(account, starred=starred, words=words)
        for account in listing.found(accounts, words)
    )
