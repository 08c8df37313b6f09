"""Names that people read and copy: no characters that cannot be seen, no spaces at the edges."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError

# Control characters, format characters (zero-width, direction), surrogates, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def plain_text(text: str) -> None:
    """Refuse a name that looks like another one, or breaks the file or line it is copied into.

    Raises:
        ValidationError: it begins or ends with a space, or has a tab, a line break or a character
            that cannot be seen.
    """
    if text != text.strip():
        raise ValidationError("Remove the spaces at the beginning and at the end.", code="spaces")
    for number, character in enumerate(text, start=1):
        if unicodedata.category(character) in _UNSEEN:
            raise ValidationError(
                f"Character {number} cannot be seen (U+{ord(character):04X}). Tabs, line breaks and "
                "zero-width characters are not possible in a name. Remove it.",
                code="unseen",
            )


def plain_path(path: str) -> None:
    """Refuse a path of units whose parts are no such names; raises ValidationError."""
    for part in path.split("/"):
        plain_text(part)
