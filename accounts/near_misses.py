"""Claim values that differ from what a mapping wants only in ways that people do not see."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable


def difference(value: str, wanted: str) -> str:
    """Say what makes two texts differ that look alike; "" if they are the same, or really differ.

    Only for people to read: what a mapping gives is decided letter by letter.
    """
    if value == wanted or folded(value) != folded(wanted):
        return ""
    ways: dict[str, Callable[[str], str]] = {
        "spaces at its ends": str.strip,
        "upper and lower case": str.casefold,
        "the Unicode form of its letters": lambda text: unicodedata.normalize("NFKC", text),
    }
    for way, made_alike in ways.items():
        if made_alike(value) == made_alike(wanted):
            return way
    return "case, spaces and Unicode form"


def by_folded(values: Iterable[str]) -> dict[str, list[str]]:
    """Return values by what those that look alike have in common."""
    alike: dict[str, list[str]] = {}
    for value in sorted(values):
        alike.setdefault(folded(value), []).append(value)
    return alike


def folded(text: str) -> str:
    """Return what two texts that look alike have in common (Unicode 3.13, "compatibility caseless match")."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).strip()
