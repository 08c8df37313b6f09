"""Make what cannot be seen in a name visible, so that nobody passes for somebody else by it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

# Printable to Python, and drawn as nothing or as a space.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIATIONS = (("\u180b", "\u180f"), ("\ufe00", "\ufe0f"), ("\U000e0100", "\U000e01ef"))
_WIDE_SPACE = "\u3000"  # Plain to see, and usual between Japanese names.


def visible(text: str) -> str:
    """Return a name with invisible and direction-changing characters as their code points.

    "pay\u202ements" -> "pay[U+202E]ments". These are controls, format characters (bidirectional
    marks, zero-width joiners and spaces, tags), fillers, unusual spaces, and spaces at the edges or
    side by side. Letters that look alike are left alone: the page shows issuer and `sub` for them.
    `client/gatehouse_client/visible.py` is the same for the command line.
    """
    marked = dict(hidden(text))
    if not marked:
        return text
    return "".join(
        _marked(character) if place in marked else character for place, character in enumerate(text)
    )


def as_line(text: str, length: int) -> str:
    """Return somebody else's text as one line that can be shown and logged."""
    return "".join(character if character.isprintable() else " " for character in text[:length])


def hidden(text: str) -> Iterator[tuple[int, str]]:
    """Yield place and character of all that `visible` marks, and that names may not hold."""
    if text.isascii() and text.isprintable() and text == text.strip() and "  " not in text:
        return
    for place, character in enumerate(text):
        if is_hidden(character, before=text[place - 1 : place] if place else "") or (
            character == " " and (place in (0, len(text) - 1) or text[place - 1] == " ")
        ):
            yield place, character


def visible_lines(text: str) -> str:
    """Return a text of several lines, such as JSON, with its hidden characters marked; spaces are its layout."""
    return "".join(
        _marked(character)
        if character != "\n" and is_hidden(character, before=text[place - 1 : place])
        else character
        for place, character in enumerate(text)
    )


def is_hidden(character: str, *, before: str = "") -> bool:
    """Whether a character cannot be seen, or changes the direction of others; `before` is the one before it."""
    if character.isascii() and character.isprintable():
        return False
    if any(first <= character <= last for first, last in _VARIATIONS):
        # After a symbol it chooses between black and white and coloured drawing.
        return not (before and unicodedata.category(before) == "So")
    return character in _BLANK or not (character.isprintable() or character == _WIDE_SPACE)


def _marked(character: str) -> str:
    return f"[U+{ord(character):04X}]"
