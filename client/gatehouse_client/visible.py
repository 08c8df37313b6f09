"""Names, moments and durations in a terminal, as the portal's pages show them."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any

# Printable to Python, and drawn as nothing or as a space.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIATIONS = (("\u180b", "\u180f"), ("\ufe00", "\ufe0f"), ("\U000e0100", "\U000e01ef"))
_WIDE_SPACE = "\u3000"


def visible(text: str) -> str:
    """Return a name with invisible and direction-changing characters as their code points.

    "pay\u202ements" -> "pay[U+202E]ments". The same as the portal's accounts/visible.py; a test compares.
    """
    return "".join(
        f"[U+{ord(character):04X}]" if _is_hidden(text, place) else character
        for place, character in enumerate(text)
    )


def label(me: dict[str, Any]) -> str:
    """Return what the portal calls somebody: an address that nobody verified is marked."""
    email, name = str(me.get("email") or ""), str(me.get("name") or "")
    if "@" in (email or name) and not (email and me.get("email_verified")):
        return f"{visible(email or name)} (unverified)"
    return visible(email or name or str(me["sub"]))


def moment(seconds: float) -> str:
    """Return a moment in this machine's time zone: "28 November 2026, 19:00 CET"."""
    local = datetime.fromtimestamp(seconds).astimezone()
    return f"{local.day} {_MONTHS[local.month - 1]} {local:%Y, %H:%M %Z}"


def duration(seconds: int) -> str:
    """Return "1 hour 30 minutes", rounded down to minutes."""
    hours, minutes = divmod(max(seconds, 0) // 60, 60)
    counts = ((hours, "hour"), (minutes, "minute"))
    parts = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in counts if count]
    return " ".join(parts) or "less than a minute"


# Not strftime's, which a program that sets a locale changes.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _is_hidden(text: str, place: int) -> bool:
    character, before = text[place], text[place - 1] if place else ""
    if character == " ":
        return place in (0, len(text) - 1) or before == " "
    if any(first <= character <= last for first, last in _VARIATIONS):
        # After a symbol it chooses between black and white and coloured drawing.
        return not (before and unicodedata.category(before) == "So")
    return character in _BLANK or not (character.isprintable() or character == _WIDE_SPACE)
