"""The admin in a real browser: the admin's day, and axe on every kind of page, light and dark, wide and narrow.

Pages are photographed into screenshots/ (not in git) for people to look at. `page_factory` fails on
anything the content security policy refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.db.models import Model
from playwright.sync_api import Locator, Page, expect

from accounts.models import (
    Account,
    AuditEvent,
    Environment,
    Mapping,
    PermissionSet,
    Person,
    SignIn,
)
from tests import cast
from tests.browsers import PageFactory

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("northwind")]

SCREENSHOTS = Path(django_settings.BASE_DIR) / "screenshots"
# To read style sheets, axe would write one into the page, which the policy refuses: none of ours.
AXE = {"preload": False}


def choose(page: Page, box: Locator, text: str) -> None:
    """Choose in an autocomplete, by typing."""
    box.click()
    page.get_by_role("searchbox", name="Search").fill(text)
    page.get_by_role("option", name=text).first.click()


def autocomplete(within: Page | Locator, name: str) -> Locator:
    return within.locator(f'.select2-selection[aria-label="{name}"]')


def test_an_admins_day_ends_with_a_role_on_somebodys_page(
    page_factory: PageFactory, live_portal: str
) -> None:
    mallory = page_factory(client=cast.signed_in("mallory"))
    mallory.goto(live_portal)
    expect(mallory.get_by_text("data-dev")).to_have_count(0)
    page = page_factory(client=cast.signed_in("carol"))

    page.goto(f"{live_portal}/admin/")
    page.get_by_role("link", name="Permission sets", exact=True).click()
    page.get_by_role("link", name="Add permission set").click()
    page.get_by_label("Name:").fill("Analyst")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist .success")).to_contain_text("was added successfully")

    page.goto(f"{live_portal}/admin/accounts/account/add/")
    page.get_by_label("Account id:").fill("3456-7890")
    page.get_by_label("Name:", exact=True).fill("data-dev")
    choose(page, autocomplete(page, "Environment"), "Development")
    page.get_by_label("Tags:").fill("team=data")
    page.get_by_role("button", name="Add another Role").click()
    choose(page, autocomplete(page.locator("#roles-0"), "Permission set"), "Analyst")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("An AWS account id has exactly 12 digits")).to_be_visible()
    page.get_by_label("Account id:").fill("3456-7890-1234")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist .success")).to_contain_text("data-dev (345678901234)")

    page.goto(f"{live_portal}/admin/accounts/mapping/add/")
    page.get_by_label("Name:").fill("Visitors analyse")
    page.get_by_label("Value:").fill("visitors")
    choose(page, autocomplete(page, "Permission set"), "Analyst")
    page.get_by_role("button", name="Add another Target").click()
    target = page.locator("#targets-0")
    target.get_by_label("Kind").select_option("account")
    choose(page, autocomplete(target, "Account"), "data-dev")
    page.get_by_role("button", name="Save and continue editing").click()
    gives = page.get_by_role("region", name="What it gives now")
    expect(gives).to_contain_text("arn:aws:iam::345678901234:role/Analyst")
    expect(gives).to_contain_text("mallory@northwind.example")

    mallory.reload()
    expect(mallory.get_by_label("Keys for Analyst in data-dev")).to_be_visible()
    added = AuditEvent.objects.filter(action="admin:object:added", sub="sub-carol")
    assert added.count() == 3


def test_a_person_without_rights_gets_a_page_that_says_so(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))

    response = page.goto(f"{live_portal}/admin/accounts/account/")

    assert response is not None
    assert response.status == 403
    expect(page.get_by_role("main")).to_contain_text("for portal admins and auditors")


def first(model: type[Model]) -> str:
    return f"{model._meta.model_name}/{model._default_manager.order_by('pk')[:1].get().pk}"


PAGES: dict[str, Callable[[], str]] = {
    "index": lambda: "",
    "accounts": lambda: "accounts/account/",
    "mappings": lambda: "accounts/mapping/",
    "audit": lambda: "accounts/auditevent/",
    "account-add": lambda: "accounts/account/add/",
    "mapping-add": lambda: "accounts/mapping/add/",
    "permission-set-add": lambda: "accounts/permissionset/add/",
    "account": lambda: f"accounts/{first(Account)}/change/",
    "mapping": lambda: f"accounts/{first(Mapping)}/change/",
    "person": lambda: f"accounts/{first(Person)}/change/",
    "sign-in": lambda: f"accounts/{first(SignIn)}/change/",
    "audit-row": lambda: f"accounts/{first(AuditEvent)}/change/",
    "preview": lambda: f"accounts/{first(Mapping)}/preview/",
    "history": lambda: f"accounts/{first(Environment)}/history/",
    "delete": lambda: f"accounts/{first(PermissionSet)}/delete/",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits(
    name: str, page_factory: PageFactory, live_portal: str
) -> None:
    cast.sign_in("alice")
    carol = cast.signed_in("carol")
    environment = Environment.objects.order_by("pk")[0]
    carol.post(
        f"/admin/accounts/environment/{environment.pk}/change/",
        {"name": environment.name, "label": "Renamed", "colour": "red"},
    )
    SCREENSHOTS.mkdir(exist_ok=True)
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 320)):
        page = page_factory(client=carol, dark=scheme == "dark", width=width)
        response = page.goto(f"{live_portal}/admin/{PAGES[name]()}")
        assert response is not None
        assert response.status == 200
        page.wait_for_load_state("networkidle")
        page.screenshot(path=SCREENSHOTS / f"admin-{name}-{width}-{scheme}.png", full_page=True)

        found = Axe().run(page, options=AXE)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
