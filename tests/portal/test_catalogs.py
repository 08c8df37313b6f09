"""The translations in portal/locale: compiled, and of what is there."""

from __future__ import annotations

from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation import to_locale

LOCALE = Path(settings.LOCALE_PATHS[0])
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def folder(language: str) -> Path:
    return LOCALE / to_locale(language) / "LC_MESSAGES"


def test_each_language_has_a_catalog_and_each_catalog_a_language() -> None:
    assert {path.name for path in LOCALE.iterdir()} == set(map(to_locale, LANGUAGES))


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalog_is_that_of_the_text(language: str) -> None:
    text = polib.pofile(folder(language) / "django.po")
    compiled = polib.mofile(folder(language) / "django.mo")

    def translated(catalog: polib.POFile | polib.MOFile) -> dict[tuple[str, str], object]:
        return {
            (entry.msgctxt or "", entry.msgid): entry.msgstr_plural or entry.msgstr
            for entry in catalog.translated_entries()
        }

    assert translated(compiled) == translated(text), "run: make messages"


def test_all_languages_have_the_same_messages() -> None:
    found = {
        language: {
            (entry.msgctxt, entry.msgid) for entry in polib.pofile(folder(language) / "django.po")
        }
        for language in LANGUAGES
    }

    assert all(messages == found["de"] for messages in found.values()), "run: make messages"
