"""A role that asks for a second factor, and one that asks for a recent sign-in, at a real Keycloak."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browsers import PageFactory
from tests.keycloak.server import Keycloak
from tests.keycloak.test_portal import give_password, sign_in
from tests.processes import ROOT

pytestmark = [pytest.mark.keycloak, pytest.mark.browser]

COMPANY = ROOT / "deploy" / "keycloak" / "gatehouse.toml"
KEYS = "/keys?account_id=210987654321&role_name=Developer"


@pytest.fixture
def developers_need(
    portal: str, portal_environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[[str], None]]:
    """Change what the permission set Developer asks for, by a line of its table."""

    def apply(path: Path) -> None:
        subprocess.run(
            [sys.executable, "manage.py", "apply", str(path)],
            cwd=ROOT,
            env=portal_environment,
            check=True,
            capture_output=True,
        )

    def change(line: str) -> None:
        name = 'name = "Developer"\n'
        path = tmp_path / "company.toml"
        path.write_text(COMPANY.read_text().replace(name, f"{name}{line}\n", 1))
        apply(path)

    yield change
    apply(COMPANY)


def confirm_password(page: Page) -> None:
    page.get_by_role("textbox", name="Password").fill("demo")
    page.get_by_role("button", name="Sign In").click()


def test_second_factor_is_asked_for_and_opens_the_role(
    page_factory: PageFactory,
    portal: str,
    keycloak: Keycloak,
    developers_need: Callable[[str], None],
) -> None:
    keycloak.use_flow(keycloak.ask_for_passwords_twice())
    try:
        page = page_factory()
        page.goto(portal)
        page.get_by_role("link", name="Sign in").click()
        give_password(page, "demo")
        expect(page.get_by_role("heading", name="AWS accounts")).to_be_visible()
        developers_need("requires_mfa = true")

        page.goto(f"{portal}{KEYS}")
        # The page itself or, right after the sign-in, its button leads to Keycloak.
        again = page.get_by_role("link", name="Sign in again")
        expect(again.or_(page.get_by_role("textbox", name="Password"))).to_be_visible()
        if again.is_visible():
            again.click()
        confirm_password(page)

        expect(page.get_by_role("button", name="Get keys")).to_be_visible()
        assert page.url == f"{portal}{KEYS}"
    finally:
        keycloak.use_flow("")


def test_recent_sign_in_is_asked_for_although_keycloak_knows_the_browser(
    page_factory: PageFactory, portal: str
) -> None:
    page = page_factory()
    sign_in(page, portal, "demo")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    # Keycloak counts in seconds: until one is over, it signs people in without a question.
    password = page.get_by_role("textbox", name="Password")
    deadline = time.monotonic() + 30
    while not password.is_visible() and time.monotonic() < deadline:
        page.goto(f"{portal}/oidc/authenticate/?next=/activity&max_age=1")
    confirm_password(page)

    expect(page.get_by_role("heading", level=1, name="activity")).to_be_visible()
