"""Durations as people write them in forms and files: "8h", "90m", "3600s", or seconds alone."""

from __future__ import annotations

import re

_WRITTEN = re.compile(r"([0-9]{1,9})([smh]?)\Z")
_SECONDS = {"h": 3600, "m": 60, "s": 1, "": 1}


def parse(text: str) -> int | None:
    """Return the seconds of a written duration, None if it is none: "90m" -> 5400."""
    match = _WRITTEN.match(text)
    return int(match[1]) * _SECONDS[match[2]] if match else None


def write(seconds: int) -> str:
    """Return a duration in the largest unit without a remainder: 5400 -> "90m"."""
    unit = next(unit for unit, size in _SECONDS.items() if seconds % size == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"
