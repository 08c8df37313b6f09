"""Find words in text and mark them, letter by letter as static/portal/words.js does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

# A longer search is nobody's; the words are looked for in every row.
LONGEST_SEARCH = 200
# What parts words, spelt out: Python and JavaScript differ on what a space is.
_SPACES = re.compile("[ \t\n\r\f\v\u00a0\u3000]+")

Words = Sequence[str]


def words_in(text: str) -> Words:
    """Return the words of a search, each once, as they are looked for."""
    return [word for word in dict.fromkeys(_SPACES.split(fold(text[:LONGEST_SEARCH]))) if word]


def fold(text: str) -> str:
    """Make text comparable whatever its case, each letter on its own."""
    return text.lower() if text.isascii() else "".join(map(str.lower, text))


def marked(text: str, words: Words) -> str:
    """Return text as HTML, every letter that is part of a word found in it within <mark>."""
    if not words:
        return escape(text)
    return "".join(
        f"<mark>{escape(piece)}</mark>" if found else escape(piece)
        for piece, found in pieces(text, words)
    )


def pieces(text: str, words: Words) -> Iterator[tuple[str, bool]]:
    """Cut text into what belongs to a word found in it and what does not."""
    letters = [fold(letter) for letter in text]
    folded = "".join(letters)
    hit = bytearray(len(folded))
    for word in words:
        place = folded.find(word)
        while place >= 0:
            hit[place : place + len(word)] = b"\x01" * len(word)
            place = folded.find(word, place + 1)
    # A letter may fold to more than one: it is hit where any of them is.
    place, found = 0, []
    for letter, lower in zip(text, letters, strict=True):
        found.append((letter, any(hit[place : place + len(lower)])))
        place += len(lower)
    for is_hit, run in groupby(found, key=lambda pair: pair[1]):
        yield "".join(letter for letter, _ in run), is_hit
