"""Moments as people read them: one form everywhere, with the zone named."""

from __future__ import annotations

from datetime import UTC, datetime


def in_words(moment: datetime, *, seconds: bool = False) -> str:
    """Return "28 November 2026, 18:00 UTC"; with seconds where records are compared."""
    return f"{moment.astimezone(UTC):%-d %B %Y, %H:%M{':%S' if seconds else ''} UTC}"
