"""Find roles by words, as the search of the portal's pages does."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

_STROKES = str.maketrans("øłđı", "oldi")


def matches(role: Mapping[str, Any], search: str) -> bool:
    """Whether each word is in the account's name, id, environment, unit or tags, or in the role's name."""
    names = (
        "account_name",
        "account_id",
        "environment_label",
        "environment",
        "organizational_unit",
    )
    tags = role.get("tags")
    texts = [
        *(str(role.get(name) or "") for name in (*names, "role_name")),
        *(f"{key}={value}" for key, value in (tags if isinstance(tags, dict) else {}).items()),
    ]
    text = _fold("\n".join(texts))
    return all(word in text for word in _fold(search).split())


def _fold(text: str) -> str:
    """Return lower case without accents, so that "zurich" finds "Zürich"."""
    letters = unicodedata.normalize("NFD", text)
    return (
        "".join(each for each in letters if not "\u0300" <= each <= "\u036f")
        .lower()
        .translate(_STROKES)
    )
