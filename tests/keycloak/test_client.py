"""The command `gatehouse` with a real Keycloak: signing in, by browser and by code, and what it then gives."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browsers import PageFactory
from tests.client.machine import Machine
from tests.emulators import whose_keys
from tests.keycloak.server import Keycloak

pytestmark = [pytest.mark.keycloak, pytest.mark.browser]

ROLE = ("payments-dev", "Developer")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine whose browser only records the URL; a real one opens it."""
    script = f"sh -c 'echo \"$0\" >> {tmp_path}/browsed' %s"
    return Machine(tmp_path, variables={"BROWSER": script})


def give_password(page: Page, who: str) -> None:
    page.fill("#username", who)
    page.fill("#password", who)
    page.click("#kc-login")


def sign_in(machine: Machine, page: Page, portal: str, who: str) -> None:
    """Sign somebody in with the browser of the machine: code and PKCE on a loopback port."""
    process = machine.start("login", portal)
    deadline = time.monotonic() + 60
    while not machine.browsed:
        assert process.poll() is None, machine.finish(process)
        assert time.monotonic() < deadline
        time.sleep(0.1)
    page.goto(machine.browsed[-1])
    give_password(page, who)
    page.get_by_text("Back to the terminal").wait_for()
    done = machine.finish(process)
    assert done.returncode == 0, done.stderr
    assert f"as {who}@northwind.example" in done.stderr


def test_somebody_entitled_to_nothing_gets_no_keys(
    machine: Machine, page_factory: PageFactory, portal: str
) -> None:
    sign_in(machine, page_factory(), portal, "mallory")

    done = machine.run("credentials", *ROLE)

    assert (done.returncode, done.stdout) == (1, "")


def test_sign_in_in_the_browser_gives_keys_that_aws_knows(
    machine: Machine, page_factory: PageFactory, portal: str, cloud_url: str
) -> None:
    sign_in(machine, page_factory(), portal, "demo")

    done = machine.run("credentials", *ROLE)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    arn = whose_keys(
        cloud_url,
        access_key_id=found["AccessKeyId"],
        secret_access_key=found["SecretAccessKey"],
        session_token=found["SessionToken"],
    )
    assert arn.startswith("arn:aws:sts::210987654321:assumed-role/Developer/demo@")


def test_sign_in_by_code_gives_keys(
    machine: Machine, page_factory: PageFactory, portal: str
) -> None:
    process = machine.start("login", portal, "--device")
    assert process.stderr is not None
    said = ""
    while not (found := re.search(r"Or open (\S+)\n", said)):
        line = process.stderr.readline()
        assert line, said
        said += line

    page = page_factory()
    page.goto(found[1])
    give_password(page, "demo")
    page.get_by_role("button", name="Yes").click()
    done = machine.finish(process)

    assert done.returncode == 0, done.stderr
    assert "as demo@northwind.example" in done.stderr
    assert machine.browsed == []
    assert json.loads(machine.run("credentials", *ROLE).stdout)["Version"] == 1


def test_token_past_its_time_is_refreshed_until_the_session_ends_at_keycloak(
    machine: Machine, page_factory: PageFactory, portal: str, keycloak: Keycloak
) -> None:
    sign_in(machine, page_factory(), portal, "demo")
    before = machine.edit_sign_in(portal, expires_at=0)

    renewed = machine.run("token")
    assert renewed.returncode == 0, renewed.stderr
    assert renewed.stdout.strip() != before["bearer"]

    machine.edit_sign_in(portal, expires_at=0)
    keycloak.log_out("demo")
    over = machine.run("credentials", *ROLE)

    assert (over.returncode, over.stdout) == (3, "")
    assert f"gatehouse login {portal}" in over.stderr


def test_logout_ends_the_session_at_keycloak(
    machine: Machine, page_factory: PageFactory, portal: str, keycloak: Keycloak
) -> None:
    sign_in(machine, page_factory(), portal, "bob")
    assert len(keycloak.sessions("bob")) == 1

    done = machine.run("logout")

    assert done.returncode == 0
    assert "did not revoke" not in done.stderr
    assert keycloak.sessions("bob") == []
