"""Signing in and out in a real browser, whose content security policy has a say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from demo.identity import IdentityProvider
from tests.browsers import PageFactory

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("northwind")]


@pytest.fixture
def portal(live_portal: str, identity: IdentityProvider) -> str:
    """The portal at an address that the provider knows."""
    identity.clients = [replace(client, portal=live_portal) for client in identity.clients]
    return live_portal


def test_people_sign_in_and_out_at_both_places_and_land_on_the_start_page(
    page_factory: PageFactory, portal: str, identity: IdentityProvider
) -> None:
    page = page_factory()
    page.goto(portal)

    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name="alice").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert page.url.startswith(f"{portal}/")
    assert identity.sessions == {}


def test_a_refused_sign_in_says_so_and_the_next_one_works(
    page_factory: PageFactory, portal: str, identity: IdentityProvider
) -> None:
    page = page_factory()
    with identity.misbehaving(status={"token": 500}):
        page.goto(f"{portal}/activity")
        page.get_by_role("button", name="alice").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign-in failed")
        assert Axe().run(page).response["violations"] == []

    page.get_by_role("link", name="Sign in again").click()

    page.wait_for_url(f"{portal}/activity")
