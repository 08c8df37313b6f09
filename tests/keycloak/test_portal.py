"""The portal at a real Keycloak, in a real browser, with the configuration of the compose file."""

from __future__ import annotations

import re
import subprocess
import time
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browsers import PageFactory, follow
from tests.containers import compose
from tests.emulators import whose_keys
from tests.keycloak.server import Keycloak

pytestmark = [pytest.mark.keycloak, pytest.mark.browser]


def sign_in(page: Page, portal: str, who: str) -> None:
    """Press the portal's button, fill Keycloak's form in, and come back."""
    go_to_keycloak(page, portal)
    give_password(page, who)


def go_to_keycloak(page: Page, portal: str) -> None:
    page.goto(portal)
    page.get_by_role("link", name="Sign in").click()


def give_password(page: Page, who: str) -> None:
    page.get_by_label("Username or email").fill(who)
    page.get_by_role("textbox", name="Password").fill(who)
    page.get_by_role("button", name="Sign In").click()


def offered(page: Page) -> set[tuple[str, str]]:
    """Return account and role of all the keys on the start page."""
    expect(page.get_by_role("heading", name="AWS accounts")).to_be_visible()
    # Buttons get their full names once the page is up.
    expect(page.locator(".account:not([data-ready])")).to_have_count(0)
    labels = [
        link.get_attribute("aria-label") or ""
        for link in page.get_by_role("link", name=re.compile("^Keys for")).all()
    ]
    found = [re.fullmatch("Keys for (.+) in (.+)", label) for label in labels]
    return {(match[2], match[1]) for match in found if match}


def test_role_arns_in_a_claim_and_groups_with_paths_become_roles_on_the_page(
    page_factory: PageFactory, portal: str
) -> None:
    page = page_factory()

    sign_in(page, portal, "demo")

    by_arn = {("payments-dev", "Developer"), ("platform", "ReadOnly")}
    by_group = {("payments-dev", "ReadOnly"), ("payments-prod", "ReadOnly")}
    assert offered(page) == by_arn | by_group


def test_role_arn_that_is_not_in_the_directory_gives_nothing(
    page_factory: PageFactory, portal: str
) -> None:
    page = page_factory()

    sign_in(page, portal, "mallory")

    expect(page.get_by_role("heading", name="You have no AWS accounts yet")).to_be_visible()
    # What arrived is shown, so that mallory can ask for access with it.
    expect(page.get_by_text("/visitors", exact=True)).to_be_visible()


def test_role_from_an_arn_in_the_claim_becomes_keys_that_aws_knows(
    page_factory: PageFactory, portal: str, cloud_url: str
) -> None:
    page = page_factory()
    sign_in(page, portal, "demo")

    follow(page.get_by_role("link", name="Keys for Developer in payments-dev"))
    follow(page.get_by_role("button", name="Get keys"))

    page.get_by_label("Show secrets").check()
    shown = page.locator("main").inner_text()
    key_id, secret, token = (
        re.findall(rf'{name}="?([^"\s]+)', shown)[0]
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    )
    arn = whose_keys(
        cloud_url,
        access_key_id=key_id,
        secret_access_key=secret,
        session_token=token,
    )
    assert arn.startswith("arn:aws:sts::210987654321:assumed-role/Developer/")


def test_role_from_a_group_opens_the_console(
    page_factory: PageFactory, portal: str, cloud_url: str
) -> None:
    page = page_factory()
    sign_in(page, portal, "demo")

    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Console of payments-prod as ReadOnly").click()

    console = opened.value
    console.wait_for_url(f"{cloud_url}/console")
    expect(console.get_by_text("assumed-role/ReadOnly/").first).to_be_visible()


def test_group_path_makes_a_portal_admin(page_factory: PageFactory, portal: str) -> None:
    page = page_factory()

    sign_in(page, portal, "carol")

    expect(page.get_by_role("link", name="Admin")).to_be_visible()


def test_signing_out_ends_the_session_at_keycloak_too(
    page_factory: PageFactory, portal: str, keycloak: Keycloak
) -> None:
    page = page_factory()
    sign_in(page, portal, "alice")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert len(keycloak.sessions("alice")) == 1

    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert page.url.startswith(f"{portal}/")
    assert keycloak.sessions("alice") == []
    # It came back with its state: nothing more is asked than the password of whoever comes.
    expect(page.get_by_text("may still know this browser")).not_to_be_visible()
    go_to_keycloak(page, portal)
    expect(page.get_by_label("Username or email")).to_be_visible()


def test_signing_out_where_the_sign_in_ran_out_ends_the_session_at_keycloak_too(
    page_factory: PageFactory, portal: str, keycloak: Keycloak
) -> None:
    page = page_factory()
    sign_in(page, portal, "alice")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    page.context.clear_cookies(name="gatehouse")  # As browsers do when its time is over.
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Logout").click()  # Keycloak asks: it got no hint of who it is.

    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert keycloak.sessions("alice") == []


def test_sign_out_at_keycloak_ends_the_sign_in_here_within_5_seconds(
    page_factory: PageFactory, portal: str, keycloak: Keycloak
) -> None:
    page = page_factory()
    sign_in(page, portal, "alice")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    began = time.monotonic()

    keycloak.log_out("alice")

    page.goto(portal)
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert time.monotonic() - began < 5


def test_person_disabled_at_keycloak_cannot_sign_in_again(
    page_factory: PageFactory, portal: str, keycloak: Keycloak
) -> None:
    page = page_factory()
    sign_in(page, portal, "bob")
    assert offered(page) == {("payments-prod", "Operator"), ("platform", "Operator")}

    keycloak.set_enabled("bob", enabled=False)
    try:
        page.context.clear_cookies(name="gatehouse")
        go_to_keycloak(page, portal)
        # The session at Keycloak is still there, and worth nothing.
        give_password(page, "bob")

        expect(page.get_by_text("Account is disabled")).to_be_visible()
        assert urlsplit(page.url).netloc == urlsplit(keycloak.url).netloc
        page.goto(portal)
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    finally:
        keycloak.set_enabled("bob", enabled=True)


def test_sign_in_works_when_keycloak_changes_its_key_under_way(
    page_factory: PageFactory, portal: str, keycloak: Keycloak
) -> None:
    # One sign-in, so that the portal has the keys there are now.
    sign_in(page_factory(), portal, "demo")
    before = keycloak.signing_key_ids()
    page = page_factory()
    go_to_keycloak(page, portal)

    keycloak.rotate_keys()
    give_password(page, "demo")

    assert offered(page)
    assert keycloak.signing_key_ids() > before


@pytest.mark.parametrize("stale", [False, True])
def test_tab_beside_another_that_signs_in_gets_where_it_was_going(
    page_factory: PageFactory, portal: str, stale: bool
) -> None:
    # Without Keycloak's script, which moves the other tab on by itself at a time of its own.
    first = page_factory(java_script=False)
    second = first.context.new_page()
    first.goto(f"{portal}/oidc/authenticate/?next=/activity")
    second.goto(f"{portal}/oidc/authenticate/?next=/shortcuts")
    give_password(second, "demo")
    second.wait_for_url(f"{portal}/shortcuts")

    if stale:  # As after half an hour, Keycloak's login timeout.
        for name in ("AUTH_SESSION_ID", "KC_RESTART"):
            first.context.clear_cookies(name=name)
    give_password(first, "demo")

    first.wait_for_url(f"{portal}/activity")


def test_health_check_of_the_compose_file_understands_keycloak(keycloak: Keycloak) -> None:
    assert requests.get(f"{keycloak.management_url}/health/ready", timeout=10).ok
    _, *command = compose.services()["keycloak"]["healthcheck"]["test"]
    port = urlsplit(keycloak.management_url).port
    *shell, script = (word.replace("$$", "$").replace("/9000", f"/{port}") for word in command)

    healthy = subprocess.run([*shell, script], check=False)
    wrong_path = subprocess.run([*shell, script.replace("/ready", "/nothing")], check=False)

    assert (healthy.returncode, wrong_path.returncode) == (0, 1)
