"""The checks of the API's settings."""

from __future__ import annotations

from typing import Any

import pytest

from portal.api.checks import api


@pytest.mark.parametrize(
    ("name", "value", "id_", "words"),
    [
        ("API_TOKEN_TYPES", ["Bearer", "jwt"], "portal.E040", "jwt"),
        ("API_AUDIENCES", ["gatehouse"], "portal.W040", "OIDC_RP_CLIENT_ID"),
        ("API_RATE_LIMIT", "many", "portal.E041", "API_RATE_LIMIT"),
        ("API_RATE_LIMIT", "", "portal.E041", "API_RATE_LIMIT"),
        ("API_BAD_TOKEN_LIMIT", "5/fortnight", "portal.E041", "API_BAD_TOKEN_LIMIT"),
        ("API_LIMITS_STORAGE", "nonsense", "portal.E042", "API_LIMITS_STORAGE"),
    ],
)
def test_setting_that_cannot_be_is_refused(
    settings: Any, name: str, value: Any, id_: str, words: str
) -> None:
    setattr(settings, name, value)

    [message] = api()

    assert message.id == id_
    assert words in message.msg


def test_settings_as_they_are_shipped_are_fine() -> None:
    assert api() == []


def test_audience_of_its_own_is_fine(settings: Any) -> None:
    settings.API_AUDIENCES = ["gatehouse-api"]
    settings.API_TOKEN_TYPES = ["Bearer", "JWT", "ID"]

    assert api() == []
