"""The pages in a real browser: by keyboard alone, without a script, as one types."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests import cast
from tests.browsers import PageFactory
from tests.emulators import ConsoleEndpoint

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("northwind")]


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with this accessible name has the focus, once the scripts have run."""
    page.wait_for_load_state()
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(e => e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText)"
            "(document.activeElement)"
        )
        if " ".join((focused or "").split()) == name:
            return
    pytest.fail(f"Tab never reaches {name!r}")


def test_keys_are_reached_and_copied_with_the_keyboard_alone(
    page_factory: PageFactory, live_portal: str, aws: ConsoleEndpoint
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(live_portal)

    tab_to(page, "Keys for Developer in payments-dev")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Keys for Developer in payments-dev · Gatehouse")
    expect(page.get_by_role("button", name="Get keys")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copy bash, zsh")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#copied")).to_have_text("Copied to the clipboard")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#posix pre").evaluate("e => e.textContent")
    assert copied.count("\n") == 3


def test_secrets_are_hidden_until_asked_for_without_a_script(
    page_factory: PageFactory, live_portal: str, aws: ConsoleEndpoint
) -> None:
    page = page_factory(client=cast.signed_in("alice"), java_script=False)
    page.goto(f"{live_portal}/keys?account_id=210987654321&role_name=Developer")
    page.get_by_role("button", name="Get keys").click()
    secret = page.locator("#powershell .secret > span").first

    page.get_by_label("PowerShell", exact=True).check()
    expect(page.locator("#powershell pre")).to_be_visible()
    expect(page.locator("#posix pre")).to_be_hidden()
    expect(secret).to_be_hidden()
    page.get_by_label("Show secrets").check()

    expect(secret).to_be_visible()


def test_console_opens_in_a_tab_of_its_own_with_one_click(
    page_factory: PageFactory, live_portal: str, aws: ConsoleEndpoint
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.goto(live_portal)

    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Console of payments-dev as Developer").click()

    opened.value.wait_for_url(f"{aws.url}/federation?Action=login&**")
    expect(page).to_have_url(f"{live_portal}/")


def test_link_made_for_identity_center_arrives_at_the_console_page(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))

    page.goto(f"{live_portal}/start/#/console?account_id=210987654321&role_name=Developer")

    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Console of payments-dev as Developer"
    )
