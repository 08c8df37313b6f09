"""The translations say everything: nothing is missing or doubtful, and gaps, tags and edges are those of the English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation import to_locale

LANGUAGES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
GAP = re.compile(r"%%?\([a-z_]+\)[sd]|\{[a-z_]+\}")
TAG = re.compile(r"</?[a-z][^>]*>|&[a-z]+;")


def catalog(language: str) -> polib.POFile:
    folder = Path(settings.LOCALE_PATHS[0]) / to_locale(language) / "LC_MESSAGES"
    return polib.pofile(folder / "django.po")


def pairs(language: str) -> Iterator[tuple[str, str, bool]]:
    """Yield each English text, a translation of it, and whether it may leave out the number ("one")."""
    for entry in catalog(language):
        if entry.obsolete:
            continue
        if not entry.msgid_plural:
            yield entry.msgid, entry.msgstr, False
            continue
        for form, translated in entry.msgstr_plural.items():
            yield entry.msgid_plural, translated, form == 0


def differing(pattern: re.Pattern[str], language: str) -> list[str]:
    return [
        f"{english} -> {translated}"
        for english, translated, is_one in pairs(language)
        if (wanted := Counter(pattern.findall(english)))
        != (got := Counter(pattern.findall(translated)))
        # "one role" may do without its number.
        and not (is_one and got + Counter(["%(count)s"]) == wanted)
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_translated_and_nothing_is_doubtful(language: str) -> None:
    assert [english for english, translated, _ in pairs(language) if not translated.strip()] == []
    assert [entry.msgid for entry in catalog(language) if entry.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_gaps_are_those_of_the_english(language: str) -> None:
    assert differing(GAP, language) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_tags_and_entities_are_those_of_the_english(language: str) -> None:
    assert differing(TAG, language) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_spaces_and_line_breaks_at_the_edges_are_those_of_the_english(language: str) -> None:
    def edges(text: str) -> tuple[bool, bool]:
        return text[:1].isspace(), text[-1:].isspace()

    # Between two sentences Japanese has no space.
    found = [
        english
        for english, translated, _ in pairs(language)
        if english != ". " and edges(english) != edges(translated)
    ]

    assert found == []
