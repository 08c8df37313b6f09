"""Shortcuts that open the console without asking: whose, which, and by what way into the page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client
from playwright.sync_api import expect

from accounts import preferences
from accounts.models import AuditEvent, PermissionSet, Person, SignIn
from demo.identity import IdentityProvider
from tests import cast
from tests.browsers import PageFactory
from tests.emulators import ConsoleEndpoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind", "aws")]

LINK = "/console?account_id=210987654321&role_name=Developer"
TOP = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}
BOOKMARK = {**TOP, "Sec-Fetch-Site": "none"}
CLICK = {**TOP, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-User": "?1"}


def choose(*, at_once: bool = True) -> None:
    preferences.save(
        person=Person.objects.get(sub="sub-alice"),
        sign_out_first=False,
        slash_searches=True,
        opens_console_at_once=at_once,
    )


def goes(client: Client, headers: dict[str, str], link: str = LINK) -> bool:
    page = client.get(link, headers=headers).content.decode()
    assert "Open the console" in page
    return "at-once.js" in page


def test_page_asks_unless_that_was_chosen_and_the_role_is_not_privileged() -> None:
    client = cast.signed_in("alice")
    assert not goes(client, BOOKMARK)
    choose(at_once=False)
    assert not goes(client, BOOKMARK)
    choose()
    assert goes(client, BOOKMARK)

    PermissionSet.objects.filter(name="Developer").update(privileged=True)

    assert not goes(client, BOOKMARK)


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ({}, False),
        ({**TOP, "Sec-Fetch-Site": "cross-site"}, False),
        ({**TOP, "Sec-Fetch-Site": "same-site"}, False),
        ({**CLICK, "Sec-Fetch-Dest": "iframe"}, False),
        ({**BOOKMARK, "Sec-Fetch-Mode": "no-cors"}, False),
        (BOOKMARK, True),
        ({**TOP, "Sec-Fetch-Site": "same-origin"}, True),
        (CLICK, True),
    ],
)
def test_only_a_persons_own_act_goes_straight(way: dict[str, str], expected: bool) -> None:
    client = cast.signed_in("alice")
    choose()

    assert goes(client, way) is expected


def test_page_asks_where_the_link_does_not_say_what_would_open() -> None:
    client = cast.signed_in("alice")
    choose()

    assert not goes(client, BOOKMARK, f"{LINK}&read_only=1")
    assert not goes(
        client, BOOKMARK, f"{LINK}&destination=https://console.aws.amazon.com/s3&left=over"
    )


@pytest.mark.parametrize("way", [{}, BOOKMARK])
def test_looking_issues_nothing_even_for_those_who_chose_it(way: dict[str, str]) -> None:
    client = cast.signed_in("alice")
    choose()

    client.get(LINK, headers=way)

    assert not AuditEvent.objects.filter(action__startswith="access.").exists()


@pytest.mark.browser
def test_bookmark_opens_the_console_and_back_and_reload_do_not(
    page_factory: PageFactory, live_portal: str, aws: ConsoleEndpoint
) -> None:
    page = page_factory(client=cast.signed_in("alice"), width=390)
    page.goto(f"{live_portal}{LINK}")
    expect(page.get_by_role("button", name="Open the console in a new tab")).to_be_focused()
    choose()
    page.goto("about:blank")

    page.goto(f"{live_portal}{LINK}", wait_until="commit")

    page.wait_for_url(f"{aws.url}/federation?Action=login&**")
    opened = AuditEvent.objects.filter(action="access.console.issued")
    assert opened.count() == 1
    page.go_back()
    choose(at_once=False)
    page.goto(f"{live_portal}{LINK}")
    choose()
    page.reload()
    expect(page.get_by_role("button", name="Open the console in a new tab")).to_be_visible()
    assert opened.count() == 1


@pytest.mark.browser
def test_bookmark_on_a_phone_leads_through_the_sign_in_to_the_shortcut(
    page_factory: PageFactory, live_portal: str, identity: IdentityProvider
) -> None:
    identity.clients = [replace(client, portal=live_portal) for client in identity.clients]
    page = page_factory(width=390, height=800)

    page.goto(f"{live_portal}{LINK}")
    page.get_by_role("button", name="alice").click()

    button = page.get_by_role("button", name="Open the console in a new tab")
    expect(button).to_be_focused()
    expect(button).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert SignIn.objects.count() == 1
