"""Make values from outside storable in any database, as text or JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

# PostgreSQL stores no NUL in a text, and no database driver takes half of a surrogate pair.
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_LARGEST = 2**63


def is_storable(text: str) -> bool:
    """Whether a database can store this text unchanged, and so compare it."""
    # Nearly every text is ASCII; Python knows that without a search.
    return (text.isascii() and "\x00" not in text) or _NOT_STORABLE.search(text) is None


def storable(value: Any) -> Any:
    """Return a value as JSON that any database can store.

    What it cannot store becomes �. It is not removed: that could turn a value into another one that
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
            return {storable(str(key)): storable(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [storable(item) for item in value]
    return storable(str(value))
