"""Numbers and lists in words."""

from __future__ import annotations

from collections.abc import Sequence


def count(number: int, noun: str) -> str:
    """Return "1 account" or "1,200 accounts"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shortened(values: Sequence[str], *, at_most: int = 3) -> tuple[Sequence[str], int]:
    """Return the first values and how many more there are; never "and 1 more"."""
    return (values, 0) if len(values) <= at_most + 1 else (values[:at_most], len(values) - at_most)
