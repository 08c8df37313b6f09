"""Search accounts and roles by words, and mark the words; static/portal/matching.js does the same in the browser."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape
from itertools import groupby

from django.utils.translation import ngettext

from accounts.types import Entitlement, OfferedRole
from portal.pages.account_list import AccountRow, account_row, hidden_text
from portal.wording import number

# Each word is looked for in every account, so a search is cut to this length.
LONGEST_SEARCH = 200
# Spelt out because Python and JavaScript differ on what a space is.
_SPACES = re.compile("[ \t\n\r\f\v\u00a0\u3000]+")
# The accents that letters are decomposed into, and letters that Unicode does not decompose.
_ACCENTS = re.compile("[\u0300-\u036f]")
_STROKES = str.maketrans("øłđı", "oldi")

Words = Sequence[str]


def words_in(text: str) -> Words:
    """Return the words of a search, each once, in lower case and without accents."""
    return [word for word in dict.fromkeys(_SPACES.split(fold(text[:LONGEST_SEARCH]))) if word]


def matching_accounts(accounts: Iterable[AccountRow], words: Words) -> list[AccountRow]:
    """Return the accounts in which every word is found, each with the roles in which it is found.

    Words are looked for in the account's name, id, unit, environment and tags, and in the role's name.
    """
    found = []
    for account in accounts:
        text = _text(account)
        missing = [word for word in words if word not in text]
        roles = tuple(
            role
            for role in account.roles
            if not missing or all(word in fold(role.name) for word in missing)
        )
        if len(roles) == len(account.roles):
            found.append(account)
        elif roles:
            found.append(replace(account, roles=roles))
    return found


def matching_entitlements(entitlements: Iterable[Entitlement], text: str) -> list[Entitlement]:
    """Return the entitlements in which every word of a search is found."""
    words = words_in(text)
    return [each for each in entitlements if matching_accounts([account_row([each])], words)]


def result_message(count: int) -> str:
    """Return what screen readers announce: "1 role found"."""
    if not count:
        return ""
    return ngettext("%(count)s role found", "%(count)s roles found", count) % {
        "count": number(count)
    }


def hidden_lines(role: OfferedRole) -> str:
    """Return what is searched beside the text of a row, for its attribute data-find: the unit, then the rest."""
    return "\n".join((role.organizational_unit, *hidden_text(role)))


def fold(text: str) -> str:
    """Return lower case without accents, so that "zurich" finds "Zürich".

    Letter by letter: `str.lower` of a whole text also looks at neighbours.
    """
    return text.lower() if text.isascii() else "".join(map(_fold_letter, text))


def _fold_letter(letter: str) -> str:
    plain = _ACCENTS.sub("", unicodedata.normalize("NFD", letter))
    return plain.lower().translate(_STROKES)


def marked(text: str, words: Words) -> str:
    """Return text as HTML, with <mark> around every part that is one of the words."""
    if not words:
        return escape(text)
    return "".join(
        f"<mark>{escape(piece)}</mark>" if is_match else escape(piece)
        for piece, is_match in pieces(text, words)
    )


def pieces(text: str, words: Words) -> Iterator[tuple[str, bool]]:
    """Cut text into parts that match a word and parts that do not."""
    folded = [fold(letter) for letter in text]
    whole = "".join(folded)
    matches = bytearray(len(whole))
    for word in words:
        start = whole.find(word)
        while start >= 0:
            matches[start : start + len(word)] = b"\x01" * len(word)
            start = whole.find(word, start + 1)
    # A letter can become several, which match if any of them does, or none: an accent of its own is with its letter.
    start, is_match, letters = 0, False, []
    for letter, fold_of in zip(text, folded, strict=True):
        if fold_of:
            is_match = any(matches[start : start + len(fold_of)])
        letters.append((letter, is_match))
        start += len(fold_of)
    for matched, run in groupby(letters, key=lambda pair: pair[1]):
        yield "".join(letter for letter, _ in run), matched


def _text(account: AccountRow) -> str:
    """Return what is searched of an account. Lines, so that no word matches across two of them."""
    label = account.environment.label if account.environment else ""
    return fold(
        "\n".join((account.name, account.account_id, label, account.unit, *account.hidden_text))
    )
