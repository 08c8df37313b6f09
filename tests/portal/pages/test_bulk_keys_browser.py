"""The list of roles to tick in a real browser: found as one types, by keyboard, with ticks that stay."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from portal.pages import bulk_keys
from tests import cast
from tests.browsers import PageFactory, follow

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("northwind", "aws")]

DEV, READ_DEV, PROD = "210987654321/Developer", "210987654321/ReadOnly", "123456789012/ReadOnly"
SEEN = """() => [...document.querySelectorAll('.picks li')].filter((one) => one.checkVisibility())
    .map((one) => one.querySelector('input').value)"""
SEARCHES = [
    "prod",
    "PAYMENTS developer",
    "2109876",
    "Workloads/Pay",
    "production read",
    "team=pay",
    "İstanbul",
    "only",
    "nowhere",
    "privileged",
    "<b>",
    " ",
    "",
]


@pytest.fixture(autouse=True)
def _tagged(northwind: None) -> None:
    Account.objects.filter(account_id=DEV.partition("/")[0]).update(
        tags={"team": "payments", "city": "İstanbul", "odd": "<b>"}
    )


def opened(page_factory: PageFactory, address: str, **how: Any) -> Page:
    page = page_factory(client=cast.signed_in("alice"), **how)
    page.goto(address)
    return page


def seen(page: Page) -> list[str]:
    found: list[str] = page.evaluate(SEEN)
    return found


def ticked(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('.picks input:checked')].map((one) => one.value)"
    )
    return found


def box(page: Page, value: str) -> Any:
    return page.locator(f'.picks input[value="{value}"]')


def test_typing_shows_what_the_server_shows(page_factory: PageFactory, live_portal: str) -> None:
    typed = opened(page_factory, f"{live_portal}/several")
    asked = opened(page_factory, f"{live_portal}/several", java_script=False)

    for words in SEARCHES:
        typed.get_by_role("searchbox").fill(words)
        asked.get_by_role("searchbox").fill(words)
        follow(asked.get_by_role("button", name="Search"))

        wanted = seen(asked)
        typed.wait_for_function(
            f"wanted => JSON.stringify(({SEEN})()) === JSON.stringify(wanted)", arg=wanted
        )
        nothing = "No other role matches."
        assert typed.get_by_text(nothing).is_visible() is asked.get_by_text(nothing).is_visible()


def test_typing_marks_what_is_found_and_says_how_much(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = opened(page_factory, f"{live_portal}/several")

    page.get_by_role("searchbox").fill("dev team=pay")

    expect(page.locator(".picks mark").first).to_have_text("dev")
    expect(page.locator(".picks .tag").first).to_have_text("team=payments")
    expect(page.locator("#result")).to_have_text("2 roles found")
    page.get_by_role("searchbox").fill("")
    expect(page.locator(".picks mark")).to_have_count(0)
    expect(page.locator("#result")).to_have_text("")


def test_what_is_ticked_stays_in_sight_and_goes_along(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = opened(page_factory, f"{live_portal}/several")
    box(page, DEV).check()

    page.get_by_role("searchbox").fill("prod")
    expect(box(page, READ_DEV)).to_be_hidden()
    expect(box(page, DEV)).to_be_visible()
    box(page, PROD).check()
    page.get_by_role("searchbox").fill("nowhere")
    expect(page.get_by_text("No other role matches.")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    expect(box(page, READ_DEV)).to_be_visible()
    follow(page.get_by_role("button", name="Continue"))

    expect(page.get_by_role("checkbox")).to_have_count(2)
    assert ticked(page) == [DEV, PROD]


def test_address_keeps_the_words_and_the_ticks(page_factory: PageFactory, live_portal: str) -> None:
    page = opened(page_factory, f"{live_portal}/several")
    box(page, DEV).check()
    page.get_by_role("searchbox").fill("prod")
    page.wait_for_url("**q=prod**")

    page.reload()

    assert (seen(page), ticked(page)) == ([DEV, PROD], [DEV])
    expect(page.locator("#count")).to_have_text("1 of 10 ticked")
    page.get_by_role("searchbox").fill("nowhere")
    expect(page.get_by_role("heading", name="Ticked")).to_be_visible()
    expect(page.get_by_role("heading", name="Others")).to_be_hidden()


def test_typing_on_a_page_that_came_with_a_search_asks_the_server(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = opened(page_factory, f"{live_portal}/several?q=prod&role={DEV}")
    assert seen(page) == [DEV, PROD]

    page.get_by_role("searchbox").fill("")

    expect(box(page, READ_DEV)).to_be_visible()
    assert ticked(page) == [DEV]
    box(page, READ_DEV).check()
    expect(page.locator("#count")).to_have_text("2 of 10 ticked")


def test_typing_finds_what_a_long_list_leaves_out(
    monkeypatch: pytest.MonkeyPatch, page_factory: PageFactory, live_portal: str
) -> None:
    monkeypatch.setattr(bulk_keys, "MOST_LISTED", 1)
    page = opened(page_factory, f"{live_portal}/several")
    assert len(seen(page)) == 1

    page.get_by_role("searchbox").fill("prod")

    expect(box(page, PROD)).to_be_visible()


def test_enter_and_the_arrows_lead_through_what_is_found(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = opened(page_factory, f"{live_portal}/several")
    search = page.get_by_role("searchbox")
    search.fill("dev")
    search.press("Enter")
    expect(box(page, DEV)).to_be_focused()

    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(box(page, READ_DEV)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(search).to_be_focused()
    search.press("Escape")

    expect(search).to_have_value("")
    assert ticked(page) == [DEV]
    assert seen(page) == [DEV, READ_DEV, PROD]


def test_no_more_can_be_ticked_than_the_server_takes(
    monkeypatch: pytest.MonkeyPatch, page_factory: PageFactory, live_portal: str
) -> None:
    monkeypatch.setattr(bulk_keys, "MOST", 2)
    page = opened(page_factory, f"{live_portal}/several")
    box(page, DEV).check()
    page.get_by_role("searchbox").fill("read")
    box(page, PROD).check()

    expect(box(page, READ_DEV)).to_be_disabled()
    expect(page.locator("#count[role=status]")).to_have_text("2 of 2 ticked")
    box(page, PROD).uncheck()
    expect(box(page, READ_DEV)).to_be_enabled()


@pytest.mark.parametrize("java_script", [True, False])
def test_keys_are_taken_with_the_keyboard_alone(
    java_script: bool, page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"), java_script=java_script)
    page.goto(f"{live_portal}/several")

    page.get_by_role("checkbox", name="payments-dev Developer").press("Space")
    page.get_by_role("searchbox").fill("prod")
    page.get_by_role("searchbox").press("Enter")
    expect(page).to_have_url(re.compile("q=prod"))
    page.get_by_role("checkbox", name="payments-prod ReadOnly").press("Space")
    page.get_by_role("button", name="Continue").press("Enter")
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(2)
    page.get_by_role("button", name="Get keys").press("Enter")

    expect(page.locator(".issued .panel")).to_have_count(2)
    expect(page.locator(".secret > span").first).to_be_hidden()
    page.get_by_label("Show secrets").check()
    expect(page.locator(".secret > span").first).to_be_visible()


def test_all_profiles_are_copied_together(page_factory: PageFactory, live_portal: str) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{live_portal}/keys?role=210987654321/Developer&role=123456789012/ReadOnly")
    follow(page.get_by_role("button", name="Get keys"))

    page.get_by_role("button", name="Copy all profiles").click()

    expect(page.get_by_role("status")).to_have_text("Copied to the clipboard")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.findall(r"(?m)^\[.*\]$", copied) == [
        "[payments-dev_Developer]",
        "[payments-prod_ReadOnly]",
    ]
    assert copied.count("aws_session_token=") == 2
