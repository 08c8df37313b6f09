"""What the command line prints of others looks as the portal's pages show it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from accounts import durations, moments
from accounts.visible import visible as on_pages
from gatehouse_client import visible
from gatehouse_client.errors import printable
from tests import cast


def test_hidden_characters_are_marked_as_on_the_pages() -> None:
    texts = [f"a{chr(point)}b" for point in (*range(0x3200), *range(0xFE00, 0x10000))]
    texts += [" a  b ", "\ufe0fa", "⚠\ufe0f", "a\U000e0041", "", " ", "\n"]

    assert [text for text in texts if visible.visible(text) != on_pages(text)] == []
    assert printable("pay\u202ements\x1b[31m") == "pay[U+202E]ments[U+001B][31m"


@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("email", ["alice@northwind.example", "al\u200bice@northwind.example", ""])
@pytest.mark.parametrize("name", ["Alice", "ceo@northwind.example", ""])
def test_somebody_is_called_as_on_the_pages(email: str, name: str, verified: bool) -> None:
    subject = replace(cast.subject("alice"), email=email, name=name, email_verified=verified)
    me = {"sub": subject.sub, "email": email, "name": name, "email_verified": verified}

    assert visible.label(me) == on_pages(subject.label)
    assert "unverified" in visible.label({"sub": "x", "email": "a@b.example", "name": ""})


def test_times_have_the_form_of_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    at = datetime(2026, 11, 28, 18, 5, tzinfo=UTC)

    assert visible.moment(at.timestamp()) == moments.in_words(at) == "28 November 2026, 18:05 UTC"
    assert [visible.duration(seconds) for seconds in (30, 60, 5400, 7260)] == [
        durations.in_words(seconds) for seconds in (30, 60, 5400, 7260)
    ]

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    assert visible.moment(at.timestamp()) == "28 November 2026, 19:05 CET"


@pytest.fixture(autouse=True)
def _own_time_zone(monkeypatch: pytest.MonkeyPatch) -> object:
    yield
    monkeypatch.undo()
    time.tzset()
