"""The preferences page: one's own, off until asked for."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from accounts import preferences
from accounts.models import Person
from tests import cast
from tests.browsers import PageFactory, follow

pytestmark = pytest.mark.django_db


def chosen(who: str, name: str = "sign_out_first") -> bool:
    found: bool = getattr(preferences.preferences_of(Person.objects.get(sub=f"sub-{who}")), name)
    return found


def test_signed_out_visitor_has_no_preferences(client: Client) -> None:
    looked = client.get("/preferences")
    sent = client.post("/preferences", {"sign_out_first": "on"})

    assert (looked.status_code, sent.status_code) == (302, 401)
    assert "oidc/authenticate" in looked["Location"]
    assert "oidc/authenticate" in sent.content.decode()


def test_looking_changes_nothing() -> None:
    page = cast.signed_in("alice").get("/preferences", {"sign_out_first": "on"}).content.decode()

    assert page.count("checked") == 1
    assert not chosen("alice")
    assert chosen("alice", "slash_searches")


def test_choice_is_kept_said_and_shown_and_is_nobody_elses() -> None:
    client = cast.signed_in("alice")
    cast.sign_in("bob")

    response = client.post("/preferences", {"sign_out_first": "on"}, follow=True)

    page = response.content.decode()
    assert response.redirect_chain == [("/preferences", 302)]
    assert "Saved." in page
    assert "checked" in page
    assert (chosen("alice"), chosen("bob")) == (True, False)


@pytest.mark.parametrize("name", ["sign_out_first", "slash_searches", "opens_console_at_once"])
def test_each_choice_is_stored_as_it_is_ticked(name: str) -> None:
    client = cast.signed_in("alice")

    for ticked in (True, False):
        client.post("/preferences", {name: "on"} if ticked else {})
        assert chosen("alice", name) is ticked


def test_what_is_said_after_a_form_travels_in_no_cookie() -> None:
    client = cast.signed_in("alice")

    response = client.post("/preferences", {"sign_out_first": "on"})

    assert set(response.cookies) <= {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}


def test_box_left_empty_takes_the_choice_back() -> None:
    client = cast.signed_in("alice")
    client.post("/preferences", {"sign_out_first": "on"})

    client.post("/preferences", {})

    assert not chosen("alice")


def test_form_without_its_token_changes_nothing() -> None:
    client = cast.signed_in("alice")
    client.handler.enforce_csrf_checks = True

    response = client.post("/preferences", {"sign_out_first": "on"})

    assert response.status_code == 403
    assert not chosen("alice")


@pytest.mark.browser
@pytest.mark.usefixtures("northwind")
def test_slash_key_goes_to_the_search_unless_somebody_turned_it_off(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    for wanted in (False, True):
        page.goto(f"{live_portal}/preferences")
        page.get_by_label("The / key").set_checked(wanted)
        follow(page.get_by_role("button", name="Save"))
        follow(page.get_by_role("link", name="Accounts"))
        expect(page.get_by_role("searchbox")).to_be_visible()
        expect(page.locator("kbd")).to_have_count(int(wanted))

        page.keyboard.press("/")

        assert page.evaluate("document.activeElement.id === 'q'") is wanted
