"""Keep, in this process, what people are shown; what they get is decided anew each time, elsewhere.

What was kept is shown again only while nothing it was made of has changed: the directory and the
mappings (`accounts.revisions`), the rows of the sign-in and the person, which every request reads, and
what time alone changes.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar

from django.db.models import Model

from accounts import revisions
from accounts.claims import ClaimProblem
from accounts.entitlements import resolve
from accounts.models import SignIn
from accounts.signins import subject_of
from accounts.types import Entitlement, Named
from portal.pages import listing
from portal.pages.summary import Summary, summary

# Roles kept in all, at about 2 KB each; somebody with more than that is not kept at all.
MOST_ROLES = 20_000

# Of the rows of a sign-in, a person and their preferences: no columns, or told apart on their own.
_ASIDE = {"_state", "revision", "chosen"}

T = TypeVar("T")
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody may do now, arranged, with the pieces of pages that were made of it."""

    roles: dict[Named, Entitlement]
    problems: tuple[ClaimProblem, ...]
    accounts: tuple[listing.AccountRow, ...]
    summary: Summary
    until: datetime | None
    _made: dict[str, tuple[object, Any]] = field(default_factory=dict, repr=False)

    @property
    def grouped(self) -> bool:
        """Whether the names of units tell anything."""
        return len(self.accounts) > 1 and bool(self.accounts[0].unit)

    def once(self, name: str, make: Callable[[], T], *, basis: object = None) -> T:
        """Return what was made under this name from the same basis, else make it."""
        made = self._made.get(name)
        if made is None or made[0] != basis:
            made = self._made[name] = (basis, make())
        found: T = made[1]
        return found


_kept: OrderedDict[Key, Shown] = OrderedDict()
_lock = Lock()


def shown(*, sign_in: SignIn, now: datetime) -> Shown:
    """Return what to show to whoever signed in: what was kept where that still holds."""
    # Read with the sign-in, and so before all that it marks.
    mark = getattr(sign_in, "revision", None)
    if mark is None:
        return _look(sign_in, now)
    key = (mark, _digest(sign_in))
    with _lock:
        found = _kept.get(key)
        if found is not None and (found.until is None or now < found.until):
            _kept.move_to_end(key)
            return found
    found = _look(sign_in, now)
    with _lock:
        _kept[key] = found
        _kept.move_to_end(key)
        roles = sum(len(each.roles) for each in _kept.values())
        while _kept and (roles > MOST_ROLES or next(iter(_kept))[0] != mark):
            roles -= len(_kept.popitem(last=False)[1].roles)
    return found


def forget() -> None:
    """Keep nothing of what was kept."""
    with _lock:
        _kept.clear()


def _look(sign_in: SignIn, now: datetime) -> Shown:
    # Before the decision: what begins or ends in between is then merely looked at again.
    until = revisions.next_by_time(now=now)
    decided = resolve(subject=subject_of(sign_in), now=now)
    return Shown(
        roles={
            Named(found.role.account_id, found.role.role_name): found for found in decided.granted
        },
        problems=decided.problems,
        accounts=listing.arranged(decided.granted),
        summary=summary(decided.granted),
        until=until,
    )


def _digest(sign_in: SignIn) -> str:
    """Tell apart everything a page could say of a sign-in, the person and what they prefer."""
    person = sign_in.person
    rows = (sign_in, person, getattr(person, "preferences", None))
    values = [_columns(row) for row in rows if row is not None]
    return hashlib.sha256(repr(values).encode()).hexdigest()


def _columns(row: Model) -> dict[str, object]:
    return {name: value for name, value in vars(row).items() if name not in _ASIDE}
