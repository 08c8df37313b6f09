"""The browser fixtures are fit to judge pages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from accounts.models import Person
from tests import cast, real_parts
from tests.browsers import PageFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def page(page_factory: PageFactory) -> Page:
    return page_factory(dark=True, width=320)


def test_page_has_the_asked_for_colour_scheme_and_width(page: Page) -> None:
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")

    assert (dark, page.evaluate("innerWidth")) == (True, 320)


@pytest.mark.usefixtures("page", "db")
def test_orm_works_while_a_browser_is_open() -> None:
    assert Person.objects.count() == 0


def test_browser_takes_over_the_session_of_a_client(
    page_factory: PageFactory, live_portal: str
) -> None:
    client = cast.signed_in("alice")

    page = page_factory(client=client)
    page.goto(live_portal)

    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert cookies["gatehouse"] == client.cookies["gatehouse"].value


def test_missing_part_skips_and_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GATEHOUSE_REAL_PARTS", raising=False)

    with pytest.raises(pytest.skip.Exception, match="apt install chromium"):
        real_parts.missing("Chromium", how_to_get_it="apt install chromium")


def test_missing_part_fails_where_parts_are_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GATEHOUSE_REAL_PARTS", "required")

    with pytest.raises(pytest.fail.Exception, match="apt install chromium"):
        real_parts.missing("Chromium", how_to_get_it="apt install chromium")
