"""A form with claims that are too old, in a real browser: its content security policy lets it go to the provider and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db.models import F
from playwright.sync_api import Page, expect

from accounts.models import SignIn
from demo.identity import IdentityProvider
from tests.accounts.test_access import DEV
from tests.browsers import PageFactory, follow

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("northwind", "sts_endpoint")]

KEYS = f"/keys?account_id={DEV}&role_name=Developer"


@pytest.fixture
def portal(live_portal: str, identity: IdentityProvider, settings: Any) -> str:
    """The portal at an address that the provider knows, which only browsers can ask."""
    settings.REVERIFY = "silent"
    identity.clients = [replace(client, portal=live_portal) for client in identity.clients]
    return live_portal


def sign_in(page: Page, portal: str) -> None:
    page.goto(f"{portal}{KEYS}")
    page.get_by_role("button", name="alice").click()
    expect(page.get_by_role("button", name="Get keys")).to_be_visible()


def let_claims_age() -> None:
    SignIn.objects.update(verified_at=F("verified_at") - timedelta(minutes=6))


@pytest.mark.parametrize("java_script", [True, False])
def test_form_comes_back_by_itself_and_is_sent_by_one_click(
    page_factory: PageFactory, portal: str, java_script: bool
) -> None:
    page = page_factory(java_script=java_script)
    sign_in(page, portal)
    page.get_by_text("Profile name").click()
    page.get_by_label("Profile name").fill("mine")
    let_claims_age()

    page.get_by_role("button", name="Get keys").click()
    page.wait_for_url(f"{portal}/continue?form=*")
    expect(page.get_by_text("nothing was issued or changed yet")).to_be_visible()
    if java_script:
        assert Axe().run(page).response["violations"] == []
    follow(page.get_by_role("button", name="Continue"))

    expect(page.locator("main")).to_contain_text("mine")
    expect(page.get_by_label("Show secrets")).to_be_visible()


def test_tabs_that_go_at_once_each_come_back(
    page_factory: PageFactory, portal: str, identity: IdentityProvider
) -> None:
    first = page_factory()
    sign_in(first, portal)
    pages = [first, *(first.context.new_page() for _ in range(5))]
    for number, page in enumerate(pages):
        page.goto(f"{portal}{KEYS}&profile=tab-{number}")
    let_claims_age()

    with identity.misbehaving(slow={"authorize": 2}):
        for page in pages:
            page.get_by_role("button", name="Get keys").click(no_wait_after=True)
        back = [page.get_by_role("button", name="Continue") for page in pages]
        for page, button in zip(pages, back, strict=True):
            # Whoever comes after the first one is back has nothing to confirm any more.
            expect(button.or_(page.get_by_label("Show secrets"))).to_be_visible()
    went = [button for button in back if button.is_visible()]
    assert len(went) > 1
    for button in went:
        follow(button)
    for number, page in enumerate(pages):
        expect(page.get_by_label("Show secrets")).to_be_visible()
        expect(page.locator("main")).to_contain_text(f"tab-{number}")
