"""Sign in and out with the command: by browser, by code, with a machine's token; what is saved, refreshed, revoked."""

from __future__ import annotations

import json
import re
import signal
import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.bearer_secrets import PATTERN
from demo.identity import IdentityProvider, OAuthClient
from tests.client.machine import Machine, enter_code
from tests.portal import running
from tests.portal.running import Portal

pytestmark = pytest.mark.wire

ROLE = ("payments-dev", "Developer")


# --- Not signed in ---


def test_signed_out_every_command_says_how_to_sign_in(machine: Machine, portal: Portal) -> None:
    for command, *words in (
        ("list",),
        ("token",),
        ("config",),
        ("credentials", *ROLE),
        ("console", *ROLE),
        ("console", *ROLE, "--print"),
        ("exec", *ROLE, "--", "true"),
        ("logout",),
    ):
        done = machine.run(command, "--portal", portal.url, *words)

        assert (done.returncode, done.stdout) == (3, ""), (command, *words)
        assert f"gatehouse login {portal.url}" in done.stderr
    assert machine.browsed == []


def test_person_who_refuses_is_not_signed_in(machine: Machine, portal: Portal) -> None:
    machine.who = "nobody"

    done = machine.run("login", portal.url)

    assert done.returncode == 1
    assert "refused the sign-in" in done.stderr
    assert not machine.folder.exists()


def test_token_that_the_portal_refuses_is_not_saved(
    machine: Machine, portal: Portal, provider: IdentityProvider
) -> None:
    before = provider.clients[1]
    provider.clients[1] = OAuthClient("gatehouse-cli", audience="another-api")
    try:
        done = machine.run("login", portal.url)
    finally:
        provider.clients[1] = before

    assert done.returncode == 3
    assert "another audience" in done.stderr
    assert not machine.folder.exists()


def test_code_that_is_refused_elsewhere_signs_nobody_in(machine: Machine, portal: Portal) -> None:
    process = machine.start("login", portal.url, "--device")

    enter_code(process, "")
    done = machine.finish(process)

    assert done.returncode == 1
    assert "refused at the identity provider" in done.stderr
    assert not machine.folder.exists()


def test_interrupted_sign_in_ends_quietly(machine: Machine, portal: Portal) -> None:
    process = machine.start("login", portal.url, BROWSER="true %s")
    assert process.stderr is not None
    while "/authorize?" not in process.stderr.readline():
        assert process.poll() is None

    process.send_signal(signal.SIGINT)
    done = machine.finish(process)

    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert not machine.folder.exists()


# --- Signing in ---


def test_sign_in_says_who_and_is_saved_for_its_owner_alone(
    machine: Machine, portal: Portal
) -> None:
    done = machine.run("login", portal.url)

    assert done.returncode == 0, done.stderr
    assert "as alice@northwind.example" in done.stderr
    assert stat.S_IMODE(machine.folder.stat().st_mode) == 0o700
    for path in machine.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    # The browser was started with no secret, and with a challenge.
    [page] = machine.browsed
    query = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
    assert set(query) == {
        *("client_id", "scope", "code_challenge", "code_challenge_method"),
        *("response_type", "redirect_uri", "state"),
    }
    assert query["code_challenge_method"] == "S256"
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/callback", query["redirect_uri"])


def test_sign_in_without_a_refresh_token_says_when_it_ends(
    machine: Machine, alice: Machine, portal: Portal, provider: IdentityProvider
) -> None:
    token = alice.run("token").stdout.strip()
    body = {"access_token": token, "token_type": "Bearer", "expires_in": 300}

    with provider.misbehaving(body={"token": body}):
        done = machine.run("login", portal.url)

    assert done.returncode == 0, done.stderr
    assert "ends in 5 minutes" in done.stderr
    assert "offline_access" in done.stderr


def test_sign_in_by_code_opens_no_browser(machine: Machine, portal: Portal) -> None:
    process = machine.start("login", portal.url, "--device")

    enter_code(process, "alice")
    done = machine.finish(process)

    assert done.returncode == 0, done.stderr
    assert "as alice@northwind.example" in done.stderr
    assert machine.browsed == []
    assert machine.run("list").returncode == 0


def test_machine_without_a_display_signs_in_by_code(machine: Machine, portal: Portal) -> None:
    process = machine.start("login", portal.url, BROWSER="")

    enter_code(process, "alice")

    assert machine.finish(process).returncode == 0


# --- The saved sign-in ---


def test_sign_in_that_others_could_read_is_not_used(signed_in: Machine, portal: Portal) -> None:
    signed_in.sign_in_file(portal.url).chmod(0o640)

    done = signed_in.run("credentials", *ROLE)

    assert (done.returncode, done.stdout) == (1, "")
    assert "chmod 600" in done.stderr


def test_expired_token_is_refreshed(
    signed_in: Machine, portal: Portal, provider: IdentityProvider
) -> None:
    before = signed_in.edit_sign_in(portal.url, expires_at=0)

    done = signed_in.run("token")

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() != before["bearer"]
    assert before["refresh_token"] not in provider.refresh_tokens
    saved = json.loads(signed_in.sign_in_file(portal.url).read_text())
    assert saved["refresh_token"] in provider.refresh_tokens


def test_token_that_the_portal_refuses_before_it_expires_is_refreshed_once(
    signed_in: Machine, portal: Portal, provider: IdentityProvider
) -> None:
    signed_in.edit_sign_in(portal.url, bearer="worth.no.thing")
    provider.hits.clear()

    done = signed_in.run("list")

    assert done.returncode == 0, done.stderr
    assert provider.hits["token"] == 1


def test_many_at_once_refresh_once_and_all_get_their_keys(
    signed_in: Machine, portal: Portal, provider: IdentityProvider
) -> None:
    signed_in.edit_sign_in(portal.url, expires_at=0)
    provider.hits.clear()

    started = [signed_in.start("credentials", *ROLE) for _ in range(8)]
    done = [signed_in.finish(process) for process in started]

    assert [one.returncode for one in done] == [0] * 8, done
    assert len({json.loads(one.stdout)["AccessKeyId"] for one in done}) == 8
    assert provider.hits["token"] == 1
    # The saved refresh token is the valid one: the next refresh works.
    signed_in.edit_sign_in(portal.url, expires_at=0)
    assert signed_in.run("token").returncode == 0


def test_sign_in_ended_at_the_provider_has_ended_here(
    signed_in: Machine, portal: Portal, provider: IdentityProvider
) -> None:
    signed_in.edit_sign_in(portal.url, expires_at=0)
    provider.end_sessions("alice")

    done = signed_in.run("credentials", *ROLE)

    assert (done.returncode, done.stdout) == (3, "")
    assert "has ended" in done.stderr
    assert not signed_in.sign_in_file(portal.url).exists()


def test_logout_removes_the_sign_in_and_revokes_its_tokens(
    signed_in: Machine, portal: Portal, provider: IdentityProvider
) -> None:
    saved = json.loads(signed_in.sign_in_file(portal.url).read_text())
    assert saved["refresh_token"] in provider.refresh_tokens

    done = signed_in.run("logout")

    assert (done.returncode, done.stdout) == (0, "")
    assert "did not revoke" not in done.stderr
    assert provider.refresh_tokens == {}
    assert not signed_in.sign_in_file(portal.url).exists()
    assert signed_in.run("token").returncode == 3


def test_logout_removes_the_sign_in_while_the_provider_is_down(
    signed_in: Machine, portal: Portal, provider: IdentityProvider
) -> None:
    with provider.misbehaving(status={"discovery": 503}):
        done = signed_in.run("logout")

    assert done.returncode == 0
    assert "expire by themselves" in done.stderr
    assert not signed_in.sign_in_file(portal.url).exists()


def test_default_is_the_portal_of_the_latest_sign_in(alice: Machine, portal: Portal) -> None:
    other = portal.url.replace("localhost", "127.0.0.1")
    assert alice.run("token").returncode == 0

    assert alice.run("token", "--portal", other).returncode == 3
    assert alice.run("token", GATEHOUSE_URL=other).returncode == 3
    assert alice.run("token", "--portal", portal.url, GATEHOUSE_URL=other).returncode == 0


# --- Machines ---


def test_machine_token_that_is_refused_is_reported_without_it(
    machine: Machine, portal: Portal
) -> None:
    for token in ("gatehouse_" + "x" * 49, "a.b.c", "nonsense"):
        done = machine.run("list", GATEHOUSE_URL=portal.url, GATEHOUSE_TOKEN=token)

        assert (done.returncode, done.stdout) == (3, ""), token
        assert "GATEHOUSE_TOKEN" in done.stderr
        assert token not in done.stderr


def test_machine_token_needs_no_sign_in(
    machine: Machine, alice: Machine, portal: Portal, tmp_path: Path
) -> None:
    token = alice.run("token").stdout.strip()
    (tmp_path / "token").write_text(f"{token}\n")

    by_value = machine.run("list", "--portal", portal.url, GATEHOUSE_TOKEN=token)
    by_file = machine.run(
        "list", GATEHOUSE_URL=portal.url, GATEHOUSE_TOKEN_FILE=str(tmp_path / "token")
    )

    assert by_value.returncode == by_file.returncode == 0, by_value.stderr + by_file.stderr
    assert by_value.stdout == by_file.stdout
    assert not machine.folder.exists()


def test_token_of_the_portal_gives_what_its_scope_says(machine: Machine, portal: Portal) -> None:
    with running.browser() as browser:
        page = browser.get(f"{portal.url}/oidc/authenticate/?next=/tokens", timeout=20)
        page = browser.post(page.url, data={"username": "alice"}, timeout=20)
        form = {
            "csrfmiddlewaretoken": running.token_in(page.text),
            "purpose": "nightly",
            "may": ["keys"],
            "permission_set": ["ReadOnly"],
            "days": "90",
        }
        page = browser.post(f"{portal.url}/tokens", data=form, timeout=20)
    [token] = PATTERN.findall(page.text)
    variables = {"GATEHOUSE_URL": portal.url, "GATEHOUSE_TOKEN": token}

    refused = machine.run("credentials", *ROLE, **variables)
    given = machine.run("credentials", "payments-dev", "ReadOnly", **variables)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert given.returncode == 0, given.stderr
    assert json.loads(given.stdout)["Version"] == 1
    assert not machine.folder.exists()
