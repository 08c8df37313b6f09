"""The pages on which somebody lets a command line in, in the real Chromium: what it stops, what it lets through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from accounts.models import Approval
from tests import cast
from tests.browsers import PageFactory
from tests.emulators import Reply, ScriptedServer
from tests.sso.conftest import Program, refusal

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("northwind")]


@pytest.fixture
def listener() -> Iterator[ScriptedServer]:
    """What `aws sso login` starts to wait for its answer."""
    page = Reply(body="<!doctype html><title>AWS CLI</title>You can close this window")
    with ScriptedServer(lambda seen: page) as server:
        yield server


def answered(listener: ScriptedServer) -> dict[str, list[str]]:
    """Return what came back to the machine."""
    (found,) = (seen for seen in listener.seen if seen.path.startswith("/oauth/callback"))
    assert found.method == "GET"
    return parse_qs(urlsplit(found.path).query)


@pytest.mark.parametrize("java_script", [True, False])
def test_a_no_is_brought_back_to_the_machine(
    listener: ScriptedServer, page_factory: PageFactory, live_portal: str, java_script: bool
) -> None:
    program = Program.registered()
    page = page_factory(client=cast.signed_in("alice"), java_script=java_script)
    page.goto(live_portal + program.address(redirect_uri=f"{listener.url}/oauth/callback"))

    page.get_by_role("button", name="Deny").click()
    page.wait_for_url(f"{listener.url}/oauth/callback?*")

    assert answered(listener) == {"error": ["access_denied"], "state": ["0b1c2d3e-state"]}
    assert not Approval.objects.exists()


@pytest.mark.parametrize("java_script", [True, False])
def test_a_yes_brings_a_code_back_to_the_machine(
    listener: ScriptedServer, page_factory: PageFactory, live_portal: str, java_script: bool
) -> None:
    program = Program.registered()
    back = f"{listener.url}/oauth/callback"
    page = page_factory(client=cast.signed_in("alice"), java_script=java_script)
    page.goto(live_portal + program.address(redirect_uri=back))

    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{back}?*")

    (code,) = answered(listener)["code"]
    assert program.redeem(code, redirectUri=back).status_code == 200


@pytest.mark.parametrize("java_script", [True, False])
def test_a_code_from_a_link_takes_two_steps(
    page_factory: PageFactory, live_portal: str, java_script: bool
) -> None:
    program = Program()
    given = program.begin()
    page = page_factory(client=cast.signed_in("alice"), java_script=java_script)

    page.goto(given["verificationUriComplete"])
    expect(page.get_by_label("Code")).to_have_value(given["userCode"])
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("192.0.2.10")).to_be_visible()
    before = refusal(program.poll(given["deviceCode"]))
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Command-line access allowed")).to_be_visible()

    assert before == (400, "AuthorizationPendingException")
    assert "accessToken" in json.loads(program.poll(given["deviceCode"]).content)


def test_enter_in_the_field_of_the_code_allows_nothing(
    page_factory: PageFactory, live_portal: str
) -> None:
    given = Program().begin()
    page = page_factory(client=cast.signed_in("alice"))
    page.goto(f"{live_portal}/device")
    page.get_by_label("Code").fill(given["userCode"])

    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Allow command-line access?")).to_be_visible()
    assert Approval.objects.get().approved_at is None
