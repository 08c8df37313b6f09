"""The keys page: durations, the profile's name, formats, and the time that is left."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import AuditEvent, PermissionSet, RoleUse
from portal.pages.durations import UNTIL_EVENING, durations
from tests import cast
from tests.browsers import PageFactory, follow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind", "aws")]

READ_ONLY = {"account_id": "210987654321", "role_name": "ReadOnly"}
QUERY = "account_id=210987654321&role_name=ReadOnly"
# Half past two in the afternoon in Kolkata, three hours and a half before the end of the day.
AFTERNOON = "2026-11-23T09:00:00Z"
EVENING = 12600


def offered(longest: int, last: int | None = None) -> tuple[list[int], int]:
    found = durations(longest=longest, last=last).choices
    (one,) = [choice.seconds for choice in found if choice.chosen]
    return [choice.seconds for choice in found], one


def test_duration_chosen_last_is_chosen_again_as_far_as_it_can_be() -> None:
    for longest, last, chosen in (
        (28800, None, 3600),
        (28800, 14400, 14400),
        (28800, 5000, 3600),
        (28800, 60, 900),
        (3600, 28800, 3600),
        (1800, None, 1800),
        (900, None, 900),
        (28800, UNTIL_EVENING, 3600),
    ):
        seconds, found = offered(longest, last)

        assert (found, seconds[-1]) == (chosen, longest), (longest, last)


def test_duration_is_remembered_for_each_role() -> None:
    client = cast.signed_in("alice")
    client.post("/keys", {**READ_ONLY, "duration": "14400"})

    same = client.get("/keys", READ_ONLY).context["durations"]
    other = client.get("/keys", {**READ_ONLY, "account_id": "123456789012"}).context["durations"]

    assert [choice.seconds for choice in same.choices if choice.chosen] == [14400]
    assert [choice.seconds for choice in other.choices if choice.chosen] == [3600]


def test_end_of_the_working_day_is_remembered_as_that() -> None:
    client = cast.signed_in("alice")

    client.post("/keys", {**READ_ONLY, "duration": str(EVENING), "evening": "1"})

    assert RoleUse.objects.get().duration == UNTIL_EVENING
    assert client.get("/keys", READ_ONLY).context["durations"].evening_chosen


def test_read_only_is_remembered_for_each_role_until_full_is_chosen() -> None:
    client = cast.signed_in("alice")
    PermissionSet.objects.filter(name="Developer").update(
        read_only_policy_arns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    )
    role = {"account_id": "210987654321", "role_name": "Developer"}

    asked = {}
    for chosen in ("1", ""):
        client.post("/keys", {**role, "read_only": chosen})
        asked[chosen] = client.get("/keys", role).context["wanted"].read_only

    assert asked == {"1": True, "": False}
    client.post("/keys", {**role, "read_only": "1"})
    assert not client.get("/keys", {**role, "read_only": ""}).context["wanted"].read_only


def test_name_of_the_profile_can_be_in_a_link_and_is_in_the_formats() -> None:
    client = cast.signed_in("alice")

    asked = client.get("/keys", {**READ_ONLY, "profile": "looking"}).content.decode()
    issued = client.post("/keys", {**READ_ONLY, "profile": "look at\n[it"}).content.decode()

    assert 'value="looking"' in asked
    assert '[<span class="profile-name">look-at-it</span>]' in issued


def kolkata(page: Page, now: str = AFTERNOON) -> Page:
    """Move a browser to another time zone and time."""
    page.context.new_cdp_session(page).send(
        "Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kolkata"}
    )
    page.clock.install(time=datetime.fromisoformat(now))
    return page


@pytest.mark.browser
def test_keys_until_the_end_of_the_working_day_are_counted_in_the_browsers_time_zone(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = kolkata(page_factory(client=cast.signed_in("alice")))
    page.goto(f"{live_portal}/keys?{QUERY}")

    page.get_by_label(re.compile(r"^Until 0?6:00 PM|^Until 18:00")).check()
    # An hour passes before anybody presses the button.
    page.clock.fast_forward(3_600_000)
    follow(page.get_by_role("button", name="Get keys"))

    expect(page.locator(".issued")).to_be_visible()
    taken = RoleUse.objects.get()
    row = AuditEvent.objects.get(action="access.keys.issued")
    assert taken.duration == UNTIL_EVENING
    assert 0 <= EVENING - 3600 - (row.duration or 0) <= 60

    page.goto(f"{live_portal}/keys?{QUERY}")
    expect(page.get_by_label(re.compile("^Until"))).to_be_checked()


@pytest.mark.browser
def test_end_of_the_working_day_is_offered_only_where_keys_can_live_until_then(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = kolkata(page_factory(client=cast.signed_in("alice")))
    for now, why in (
        ("2026-11-23T12:20:00Z", "ten minutes before the end"),
        ("2026-11-23T13:00:00Z", "after it"),
        ("2026-11-23T03:00:00Z", "nine and a half hours before it, and a role of eight"),
    ):
        page.clock.set_system_time(datetime.fromisoformat(now))
        page.goto(f"{live_portal}/keys?{QUERY}")

        expect(page.get_by_label("1 hour")).to_be_checked()
        expect(page.get_by_text(re.compile("^Until")), why).to_have_count(0)


@pytest.mark.browser
def test_without_a_script_the_end_of_the_day_is_not_offered(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"), java_script=False)

    page.goto(f"{live_portal}/keys?{QUERY}")

    expect(page.get_by_role("radio", name="8 hours")).to_have_count(1)
    expect(page.get_by_text(re.compile("^Until"))).to_have_count(0)


def take(page: Page, portal: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{portal}/keys?{QUERY}")
    follow(page.get_by_role("button", name="Get keys"))


@pytest.mark.browser
def test_expiry_counts_down_and_says_when_it_is_over(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.clock.install()
    take(page, live_portal)
    validity = page.locator(".life")

    expect(validity).to_contain_text("Valid for 1 hour until")
    page.clock.fast_forward(18 * 60_000)
    expect(validity).to_contain_text("Valid for 42 minutes until")
    page.clock.fast_forward(41 * 60_000)
    expect(validity).to_contain_text(re.compile("Valid for (1 minute |[0-9]+ seconds)"))
    page.clock.fast_forward(2 * 60_000)

    expect(validity).to_contain_text("No longer valid since")
    expect(page.get_by_role("status")).to_have_text("The keys on this page are no longer valid")


@pytest.mark.browser
def test_expiry_is_right_though_the_clock_of_the_browser_is_not(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.clock.install()
    for hours in (-7, 7):
        page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=hours))
        take(page, live_portal)
        validity = page.locator(".life")

        expect(validity).to_contain_text("Valid for 1 hour until")
        page.clock.fast_forward(61 * 60_000)

        expect(validity).to_contain_text("No longer valid since")


@pytest.mark.browser
def test_copy_that_the_browser_refuses_says_so_for_all_to_see(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    take(page, live_portal)

    page.get_by_role("button", name="Copy bash, zsh").click()

    said = page.get_by_role("status")
    expect(said).to_contain_text("Your browser did not allow copying. Tick “Show secrets”")
    assert said.evaluate("e => e.clientHeight") > 20
    expect(page.locator(".secret > span").first).to_be_hidden()


@pytest.mark.browser
def test_back_and_reload_lead_to_the_form_and_issue_nothing(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    take(page, live_portal)

    page.reload()
    expect(page.get_by_role("button", name="Get keys")).to_be_visible()
    follow(page.get_by_role("button", name="Get keys"))
    page.goto(f"{live_portal}/activity")
    page.go_back()

    expect(page.get_by_role("button", name="Get keys")).to_be_visible()
    expect(page.locator(".secret")).to_have_count(0)
    assert AuditEvent.objects.filter(action="access.keys.issued").count() == 2


@pytest.mark.browser
def test_without_a_script_reload_leads_to_the_form_and_issues_nothing(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"), java_script=False)
    page.goto(f"{live_portal}/keys?{QUERY}")
    follow(page.get_by_role("button", name="Get keys"))

    page.reload()

    expect(page.get_by_role("alert")).to_contain_text("You have already sent this form.")
    expect(page.get_by_role("button", name="Get keys")).to_be_visible()
    expect(page.locator(".secret")).to_have_count(0)
    assert AuditEvent.objects.filter(action="access.keys.issued").count() == 1


@pytest.mark.browser
def test_secrets_are_not_printed_though_they_are_shown(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    take(page, live_portal)
    page.get_by_label("Show secrets").check()
    expect(page.locator(".secret > span").first).to_be_visible()

    page.emulate_media(media="print")

    expect(page.locator(".secret > span").first).to_be_hidden()


def form_token(client: Client, path: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', client.get(path).content.decode())
    assert found
    return found[1]


ROLES = ["210987654321/ReadOnly", "123456789012/ReadOnly"]


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        (f"/keys?{QUERY}", READ_ONLY),
        (f"/keys?role={ROLES[0]}&role={ROLES[1]}", {"role": ROLES, "several": "1"}),
    ],
)
def test_form_sent_again_shows_the_form_and_issues_nothing(
    page: str, fields: dict[str, Any]
) -> None:
    client = cast.signed_in("alice")
    sent = {**fields, "once": form_token(client, page), "duration": "900"}
    first = client.post("/keys", sent)
    issued = AuditEvent.objects.filter(action="access.keys.issued")
    number = issued.count()

    again = client.post("/keys", sent)
    forged = client.post("/keys", {**sent, "once": "never:made:here"})
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=13)):
        late = cast.signed_in("alice").post("/keys", sent)

    assert b"ASIA" in first.content
    for response in (again, forged, late):
        assert response.status_code == 303
        assert response["Location"].startswith("/keys?")
    assert issued.count() == number
    shown = client.get(again["Location"]).content.decode()
    assert "You have already sent this form." in shown
    assert "Get keys" in shown


def test_nobody_uses_up_the_form_of_somebody_else() -> None:
    alice, bob = cast.signed_in("alice"), cast.signed_in("bob")
    token = form_token(alice, f"/keys?{QUERY}")

    bob.post("/keys", {**READ_ONLY, "once": token})

    assert b"ASIA" in alice.post("/keys", {**READ_ONLY, "once": token}).content


def test_keys_are_not_in_the_session_nor_beside_it() -> None:
    client = cast.signed_in("alice")
    client.post("/keys", {**READ_ONLY, "once": form_token(client, f"/keys?{QUERY}")})

    for row in Session.objects.all():
        assert "ASIA" not in str(row.get_decoded())
    assert Session.objects.filter(session_data="").count() == 1


@pytest.mark.browser
def test_profile_is_renamed_before_it_is_copied(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    take(page, live_portal)
    page.get_by_role("radio", name="Profile").check()

    page.locator("#profile").get_by_role("textbox").fill("my payments]")
    page.get_by_role("button", name="Copy Profile").click()

    expect(page.get_by_role("status")).to_have_text("Copied to the clipboard")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("[my-payments]\n# These keys expire at ")
    expect(page.locator("#profile .secret > span").first).to_be_hidden()
    page.get_by_role("radio", name="aws configure").check()
    expect(page.locator("#configure pre")).to_contain_text('--profile "my-payments"')


@pytest.mark.browser
def test_format_chosen_last_is_shown_first_and_nothing_else_is_kept_in_the_browser(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    take(page, live_portal)
    page.get_by_role("radio", name="fish").check()

    take(page, live_portal)

    expect(page.get_by_role("radio", name="fish")).to_be_checked()
    expect(page.locator("#fish pre")).to_be_visible()
    assert page.evaluate("({...localStorage, ...sessionStorage})") == {
        "format": "tab-fish",
        "format 210987654321/ReadOnly": "tab-fish",
    }
