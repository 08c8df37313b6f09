"""The commands of somebody who is signed in: list, credentials, console, exec; and what is not a command."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from demo.identity import IdentityProvider
from gatehouse_client import cli
from tests.client.machine import Machine
from tests.portal.running import Portal

pytestmark = pytest.mark.wire

ROLE = ("payments-dev", "Developer")
ARN = "arn:aws:iam::210987654321:role/gatehouse/Developer"
INVALID: tuple[tuple[str, ...], ...] = (
    ("credentials",),
    ("credentials", "payments-dev"),
    ("credentials", *ROLE, "--role-arn", ARN),
    ("credentials", *ROLE, "--duration", "soon"),
    ("credentials", *ROLE, "--tag", "ticket"),
    ("credentials", *ROLE, "--tag", "=PAY-7"),
    ("credentials", *ROLE, "--tag", "ticket=PAY-7", "--tag", "ticket=PAY-8"),
    ("exec", *ROLE),
    ("list", "--", "true"),
    ("nonsense",),
    (),
)


def run_here(*words: str) -> int:
    """Run the command in this process."""
    try:
        return cli.main(words)
    except SystemExit as end:
        return int(end.code or 0)


# --- Not valid ---


@pytest.fixture
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path / "gatehouse"))
    for name in ("GATEHOUSE_URL", "GATEHOUSE_TOKEN", "GATEHOUSE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_home")
def test_invalid_command_lines_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEHOUSE_URL", "https://aws.northwind.example")
    for words in INVALID:
        assert run_here(*words) == 2, words
        out, err = capsys.readouterr()
        assert out == ""
        assert err, words


@pytest.mark.usefixtures("_home")
def test_program_without_two_hyphens_is_refused_with_a_hint(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_here("exec", *ROLE, "aws", "s3", "ls", "--recursive") == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert "aws s3 ls --recursive (write the program after --)" in err
    assert "ACCOUNT ROLE -- PROGRAM" in err


@pytest.mark.usefixtures("_home")
def test_without_a_portal_commands_ask_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("list",), ("credentials", *ROLE), ("login",)):
        assert run_here(*words) == 2, words
        assert "Which portal?" in capsys.readouterr().err


@pytest.mark.usefixtures("_home")
def test_portal_that_tokens_must_not_be_sent_to_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for url in (
        "http://aws.example.com",
        "https://me:secret@aws.example.com",
        "ftp://aws.example.com",
    ):
        assert run_here("login", url) == 2, url
        assert "refused" in capsys.readouterr().err


# --- Keys ---


def test_role_of_somebody_else_is_denied(alice: Machine) -> None:
    done = alice.run("credentials", "payments-prod", "Operator")

    assert (done.returncode, done.stdout) == (1, "")
    assert "You do not have this role" in done.stderr


def test_wrong_letter_case_is_named_as_that(alice: Machine) -> None:
    for command in (("exec",), ("credentials",), ("config",)):
        after = ("--", "true") if command == ("exec",) else ()
        for typed in (("Payments-Dev", "Developer"), ("payments-dev", "developer")):
            done = alice.run(*command, *typed, *after)

            assert (done.returncode, done.stdout) == (1, "")
            assert "upper and lower case count. You have payments-dev Developer." in done.stderr


def test_session_tag_that_the_role_does_not_allow_is_refused(alice: Machine) -> None:
    done = alice.run("credentials", *ROLE, "--tag", "project=apollo")

    assert (done.returncode, done.stdout) == (1, "")
    assert "the session tag “project”" in done.stderr


def test_credentials_have_the_format_of_a_credential_process(alice: Machine) -> None:
    done = alice.run("credentials", *ROLE, "--duration", "15m")

    assert (done.returncode, done.stderr) == (0, "")
    output = json.loads(done.stdout)
    assert list(output) == [
        "Version",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    ]
    assert output["Version"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", output["Expiration"])


def test_session_tags_come_with_the_keys(alice: Machine, portal: Portal) -> None:
    done = alice.run("exec", *ROLE, "--tag", "ticket=PAY=7", "--", "true")

    assert done.returncode == 0, done.stderr
    assert "PAY=7" in portal.rows("accounts_auditevent")


def test_read_only_is_asked_for_and_fails_where_it_is_not_offered(
    alice: Machine, portal: Portal
) -> None:
    less = alice.run("exec", *ROLE, "--read-only", "--", "true")
    link = alice.run("console", *ROLE, "--read-only", "--print")
    page = alice.run("console", *ROLE, "--read-only", BROWSER="false %s")
    refused = alice.run("credentials", "payments-dev", "ReadOnly", "--read-only")

    assert (less.returncode, link.returncode) == (0, 0), (less.stderr, link.stderr)
    assert portal.rows("accounts_auditevent").count('"session_policy": "read-only"') == 3
    assert "&read_only=1" in page.stderr
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "does not offer read-only" in refused.stderr


def test_role_is_named_by_account_or_by_arn(alice: Machine, portal: Portal) -> None:
    for words in (ROLE, ("210987654321", "Developer"), ("--role-arn", ARN)):
        done = alice.run("exec", *words, "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID")

        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() in portal.rows("accounts_auditevent"), words


# --- List ---


def test_list_shows_roles_or_why_there_are_none(
    alice: Machine, machine: Machine, portal: Portal
) -> None:
    table = alice.run("list").stdout.splitlines()
    assert table[0].split() == ["ACCOUNT", "ID", "ROLE", "FOR"]
    assert ["payments-dev", "210987654321", "Developer", "console,", "keys"] in [
        line.split() for line in table
    ]
    entitlements = json.loads(alice.run("list", "--json").stdout)
    assert len(entitlements) == len(table) - 1
    assert all(one["reasons"] for one in entitlements)

    machine.who = "mallory"
    machine.run("login", portal.url)
    nothing = machine.run("list")

    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "You have no AWS accounts yet" in nothing.stderr


def test_closed_pipe_prints_no_traceback(alice: Machine) -> None:
    done = alice.run_program(["sh", "-c", "gatehouse list --json | true"])

    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


# --- Console ---


def test_console_of_a_role_one_does_not_have_opens_nothing(alice: Machine) -> None:
    for account in ("payments-prod", "x"):
        done = alice.run("console", account, "Operator")

        assert done.returncode == 1, account
        assert "You do not have this role" in done.stderr
    assert alice.browsed == []


def test_console_opens_the_portal_so_that_no_secret_is_on_a_command_line(
    alice: Machine, portal: Portal
) -> None:
    destination = "https://eu-west-1.console.aws.amazon.com/s3/home"
    before = portal.rows("accounts_auditevent").count("access.console")

    done = alice.run("console", *ROLE, "--destination", destination)

    assert (done.returncode, done.stdout) == (0, "")
    [opened] = alice.browsed
    page = urlsplit(opened)
    assert f"{page.scheme}://{page.netloc}{page.path}" == f"{portal.url}/console"
    assert parse_qs(page.query) == {
        "account_id": ["210987654321"],
        "role_name": ["Developer"],
        "destination": [destination],
    }
    assert portal.rows("accounts_auditevent").count("access.console") == before


def test_console_prints_its_page_if_the_browser_does_not_start(
    alice: Machine, portal: Portal
) -> None:
    done = alice.run("console", *ROLE, BROWSER="false %s")

    assert done.returncode == 0
    assert "Open this page in a browser" in done.stderr
    assert f"{portal.url}/console?" in done.stderr


def test_console_prints_the_link_if_asked_to(alice: Machine, cloud_url: str) -> None:
    done = alice.run("console", "--role-arn", ARN, "--print")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{cloud_url}/federation?Action=login")
    assert alice.browsed == []


# --- Exec ---


def test_exec_of_no_program_requests_no_keys(alice: Machine, portal: Portal) -> None:
    before = portal.rows("accounts_auditevent")

    done = alice.run("exec", *ROLE, "--", "no-such-program")

    assert done.returncode == 127
    assert "no program no-such-program" in done.stderr
    assert portal.rows("accounts_auditevent") == before


def test_exec_of_a_file_that_is_no_program_fails(alice: Machine) -> None:
    broken = alice.home / "bin" / "broken"
    broken.write_bytes(b"\x7fELF and nothing else")
    broken.chmod(0o755)

    done = alice.run("exec", *ROLE, "--", "broken")

    assert done.returncode == 1
    assert "cannot be run" in done.stderr


def test_exec_gives_the_keys_and_nothing_that_overrides_them(alice: Machine) -> None:
    done = alice.run(
        "exec",
        *ROLE,
        "--",
        "env",
        AWS_PROFILE="production",
        AWS_WEB_IDENTITY_TOKEN_FILE="/run/token",
        AWS_ROLE_ARN="arn:aws:iam::1:role/x",
        AWS_SECRET_ACCESS_KEY="of another account",
    )

    variables = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert done.returncode == 0, done.stderr
    assert not {"AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"} & set(variables)
    assert variables["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert variables["AWS_SECRET_ACCESS_KEY"] != "of another account"
    assert variables["AWS_SESSION_TOKEN"]
    assert variables["AWS_CREDENTIAL_EXPIRATION"].endswith("Z")
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"


def test_exec_keeps_a_region_that_is_set(alice: Machine) -> None:
    done = alice.run("exec", *ROLE, "--", "env", AWS_REGION="eu-north-1")

    assert "AWS_REGION=eu-north-1\n" in done.stdout
    assert "AWS_DEFAULT_REGION" not in done.stdout


def test_exec_hands_on_options_streams_and_exit_code(alice: Machine) -> None:
    echo = alice.run("exec", *ROLE, "--", "echo", "--portal", "x", "--", "--json")
    fails = alice.run("exec", *ROLE, "--", "sh", "-c", "echo out; echo err >&2; exit 255")

    assert (echo.returncode, echo.stdout) == (0, "--portal x -- --json\n")
    assert (fails.returncode, fails.stdout, fails.stderr) == (255, "out\n", "err\n")


# --- Secrets ---


def test_no_message_and_no_opened_page_holds_a_secret(
    signed_in: Machine, portal: Portal, provider: IdentityProvider
) -> None:
    saved = json.loads(signed_in.sign_in_file(portal.url).read_text())
    secrets = {saved["bearer"], saved["refresh_token"]}
    messages = ""
    with provider.misbehaving(status={"token": 500}):
        signed_in.edit_sign_in(portal.url, expires_at=0)
        messages += signed_in.run("credentials", *ROLE).stderr
    with provider.misbehaving(not_json=frozenset({"token"})):
        messages += signed_in.run("credentials", *ROLE).stderr
    signed_in.edit_sign_in(portal.url, expires_at=time.time() + 300, bearer="spoilt")
    with provider.misbehaving(status={"discovery": 500}):
        messages += signed_in.run("list").stderr
    done = signed_in.run("credentials", *ROLE)
    output = json.loads(done.stdout)
    secrets |= {output["SecretAccessKey"], output["SessionToken"]}
    secrets |= set(provider.refresh_tokens) | set(provider.access_tokens)

    assert messages.count("gatehouse: ") == 3
    assert "Traceback" not in messages
    for secret in secrets:
        assert secret not in messages + done.stderr + "".join(signed_in.browsed)
