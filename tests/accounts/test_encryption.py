"""Tokens at rest are unreadable, and stay readable to us while SECRET_KEY rotates."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.encryption import Purpose, decrypt, encrypt, needs_an_earlier_key

TOKEN = "the-refresh-token-of-alice"


def test_encrypt_shows_nothing_of_the_text() -> None:
    sealed = encrypt(TOKEN)

    assert TOKEN not in sealed
    assert sealed != encrypt(TOKEN)


@pytest.mark.parametrize("text", [TOKEN, "", "x" * 100_000, "café 🚪\n\x00", "\ud800"])
def test_decrypt_gives_back_what_was_encrypted(text: str) -> None:
    assert decrypt(encrypt(text)) == text


def test_nothing_stays_nothing() -> None:
    assert encrypt("") == ""


@pytest.mark.parametrize("sealed", ["nonsense", "é", "gAAAAA==", TOKEN])
def test_decrypt_gives_nothing_for_what_was_never_encrypted(sealed: str) -> None:
    assert decrypt(sealed) == ""


def test_decrypt_notices_a_changed_character() -> None:
    sealed = encrypt(TOKEN)
    other = "A" if sealed[40] != "A" else "B"

    assert decrypt(f"{sealed[:40]}{other}{sealed[41:]}") == ""


def test_decrypt_gives_nothing_once_the_key_is_gone(settings: Settings) -> None:
    sealed = encrypt(TOKEN)

    settings.SECRET_KEY = "another secret, as long as the first one was, and as random"

    assert decrypt(sealed) == ""


def test_decrypt_knows_the_earlier_keys(settings: Settings) -> None:
    sealed = encrypt(TOKEN)

    settings.SECRET_KEY_FALLBACKS = ["one in between", settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret, as long as the first one was, and as random"

    assert decrypt(sealed) == TOKEN


def test_encrypt_uses_the_current_key_alone(settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret, as long as the first one was, and as random"
    sealed = encrypt(TOKEN)

    settings.SECRET_KEY_FALLBACKS = []

    assert decrypt(sealed) == TOKEN


def test_what_was_encrypted_for_one_purpose_is_nothing_for_another() -> None:
    sealed = encrypt(TOKEN, purpose=Purpose.SIGNING_KEYS)

    assert decrypt(sealed, purpose=Purpose.PROVIDER_TOKENS) == ""
    assert decrypt(encrypt(TOKEN), purpose=Purpose.SIGNING_KEYS) == ""
    assert decrypt(sealed, purpose=Purpose.SIGNING_KEYS) == TOKEN


def test_what_needs_an_earlier_key_is_known(settings: Settings) -> None:
    sealed = encrypt(TOKEN)
    assert not needs_an_earlier_key(sealed)
    assert not needs_an_earlier_key("")

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret, as long as the first one was, and as random"
    assert needs_an_earlier_key(sealed)

    settings.SECRET_KEY_FALLBACKS = []
    assert not needs_an_earlier_key(sealed)  # Nothing can read it any more.
