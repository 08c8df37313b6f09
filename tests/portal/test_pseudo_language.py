"""Pages in a language in which each text that gettext knows stands in brackets: what stands outside cannot be translated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.test import Client
from django.utils.translation import trans_real

from portal.pages import account_html
from tests import cast

pytestmark = pytest.mark.django_db

CODE = frozenset({"code", "pre", "script", "style", "kbd", "time", "svg"})
READ_ALOUD = frozenset({"title", "aria-label", "placeholder", "alt"})
# Names, of the company and of programs, and what is written the same in all languages.
DATA = re.compile(
    r"(?:· )?Gatehouse|alice@northwind\.example|payments(?:-dev|-prod)?|platform|Development|Production"
    r"|Workloads/Payments|Developer|ReadOnly|Developer ReadOnly|~/\.aws/config|https://\S*|ASIA…"
    r"|AWS CLI [12]|Python \(boto3\)|JavaScript \(SDK 3\)|Go \(SDK 2\)|Rust|Java \(SDK 2\)|Terraform|yawsso"
    r"|aws-sso-util|granted, aws-sso-cli|AWS Toolkit \(VS Code, JetBrains\)"
    r"|Deutsch|English|Español|Français|Português \(Brasil\)|[a-z]{2}(?:-[a-z]+)+-\d · .*|\d{12}_ReadOnly|arn:aws:\S+|groups = payments"
    r"|Payments looks at its accounts:"
)
ROLE = "account_id=210987654321&role_name=ReadOnly"


class Texts(HTMLParser):
    """Collects what people read or hear of a page, without code."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.in_code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_code += tag in CODE
        self.found += [
            value
            for name, value in attrs
            if value and (name in READ_ALOUD or (name.startswith("data-") and " " in value))
        ]

    def handle_endtag(self, tag: str) -> None:
        self.in_code -= tag in CODE

    def handle_data(self, data: str) -> None:
        if not self.in_code:
            self.found.append(data)


@pytest.fixture
def brackets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # What the start page remembers in German has no brackets.
    _forget()
    file = Path(settings.LOCALE_PATHS[0]) / "de" / "LC_MESSAGES" / "django.po"
    texts: dict[Any, str] = {}
    for entry in polib.pofile(file):
        if entry.msgid_plural:
            texts[entry.msgid, 0], texts[entry.msgid, 1] = (
                f"⟦{entry.msgid}⟧",
                f"⟦{entry.msgid_plural}⟧",
            )
        elif entry.msgctxt is None:
            texts[entry.msgid] = f"⟦{entry.msgid}⟧"
    language: Any = trans_real.translation("de")
    catalog = language._catalog
    monkeypatch.setattr(catalog, "_catalogs", [texts, *catalog._catalogs])
    monkeypatch.setattr(catalog, "_plurals", [lambda n: int(n != 1), *catalog._plurals])
    yield
    _forget()


def _forget() -> None:
    for remembers in (account_html._role, account_html._acts):
        remembers.cache_clear()


def outside(markup: str) -> list[str]:
    """Return the words that stand outside of brackets, one text each."""
    texts, depth, found = Texts(), 0, []
    texts.feed(markup)
    for text in texts.found:
        bare = ""
        for character in text:
            depth += (character == "⟦") - (character == "⟧")
            bare += character if depth == 0 and character != "⟧" else ""
        if re.search(r"[A-Za-z]{3}", bare) and not DATA.fullmatch(bare.strip()):
            found.append(bare.strip())
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"/keys?{ROLE}",
        "/keys?account_id=111111111111&role_name=No",
        f"/console?{ROLE}",
        "/several",
        "/cli",
        "/device",
        "/shortcuts",
        "/preferences",
        "/activity",
        "/sessions",
        "/tokens",
        "/nothing-here",
    ],
)
@pytest.mark.usefixtures("brackets")
def test_every_word_of_a_page_can_be_translated(path: str) -> None:
    cast.northwind()

    page = cast.signed_in("alice").get(path, HTTP_ACCEPT_LANGUAGE="de").content.decode()

    assert "⟦" in page
    assert outside(page) == []


@pytest.mark.usefixtures("brackets")
def test_every_word_of_the_page_before_a_sign_in_can_be_translated() -> None:
    assert outside(Client().get("/", HTTP_ACCEPT_LANGUAGE="de").content.decode()) == []


@pytest.mark.usefixtures("brackets")
def test_a_word_outside_of_brackets_is_found() -> None:
    assert outside("<p>⟦Nothing was ⟦issued⟧.⟧ <b title='Try again'>x</b> Sign in</p>") == [
        "Try again",
        "Sign in",
    ]
