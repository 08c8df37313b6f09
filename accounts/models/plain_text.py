"""Names that people read and copy: no characters that cannot be seen, no spaces at the edges."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from accounts.visible import is_hidden


def plain_text(text: str) -> None:
    """Refuse a name that looks like another one, or breaks the file or line it is copied into.

    Raises:
        ValidationError: it begins or ends with a space, or has a tab, a line break or a character
            that cannot be seen.
    """
    if text != text.strip():
        raise ValidationError("Remove the spaces at the beginning and at the end.", code="spaces")
    for number, character in enumerate(text, start=1):
        if is_hidden(character, before=text[number - 2 : number - 1]):
            raise ValidationError(
                f"Character {number} cannot be seen (U+{ord(character):04X}). Tabs, line breaks and "
                "zero-width characters are not possible in a name. Remove it.",
                code="unseen",
            )


def plain_path(path: str) -> None:
    """Refuse a path of units whose parts are no such names; raises ValidationError."""
    for part in path.split("/"):
        plain_text(part)
