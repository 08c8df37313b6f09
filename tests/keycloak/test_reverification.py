"""How soon access ends at a real Keycloak, compared with the sentence that the admin's page Health says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browsers import PageFactory, follow
from tests.keycloak.server import Keycloak
from tests.keycloak.test_portal import sign_in
from tests.processes import ROOT
from tests.sso.conftest import BEARER, DEVICE_CODE, DEVICE_REGISTRATION

pytestmark = [pytest.mark.keycloak, pytest.mark.browser]

ROLE = {"account_id": "123456789012", "role_name": "Operator"}
LATER = """
from datetime import timedelta
from django.db.models import F
from accounts.models import SignIn
SignIn.objects.update(verified_at=F("verified_at") - timedelta(seconds={seconds}))
"""
Later = Callable[[int], None]


@pytest.fixture
def later(portal_environment: dict[str, str]) -> Later:
    """Let all claims be so many seconds older."""

    def age(seconds: int) -> None:
        command = ["manage.py", "shell", "--no-imports", "-c", LATER.format(seconds=seconds)]
        subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=portal_environment,
            check=True,
            capture_output=True,
        )

    return age


@contextmanager
def disabled(keycloak: Keycloak, who: str) -> Iterator[None]:
    keycloak.set_enabled(who, enabled=False)
    try:
        yield
    finally:
        keycloak.set_enabled(who, enabled=True)


def ask_for_keys(page: Page, portal: str) -> None:
    page.goto(f"{portal}/keys?account_id={ROLE['account_id']}&role_name={ROLE['role_name']}")
    follow(page.get_by_role("button", name="Get keys"))


def gets_keys(page: Page, portal: str) -> bool:
    ask_for_keys(page, portal)
    return page.get_by_label("Show secrets").is_visible()


def command_line(page: Page, portal: str) -> str:
    """Allow a command line access in the browser, and return its access token."""

    def post(path: str, body: dict[str, object]) -> dict[str, str]:
        answer = requests.post(f"{portal}{path}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found

    registered = post("/client/register", dict(DEVICE_REGISTRATION))
    client: dict[str, object] = {name: registered[name] for name in ("clientId", "clientSecret")}
    codes = post("/device_authorization", {**client, "startUrl": portal})
    page.goto(codes["verificationUriComplete"])
    follow(page.get_by_role("button", name="Continue"))
    follow(page.get_by_role("button", name="Allow"))
    grant = {"grantType": DEVICE_CODE, "deviceCode": codes["deviceCode"]}
    return post("/token", {**client, **grant})["accessToken"]


def by_command_line(portal: str, token: str) -> tuple[int, str]:
    """What `aws` gets that asks for keys."""
    answer = requests.get(
        f"{portal}/federation/credentials", ROLE, headers={BEARER: token}, timeout=20
    )
    return answer.status_code, answer.headers.get("x-amzn-ErrorType", "")


def test_sentence_says_how_soon_a_disabled_person_gets_no_keys_any_more(
    page_factory: PageFactory, portal: str, keycloak: Keycloak, later: Later
) -> None:
    bob, carol = page_factory(), page_factory()
    sign_in(carol, portal, "carol")
    sign_in(bob, portal, "bob")
    token = command_line(bob, portal)
    carol.goto(f"{portal}/admin/health/")
    sentence = carol.get_by_text("A person disabled at the provider").inner_text()
    said = re.fullmatch(
        r"A person disabled at the provider loses access here within (\d+) minutes\.", sentence
    )
    assert said is not None, sentence
    seconds = 60 * int(said[1])

    with disabled(keycloak, "bob"):
        later(seconds - 60)
        assert gets_keys(bob, portal)
        assert by_command_line(portal, token) == (200, "")

        later(60)
        assert by_command_line(portal, token) == (401, "UnauthorizedException")
        bob.goto(portal)
        expect(bob.get_by_role("link", name="Sign in")).to_be_visible()
        assert by_command_line(portal, token) == (401, "UnauthorizedException")


def test_person_disabled_is_told_on_the_page_and_the_form_is_kept(
    page_factory: PageFactory, portal: str, keycloak: Keycloak, later: Later
) -> None:
    page = page_factory()
    sign_in(page, portal, "bob")

    with disabled(keycloak, "bob"):
        later(300)
        ask_for_keys(page, portal)

        expect(page.get_by_text("Your identity provider has ended your sign-in.")).to_be_visible()
        again = page.get_by_role("link", name="Sign in", exact=True).get_attribute("href") or ""
        assert "next=%2Fcontinue%3Fform%3D" in again


def test_group_that_is_lost_takes_its_roles_along(
    page_factory: PageFactory, portal: str, keycloak: Keycloak, later: Later
) -> None:
    page = page_factory()
    sign_in(page, portal, "bob")
    assert gets_keys(page, portal)

    keycloak.leave_group("bob", "on-call")
    try:
        page.goto(f"{portal}/keys?account_id={ROLE['account_id']}&role_name={ROLE['role_name']}")
        later(300)
        follow(page.get_by_role("button", name="Get keys"))
        expect(
            page.get_by_role("paragraph").filter(
                has_text="You do not have this role in this account."
            )
        ).to_be_visible()
    finally:
        keycloak.join_group("bob", "on-call")


def test_admin_who_is_none_any_more_does_not_get_in(
    page_factory: PageFactory, portal: str, keycloak: Keycloak, later: Later
) -> None:
    page = page_factory()
    sign_in(page, portal, "carol")
    page.goto(f"{portal}/admin/health/")
    expect(page.get_by_role("heading", name="Health")).to_be_visible()

    keycloak.leave_group("carol", "portal-admins")
    try:
        later(300)
        page.goto(f"{portal}/admin/")
        expect(
            page.get_by_role("paragraph").filter(
                has_text="These pages are for portal admins and auditors."
            )
        ).to_be_visible()
    finally:
        keycloak.join_group("carol", "portal-admins")


def test_work_goes_on_for_who_is_still_there(
    page_factory: PageFactory, portal: str, later: Later
) -> None:
    page = page_factory()
    sign_in(page, portal, "bob")
    token = command_line(page, portal)

    for _ in range(2):
        later(300)
        assert gets_keys(page, portal)
        assert by_command_line(portal, token) == (200, "")
