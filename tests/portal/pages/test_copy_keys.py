"""Keys of a favourite in the clipboard with two keystrokes or one click, from the start page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from accounts import favourites
from accounts.models import AuditEvent, Mapping, PermissionSet, SignIn
from accounts.types import RoleRef
from tests import cast
from tests.browsers import PageFactory

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("northwind", "aws")]

ROLE = RoleRef("210987654321", "Developer")
BUTTON = "Copy keys: Keys for Developer in payments-dev"


@pytest.fixture
def page(page_factory: PageFactory, live_portal: str) -> Page:
    """The start page of somebody with a favourite, who has something else in the clipboard."""
    client = cast.signed_in("alice")
    favourites.star(person=SignIn.objects.get().person, role=ROLE)
    page = page_factory(client=client)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(live_portal)
    page.evaluate("navigator.clipboard.writeText('before')")
    return page


def clipboard(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def issued() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action="access.keys.issued"))


def test_keys_of_a_favourite_are_in_the_clipboard_with_two_keystrokes(page: Page) -> None:
    person = SignIn.objects.get().person
    favourites.remember_use(
        person=person,
        account_id=ROLE.account_id,
        role_name=ROLE.role_name,
        duration=900,
        now=SignIn.objects.get().started_at,
    )
    page.evaluate("localStorage.setItem('format 210987654321/Developer', 'tab-fish')")

    page.keyboard.press("1")
    assert issued() == []
    page.keyboard.press("Enter")

    expect(page.locator("#keys-copied")).to_contain_text(
        "Keys for Developer in payments-dev (fish)"
    )
    expect(page.locator("#keys-copied .life")).to_contain_text("Valid for 15 minutes until")
    assert clipboard(page).startswith('set -gx AWS_ACCESS_KEY_ID "ASIA')
    assert [row.duration for row in issued()] == [900]
    assert "ASIA" not in page.content()
    assert "ASIA" not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    page.reload()
    assert len(issued()) == 1


def test_refusal_leads_to_the_page_that_says_why_and_copies_nothing(page: Page) -> None:
    Mapping.objects.all().delete()

    page.get_by_role("button", name=BUTTON).click()

    expect(page.get_by_text("You do not have this role in this account.").first).to_be_visible()
    assert clipboard(page) == "before"
    assert issued() == []


def test_privileged_role_takes_a_second_click(page: Page) -> None:
    PermissionSet.objects.filter(name="Developer").update(privileged=True)
    page.reload()

    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_role("button", name="Privileged: copy")).to_be_focused()
    assert issued() == []
    page.keyboard.press("Enter")

    expect(page.locator("#keys-copied")).to_be_visible()
    assert len(issued()) == 1
