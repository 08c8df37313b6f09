"""The forms of the pages that explain access, and their lists in parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from accounts.storable import storable

PER_PART = 50
_FIELDS = ("person", "account_id", "role_name", "environment", "privileged", "mapping")
_LONGEST = 255


def typed(sent: Mapping[str, str]) -> dict[str, str]:
    """Return what was filled in, without the claims; what no column could hold is cut."""
    form = {name: storable(sent.get(name, "").strip())[:_LONGEST] for name in _FIELDS}
    # As AWS shows them, too: 1234-5678-9012.
    form["account_id"] = form["account_id"].replace("-", "").replace(" ", "")
    return form


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a list. `query` is the address of the list without the number of the part."""

    items: Sequence[Any]
    number: int
    total: int
    last: int
    query: str

    @property
    def earlier(self) -> int:
        return self.number - 1 if self.number > 1 else 0

    @property
    def later(self) -> int:
        return self.number + 1 if self.number < self.last else 0


def part_of(items: Sequence[Any], query: Mapping[str, str]) -> Part:
    """Return the part of a list that `page` names, from 1; the first one if there is no such part."""
    asked = query.get("page", "")
    last = max(1, -(-len(items) // PER_PART))
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else 1
    if not 1 <= number <= last:
        number = 1
    begin = (number - 1) * PER_PART
    rest = {
        name: value for name, value in query.items() if name not in ("page", "format") and value
    }
    return Part(items[begin : begin + PER_PART], number, len(items), last, urlencode(rest))
