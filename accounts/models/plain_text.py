"""Names that people read and copy: no characters that cannot be seen, no spaces at the edges."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from accounts.visible import hidden


def plain_text(text: str) -> None:
    """Refuse a name that looks like another one, or breaks the file or line it is copied into.

    Raises:
        ValidationError: it begins or ends with a space, has two side by side, or has a tab, a line
            break or a character that cannot be seen: what `accounts.visible` marks.
    """
    if text != text.strip():
        raise ValidationError("Remove the spaces at the beginning and at the end.", code="spaces")
    for place, character in hidden(text):
        if character == " ":
            raise ValidationError(
                f"Character {place + 1} is a second space, which pages do not show. Remove it.",
                code="spaces",
            )
        raise ValidationError(
            f"Character {place + 1} cannot be seen (U+{ord(character):04X}). Tabs, line breaks, unusual "
            "spaces and zero-width characters are not possible in a name. Remove it.",
            code="unseen",
        )


def plain_path(path: str) -> None:
    """Refuse a path of units whose parts are no such names; raises ValidationError."""
    for part in path.split("/"):
        plain_text(part)
