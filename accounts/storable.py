"""Make what comes from outside fit for a database: any text, any number, as JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

# PostgreSQL takes no NUL in a text, and no database driver takes half a surrogate pair.
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_LARGEST = 2**63


def is_storable(text: str) -> bool:
    """Whether a database can hold this text as it is, and so compare it."""
    # Nearly every text is ASCII, which Python knows without looking.
    return (text.isascii() and "\x00" not in text) or _NOT_STORABLE.search(text) is None


def storable(value: Any) -> Any:
    """Return a value as JSON that any database can hold.

    What it cannot hold becomes �, and never disappears: that could turn a value into another that
    means something.
    """
    match value:
        case str():
            return value if is_storable(value) else _NOT_STORABLE.sub("\ufffd", value)
        case None | bool():
            return value
        case int():
            return value if abs(value) < _LARGEST else "\ufffd"
        case float():
            return value if math.isfinite(value) else "\ufffd"
        case Mapping():
            return {storable(str(key)): storable(found) for key, found in value.items()}
        case list() | tuple() | set() | frozenset():
            return [storable(found) for found in value]
    return storable(str(value))
