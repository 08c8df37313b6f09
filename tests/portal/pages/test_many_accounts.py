"""The start page with many accounts: one line each, in a third of the height, with chips and units to jump to."""

from __future__ import annotations

import random
import re

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Account
from bench import company
from tests import cast
from tests.browsers import PageFactory

pytestmark = pytest.mark.django_db

# 300 accounts of four roles, a row for each role, were 33,454 pixels tall in Chromium at a width of 1440.
A_THIRD = 33_454 // 3


@pytest.fixture
def client() -> Client:
    accounts = company.build("Small", 300, chance=random.Random("Small"))
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = company.signed_in(
        "small", "Small", accounts, now=timezone.now()
    )
    return client


@pytest.mark.browser
def test_300_accounts_fit_in_a_third_of_what_a_row_for_each_role_takes(
    client: Client, page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=client, width=1440)
    page.goto(live_portal)
    expect(page.locator(".account")).to_have_count(300)

    assert page.evaluate("document.documentElement.scrollHeight") <= A_THIRD
    # The search is in sight at the end of the page, too; a role is chosen in its line.
    line = page.locator(".line").last
    line.scroll_into_view_if_needed()
    expect(page.get_by_role("searchbox")).to_be_in_viewport()
    line.get_by_text("Developer").click()
    star = line.locator(".star")
    expect(star).to_have_attribute("aria-label", re.compile("^Favourite: Developer in "))
    before = star.bounding_box()
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#result")).to_have_text("Added to favourites")
    after = star.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 1
    # What a search leaves of a line is what its buttons are for.
    page.get_by_role("searchbox").fill("readonly")
    expect(page.locator("#result")).to_have_text("300 roles found")
    expect(line.get_by_role("button", name="Keys for ReadOnly in")).to_be_visible()


def test_chips_narrow_the_list_by_environment_and_to_privileged_roles() -> None:
    what, admin = cast.permission_set("ReadOnly"), cast.permission_set("Admin", privileged=True)
    for name, account_id in (("dev", "111111111111"), ("prod", "222222222222")):
        where = cast.account(name, account_id, environment=name)
        for each in (what, admin):
            cast.offer(where, each)
            cast.mapping("payments", each, where, name=f"{name} {each.name}")
    alice = cast.signed_in("alice")

    def found(**query: str) -> list[str]:
        page = alice.get("/", query).content.decode()
        return re.findall(
            r'(?s)<li class="role.*?formaction="/favourites" aria-label="Favourite: (.*?)"', page
        )

    assert len(found()) == 4
    assert found(environment="prod") == ["ReadOnly", "Admin"]
    assert found(environment="prod", privileged="1") == ["Admin"]
    assert found(environment="elsewhere") == found()
    page = alice.get("/", {"environment": "prod", "q": "a"}).content.decode()
    assert 'href="/?q=a&amp;environment=prod&amp;privileged=1"' in page
    assert '<input type="hidden" name="environment" value="prod">' in page


def test_units_to_jump_to_are_there(client: Client) -> None:
    page = client.get("/").content.decode()

    targets = re.findall(r'href="#(unit-\d+)"', page)
    units = set(Account.objects.values_list("organizational_unit", flat=True))
    assert len(targets) == len(units) > 1
    assert re.findall(r'<section id="(unit-\d+)"', page) == targets
