"""Durations in seconds, as people write them ("8h", "90m", "3600s", "3600") and as pages say them ("1 hour 30 minutes")."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WRITTEN = re.compile(r"([0-9]{1,9})([smh]?)\Z")
_SECONDS = {"h": 3600, "m": 60, "s": 1, "": 1}
_PART = r"([0-9]{1,9}) ?(d|h|m|s|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?)"
_IN_WORDS = re.compile(rf"{_PART}(?:(?: |, ?| and ){_PART}){{0,3}}\Z")
_WORD = re.compile(_PART)
_SECONDS_BY_LETTER = {**_SECONDS, "d": 86400}


def parse(text: str) -> int | None:
    """Return the seconds of a written duration, None if it is none: "90m" -> 5400."""
    match = _WRITTEN.match(text)
    return int(match[1]) * _SECONDS[match[2]] if match else None


def read(text: str) -> int | None:
    """Return the seconds of a duration as people type it, None if it is none: "8 hours", "1 hour 30 minutes", "90m"."""
    plain = " ".join(text.lower().split())
    if (seconds := parse(plain)) is not None:
        return seconds
    if not _IN_WORDS.match(plain):
        return None
    return sum(int(number) * _SECONDS_BY_LETTER[unit[0]] for number, unit in _WORD.findall(plain))


def write(seconds: int) -> str:
    """Return a duration in the largest unit without a remainder: 5400 -> "90m"."""
    unit = next(unit for unit, size in _SECONDS.items() if seconds % size == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def in_words(seconds: int) -> str:
    """Return a duration as pages say it, rounded down to minutes: 5400 -> "1 hour 30 minutes"."""
    hours, minutes = divmod(max(seconds, 0) // 60, 60)
    counts = ((hours, "hour"), (minutes, "minute"))
    parts = [f"{count:,} {unit}{'' if count == 1 else 's'}" for count, unit in counts if count]
    return " ".join(parts) or "less than a minute"


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds as a fact of a message: each surface says them in the reader's language."""

    seconds: int

    def __str__(self) -> str:
        return in_words(self.seconds)
