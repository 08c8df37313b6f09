"""The command from outside: a machine with a browser, a portal, an identity provider."""

from __future__ import annotations

import json
import re
import signal
import stat
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.bearer_secrets import PATTERN
from demo.identity import IdentityProvider
from tests.client.commands import Commands, enter_code
from tests.portal import running
from tests.portal.running import Portal

pytestmark = pytest.mark.wire

ROLE = ("payments-dev", "Developer")
ARN = "arn:aws:iam::210987654321:role/gatehouse/Developer"


# --- Not signed in ---


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("token",),
        ("config",),
        ("credentials", *ROLE),
        ("console", *ROLE),
        ("console", *ROLE, "--print"),
        ("exec", *ROLE, "--", "true"),
        ("logout",),
    ],
    ids=" ".join,
)
def test_nobody_signed_in_gets_nothing_but_what_to_do(
    commands: Commands, portal: Portal, words: tuple[str, ...]
) -> None:
    done = commands.run(words[0], "--portal", portal.url, *words[1:])

    assert (done.returncode, done.stdout) == (3, "")
    assert f"gatehouse login {portal.url}" in done.stderr
    assert commands.browsed == []


@pytest.mark.parametrize("words", [("list",), ("credentials", *ROLE), ("login",)], ids=" ".join)
def test_no_portal_is_named_and_none_is_remembered(
    commands: Commands, words: tuple[str, ...]
) -> None:
    done = commands.run(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Which portal?" in done.stderr


@pytest.mark.parametrize(
    "address",
    ["http://aws.example.com", "https://me:secret@aws.example.com", "ftp://aws.example.com"],
)
def test_portal_that_tokens_must_not_be_sent_to_is_refused(
    commands: Commands, address: str
) -> None:
    done = commands.run("login", address)

    assert done.returncode == 2
    assert "refused" in done.stderr


# --- Signing in ---


def test_person_who_says_no_is_not_signed_in(commands: Commands, portal: Portal) -> None:
    commands.who = "nobody"

    done = commands.run("login", portal.url)

    assert done.returncode == 1
    assert "says no" in done.stderr
    assert not commands.folder.exists()


def test_token_that_the_portal_does_not_take_is_not_kept(
    commands: Commands, portal: Portal, provider: IdentityProvider
) -> None:
    provider.clients[1], before = provider.clients[2], provider.clients[1]
    provider.clients[1] = type(before)("gatehouse-cli", audience="another-api")
    try:
        done = commands.run("login", portal.url)
    finally:
        provider.clients[1] = before

    assert done.returncode == 3
    assert "another audience" in done.stderr
    assert not commands.folder.exists()


def test_sign_in_says_who_and_keeps_it_for_its_owner_alone(
    commands: Commands, portal: Portal
) -> None:
    done = commands.run("login", portal.url)

    assert done.returncode == 0, done.stderr
    assert "as alice@northwind.example" in done.stderr
    assert stat.S_IMODE(commands.folder.stat().st_mode) == 0o700
    for path in commands.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_browser_is_started_with_no_secret_and_a_challenge(
    commands: Commands, portal: Portal, provider: IdentityProvider
) -> None:
    commands.run("login", portal.url)

    [page] = commands.browsed
    asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
    assert set(asked) == {
        *("client_id", "scope", "code_challenge", "code_challenge_method"),
        *("response_type", "redirect_uri", "state"),
    }
    assert asked["code_challenge_method"] == "S256"
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/callback", asked["redirect_uri"])


def test_sign_in_that_will_not_last_says_so(
    commands: Commands, portal: Portal, provider: IdentityProvider
) -> None:
    body = {"access_token": "", "token_type": "Bearer", "expires_in": 300}
    other = Commands(_made(commands.home / "other"))
    other.run("login", portal.url)
    body["access_token"] = other.run("token").stdout.strip()

    with provider.misbehaving(body={"token": body}):
        done = commands.run("login", portal.url)

    assert done.returncode == 0, done.stderr
    assert "lasts for 5 minutes" in done.stderr
    assert "offline_access" in done.stderr


def test_sign_in_that_somebody_interrupts_ends_quietly(commands: Commands, portal: Portal) -> None:
    process = commands.start("login", portal.url, BROWSER="true %s")
    assert process.stderr is not None
    while "/authorize?" not in process.stderr.readline():
        assert process.poll() is None

    process.send_signal(signal.SIGINT)
    done = commands.finish(process)

    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert not commands.folder.exists()


def test_page_is_printed_where_the_browser_does_not_start(
    signed_in: Commands, portal: Portal
) -> None:
    done = signed_in.run("console", *ROLE, BROWSER="false %s")

    assert done.returncode == 0
    assert "Open this page in a browser" in done.stderr
    assert f"{portal.url}/console?" in done.stderr


def test_sign_in_by_code_needs_no_browser_here(
    commands: Commands, portal: Portal, provider: IdentityProvider
) -> None:
    process = commands.start("login", portal.url, "--device")

    enter_code(process, "alice")
    done = commands.finish(process)

    assert done.returncode == 0, done.stderr
    assert "as alice@northwind.example" in done.stderr
    assert commands.browsed == []
    assert commands.run("list").returncode == 0


def test_sign_in_by_code_is_what_a_machine_without_a_display_does(
    commands: Commands, portal: Portal
) -> None:
    process = commands.start("login", portal.url, BROWSER="")

    enter_code(process, "alice")

    assert commands.finish(process).returncode == 0


def test_sign_in_by_code_that_is_refused_elsewhere_ends(commands: Commands, portal: Portal) -> None:
    process = commands.start("login", portal.url, "--device")

    enter_code(process, "")
    done = commands.finish(process)

    assert done.returncode == 1
    assert "refused at the identity provider" in done.stderr
    assert not commands.folder.exists()


# --- What is kept ---


def test_sign_in_that_others_could_read_is_not_used(signed_in: Commands, portal: Portal) -> None:
    signed_in.kept(portal.url).chmod(0o640)

    done = signed_in.run("credentials", *ROLE)

    assert (done.returncode, done.stdout) == (1, "")
    assert "chmod 600" in done.stderr


def test_token_past_its_time_is_refreshed(
    signed_in: Commands, portal: Portal, provider: IdentityProvider
) -> None:
    before = signed_in.change(portal.url, expires_at=0)

    done = signed_in.run("token")

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() != before["bearer"]
    assert before["refresh_token"] not in provider.refresh_tokens
    assert json.loads(signed_in.kept(portal.url).read_text())["refresh_token"] in (
        provider.refresh_tokens
    )


def test_token_that_the_portal_refuses_before_its_time_is_refreshed_once(
    signed_in: Commands, portal: Portal, provider: IdentityProvider
) -> None:
    signed_in.change(portal.url, bearer="worth.no.thing")
    provider.hits.clear()

    done = signed_in.run("list")

    assert done.returncode == 0, done.stderr
    assert provider.hits["token"] == 1


def test_many_at_once_refresh_once_and_all_get_their_keys(
    signed_in: Commands, portal: Portal, provider: IdentityProvider
) -> None:
    signed_in.change(portal.url, expires_at=0)
    provider.hits.clear()

    started = [signed_in.start("credentials", *ROLE) for _ in range(8)]
    done = [signed_in.finish(process) for process in started]

    assert [one.returncode for one in done] == [0] * 8, done
    assert len({json.loads(one.stdout)["AccessKeyId"] for one in done}) == 8
    assert provider.hits["token"] == 1
    # What is kept is the one that still works: the next refresh does.
    signed_in.change(portal.url, expires_at=0)
    assert signed_in.run("token").returncode == 0


def test_sign_in_ended_at_the_provider_is_over(
    signed_in: Commands, portal: Portal, provider: IdentityProvider
) -> None:
    signed_in.change(portal.url, expires_at=0)
    provider.end_sessions("alice")

    done = signed_in.run("credentials", *ROLE)

    assert (done.returncode, done.stdout) == (3, "")
    assert "is over" in done.stderr
    assert not signed_in.kept(portal.url).exists()


def test_logout_forgets_here_and_revokes_there(
    signed_in: Commands, portal: Portal, provider: IdentityProvider
) -> None:
    kept = json.loads(signed_in.kept(portal.url).read_text())
    assert kept["refresh_token"] in provider.refresh_tokens

    done = signed_in.run("logout")

    assert (done.returncode, done.stdout) == (0, "")
    assert "did not take" not in done.stderr
    assert provider.refresh_tokens == {}
    assert not signed_in.kept(portal.url).exists()
    assert signed_in.run("token").returncode == 3


def test_logout_forgets_when_the_provider_is_down(
    signed_in: Commands, portal: Portal, provider: IdentityProvider
) -> None:
    with provider.misbehaving(status={"discovery": 503}):
        done = signed_in.run("logout")

    assert done.returncode == 0
    assert "they end by themselves" in done.stderr
    assert not signed_in.kept(portal.url).exists()


# --- What is asked for ---


def test_role_of_somebody_else_is_denied(signed_in: Commands) -> None:
    done = signed_in.run("credentials", "payments-prod", "Operator")

    assert (done.returncode, done.stdout) == (1, "")
    assert "You do not have this role" in done.stderr


def test_credentials_print_what_a_credential_process_prints(signed_in: Commands) -> None:
    done = signed_in.run("credentials", *ROLE, "--duration", "15m")

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert list(found) == [
        "Version",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    ]
    assert found["Version"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["Expiration"])


def test_session_tag_that_the_role_does_not_take_is_refused(signed_in: Commands) -> None:
    done = signed_in.run("credentials", *ROLE, "--tag", "project=apollo")

    assert (done.returncode, done.stdout) == (1, "")
    assert "does not take the session tag “project”" in done.stderr


def test_session_tags_come_with_the_keys(signed_in: Commands, portal: Portal) -> None:
    done = signed_in.run("exec", *ROLE, "--tag", "ticket=PAY=7", "--", "true")

    assert done.returncode == 0, done.stderr
    assert "PAY=7" in portal.rows("accounts_auditevent")


@pytest.mark.parametrize(
    "words", [ROLE, ("210987654321", "Developer"), ("--role-arn", ARN)], ids=" ".join
)
def test_role_is_named_by_account_or_by_arn(
    signed_in: Commands, portal: Portal, words: tuple[str, ...]
) -> None:
    done = signed_in.run("exec", *words, "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID")

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in portal.rows("accounts_auditevent")


@pytest.mark.parametrize(
    "words",
    [
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
    ],
    ids=lambda words: " ".join(words) or "nothing",
)
def test_what_cannot_be_understood_is_said(signed_in: Commands, words: tuple[str, ...]) -> None:
    done = signed_in.run(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_program_that_does_not_stand_after_two_hyphens_is_told_where(commands: Commands) -> None:
    done = commands.run("exec", *ROLE, "aws", "s3", "ls", "--recursive")

    assert (done.returncode, done.stdout) == (2, "")
    assert "aws s3 ls --recursive" in done.stderr
    assert "ACCOUNT ROLE -- PROGRAM" in done.stderr


def test_list_shows_what_is_given_and_why_nothing_is(
    signed_in: Commands, portal: Portal, provider: IdentityProvider
) -> None:
    table = signed_in.run("list").stdout.splitlines()
    assert table[0].split() == ["ACCOUNT", "ID", "ROLE", "FOR"]
    assert ["payments-dev", "210987654321", "Developer", "console,", "keys"] in [
        line.split() for line in table
    ]
    everything = json.loads(signed_in.run("list", "--json").stdout)
    assert len(everything) == len(table) - 1
    assert all(one["reasons"] for one in everything)

    signed_in.who = "mallory"
    signed_in.run("logout")
    provider.end_sessions("alice")
    signed_in.run("login", portal.url)
    nothing = signed_in.run("list")

    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "Nothing is given" in nothing.stderr


def test_console_opens_the_portal_so_that_no_secret_is_on_a_command_line(
    signed_in: Commands, portal: Portal
) -> None:
    destination = "https://eu-west-1.console.aws.amazon.com/s3/home"
    before = portal.rows("accounts_auditevent").count("access:console")

    done = signed_in.run("console", *ROLE, "--destination", destination)

    assert (done.returncode, done.stdout) == (0, "")
    page = urlsplit(signed_in.browsed[-1])
    assert f"{page.scheme}://{page.netloc}{page.path}" == f"{portal.url}/console"
    assert parse_qs(page.query) == {
        "account_id": ["210987654321"],
        "role_name": ["Developer"],
        "destination": [destination],
    }
    assert portal.rows("accounts_auditevent").count("access:console") == before


def test_console_prints_a_link_that_opens_it_where_asked(
    signed_in: Commands, cloud_url: str
) -> None:
    done = signed_in.run("console", "--role-arn", ARN, "--print")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{cloud_url}/federation?Action=login")
    assert len(signed_in.browsed) == 1  # the sign-in's own


@pytest.mark.parametrize(("account", "why"), [("payments-prod", "no such role"), ("x", "no such")])
def test_console_of_a_role_that_is_not_given_opens_nothing(
    signed_in: Commands, account: str, why: str
) -> None:
    done = signed_in.run("console", account, "Operator")

    assert done.returncode == 1
    assert why in done.stderr
    assert len(signed_in.browsed) == 1


# --- Running a program ---


def test_exec_of_no_program_asks_for_no_keys(signed_in: Commands, portal: Portal) -> None:
    before = portal.rows("accounts_auditevent")

    done = signed_in.run("exec", *ROLE, "--", "no-such-program")

    assert done.returncode == 127
    assert "no program no-such-program" in done.stderr
    assert portal.rows("accounts_auditevent") == before


def test_exec_of_what_is_no_program_says_so(signed_in: Commands) -> None:
    broken = signed_in.home / "bin" / "broken"
    broken.write_bytes(b"\x7fELF and nothing else")
    broken.chmod(0o755)

    done = signed_in.run("exec", *ROLE, "--", "broken")

    assert done.returncode == 1
    assert "cannot be run" in done.stderr


def test_exec_gives_the_keys_and_nothing_that_contradicts_them(signed_in: Commands) -> None:
    done = signed_in.run(
        "exec",
        *ROLE,
        "--",
        "env",
        AWS_PROFILE="production",
        AWS_WEB_IDENTITY_TOKEN_FILE="/run/token",
        AWS_ROLE_ARN="arn:aws:iam::1:role/x",
        AWS_SECRET_ACCESS_KEY="of another account",
    )

    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert done.returncode == 0, done.stderr
    assert not {"AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"} & set(found)
    assert found["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert found["AWS_SECRET_ACCESS_KEY"] != "of another account"
    assert found["AWS_SESSION_TOKEN"]
    assert found["AWS_CREDENTIAL_EXPIRATION"].endswith("Z")
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "eu-west-1"


def test_exec_leaves_a_region_alone_that_somebody_chose(signed_in: Commands) -> None:
    done = signed_in.run("exec", *ROLE, "--", "env", AWS_REGION="eu-north-1")

    assert "AWS_REGION=eu-north-1\n" in done.stdout
    assert "AWS_DEFAULT_REGION" not in done.stdout


@pytest.mark.parametrize("code", [0, 7, 255])
def test_exec_ends_as_the_program_does(signed_in: Commands, code: int) -> None:
    done = signed_in.run("exec", *ROLE, "--", "sh", "-c", f"echo out; echo err >&2; exit {code}")

    assert (done.returncode, done.stdout, done.stderr) == (code, "out\n", "err\n")


def test_exec_hands_the_programs_own_options_on(signed_in: Commands) -> None:
    done = signed_in.run("exec", *ROLE, "--", "echo", "--portal", "x", "--", "--json")

    assert done.stdout == "--portal x -- --json\n"


# --- Machines ---


def test_token_of_a_machine_is_used_and_nobody_signs_in(
    commands: Commands, portal: Portal, provider: IdentityProvider, tmp_path: Path
) -> None:
    other = Commands(_made(tmp_path / "other"))
    other.run("login", portal.url)
    token = other.run("token").stdout.strip()
    (tmp_path / "token").write_text(f"{token}\n")

    by_value = commands.run("list", "--portal", portal.url, GATEHOUSE_TOKEN=token)
    by_file = commands.run(
        "list", GATEHOUSE_URL=portal.url, GATEHOUSE_TOKEN_FILE=str(tmp_path / "token")
    )

    assert by_value.returncode == by_file.returncode == 0, by_value.stderr + by_file.stderr
    assert by_value.stdout == by_file.stdout
    assert not commands.folder.exists()


def test_token_of_the_portal_gives_what_its_scope_says(commands: Commands, portal: Portal) -> None:
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
    machine = {"GATEHOUSE_URL": portal.url, "GATEHOUSE_TOKEN": token}

    refused = commands.run("credentials", *ROLE, **machine)
    given = commands.run("credentials", "payments-dev", "ReadOnly", **machine)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert given.returncode == 0, given.stderr
    assert json.loads(given.stdout)["Version"] == 1
    assert not commands.folder.exists()


@pytest.mark.parametrize("token", ["gatehouse_" + "x" * 49, "a.b.c", "nonsense"])
def test_token_of_a_machine_that_is_not_taken_is_said(
    commands: Commands, portal: Portal, token: str
) -> None:
    done = commands.run("list", GATEHOUSE_URL=portal.url, GATEHOUSE_TOKEN=token)

    assert (done.returncode, done.stdout) == (3, "")
    assert "GATEHOUSE_TOKEN" in done.stderr
    assert token not in done.stderr


# --- Several portals ---


def test_portal_signed_in_to_last_is_meant_when_none_is_named(
    signed_in: Commands, portal: Portal
) -> None:
    other = portal.url.replace("localhost", "127.0.0.1")
    assert signed_in.run("token").returncode == 0

    assert signed_in.run("token", "--portal", other).returncode == 3
    assert signed_in.run("token", GATEHOUSE_URL=other).returncode == 3
    assert signed_in.run("token", "--portal", portal.url, GATEHOUSE_URL=other).returncode == 0


# --- What is said ---


def test_nothing_that_is_said_or_browsed_holds_a_secret(
    signed_in: Commands, portal: Portal, provider: IdentityProvider
) -> None:
    kept = json.loads(signed_in.kept(portal.url).read_text())
    secrets = {kept["bearer"], kept["refresh_token"]}
    said = ""
    with provider.misbehaving(status={"token": 500}):
        signed_in.change(portal.url, expires_at=0)
        said += signed_in.run("credentials", *ROLE).stderr
    with provider.misbehaving(not_json=frozenset({"token"})):
        said += signed_in.run("credentials", *ROLE).stderr
    signed_in.change(portal.url, expires_at=time.time() + 300, bearer="spoilt")
    with provider.misbehaving(status={"discovery": 500}):
        said += signed_in.run("list").stderr
    done = signed_in.run("credentials", *ROLE)
    found = json.loads(done.stdout)
    secrets |= {found["SecretAccessKey"], found["SessionToken"]}
    secrets |= set(provider.refresh_tokens) | set(provider.access_tokens)

    assert said.count("gatehouse: ") == 3
    assert "Traceback" not in said
    for secret in secrets:
        assert secret not in said + done.stderr + "".join(signed_in.browsed)


def test_reader_that_goes_away_is_no_defect(signed_in: Commands) -> None:
    done = signed_in.run_program(["sh", "-c", "gatehouse list --json | true"])

    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
