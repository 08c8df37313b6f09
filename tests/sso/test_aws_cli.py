"""The real AWS CLI 2, older and newer, and boto3, with the profiles that the keys page shows and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from demo.identity import IdentityProvider, OAuthClient
from demo.identity.server import serve
from demo.identity.users import load_users
from demo.launcher.home import PEOPLE
from demo.launcher.network import choose
from tests import aws_cli_v2, postgresql, real_parts
from tests.browsers import PATIENCE, PageFactory
from tests.portal import running
from tests.sso.aws_cli import AwsCli
from tests.sso.front import front

pytestmark = [pytest.mark.browser, pytest.mark.wire]

ACCOUNT = "210987654321"
PROFILE, OTHER = f"{ACCOUNT}_Developer", f"{ACCOUNT}_ReadOnly"
LOGIN = ("sso", "login", "--profile", PROFILE)
BY_CODE = (*LOGIN, "--use-device-code")
BEARER = "x-amz-sso_bearer_token"
ARN = "arn:aws:sts::210987654321:assumed-role/{}/alice@northwind.example-"
ASK_BOTO3 = """\
import sys, boto3
print(boto3.Session(profile_name=sys.argv[1]).client("sts").get_caller_identity()["Arn"])
"""


@dataclass(frozen=True)
class Place:
    """A portal, the browser in which alice is signed in there, and what her machine has to know to use it."""

    portal: running.Portal
    url: str
    alice: BrowserContext
    blocks: tuple[str, ...]
    variables: dict[str, str]

    def machine(self, suite: str, home: Path) -> AwsCli:
        """Return a machine with the AWS CLI of a suite, and the profile as it was copied from the portal."""
        cli = AwsCli(real_parts.aws_cli_v2_path(suite), home, self.variables)
        cli.configure(*self.blocks)
        return cli


@contextmanager
def place(
    folder: Path, *, chromium: Browser, cloud_url: str, url: str, port: int, **variables: str
) -> Iterator[Place]:
    """Run a portal of the demo's company at an address, and sign alice in there."""
    client = OAuthClient("gatehouse", secret=running.CLIENT_SECRET, portal=url)
    with (
        serve(IdentityProvider(people=load_users(PEOPLE), clients=[client])) as op,
        postgresql.database_of_a_portal(folder, name=f"portal_{folder.name}") as database,
        running.portal(
            folder,
            issuer=op.url,
            port=port,
            BASE_URL=url,
            DATABASE_URL=database,
            AWS_ENDPOINT_URL_STS=cloud_url,
        ) as portal,
        signed_in_browser(chromium, url) as alice,
    ):
        # Keys go to AWS, and that is the embedded one; how to get any is in the profile alone.
        found = {"AWS_ENDPOINT_URL_STS": cloud_url, **variables}
        yield Place(portal, url, alice, copied_blocks(alice, url), found)


@contextmanager
def signed_in_browser(chromium: Browser, url: str) -> Iterator[BrowserContext]:
    """Open a browser, and sign alice in."""
    context = chromium.new_context(ignore_https_errors=True, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{url}/oidc/authenticate/?next=/")
    page.get_by_role("button", name="Alice").click()
    page.wait_for_url(f"{url}/")
    page.close()
    yield context
    context.close()


def copied_blocks(alice: BrowserContext, url: str) -> tuple[str, ...]:
    """Return what the keys page offers to copy for `aws sso login`."""
    page = alice.new_page()
    page.goto(f"{url}/keys?role={ACCOUNT}/Developer")
    page.locator("main form button[type=submit]").first.click()
    page.locator("#tab-sso").wait_for(state="attached")
    found = tuple(page.locator("#sso pre").all_text_contents())
    page.close()
    return found


@pytest.fixture(scope="module")
def demo(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, cloud_url: str
) -> Iterator[Place]:
    """A portal as the demo runs one."""
    folder, port = tmp_path_factory.mktemp("demo"), choose(0).portal
    with place(
        folder, chromium=browser, cloud_url=cloud_url, url=f"http://localhost:{port}", port=port
    ) as found:
        yield found


@pytest.fixture(scope="module")
def company(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, cloud_url: str
) -> Iterator[Place]:
    """A portal as a company runs one: https, by a proxy that stands before it."""
    folder, port = tmp_path_factory.mktemp("company"), choose(0).portal
    with (
        front(folder, portal_port=port) as (url, certificate),
        place(
            folder,
            chromium=browser,
            cloud_url=cloud_url,
            url=url,
            port=port,
            AWS_CA_BUNDLE=str(certificate),
        ) as found,
    ):
        yield found


@pytest.fixture(scope="module", params=aws_cli_v2.SUITES)
def suite(request: pytest.FixtureRequest) -> str:
    """The suite of Debian's that the AWS CLI is from."""
    found: str = request.param
    return found


@pytest.fixture
def cli(suite: str, demo: Place, tmp_path: Path) -> AwsCli:
    """alice's machine, before she signs in."""
    return demo.machine(suite, tmp_path)


@pytest.fixture(scope="module")
def once_signed_in(suite: str, demo: Place, tmp_path_factory: pytest.TempPathFactory) -> AwsCli:
    """A machine on which alice signed in a moment ago."""
    cli = demo.machine(suite, tmp_path_factory.mktemp("machine"))
    done = answer(cli, demo.alice, "Allow")
    assert done.returncode == 0, done.stderr
    return cli


@pytest.fixture
def signed_in(once_signed_in: AwsCli, tmp_path: Path) -> AwsCli:
    """The same, for one test."""
    return once_signed_in.copy(tmp_path)


def answer(cli: AwsCli, alice: BrowserContext, button: str) -> subprocess.CompletedProcess[str]:
    """Run `aws sso login`, and press a button on the page that it opens."""
    with cli.starting(*LOGIN) as process:
        page = alice.new_page()
        page.goto(cli.next_page(process))
        page.get_by_role("button", name=button).click()
        page.wait_for_url("http://127.0.0.1:*/oauth/callback?*")
        page.close()
        return cli.finish(process)


def answer_code(
    cli: AwsCli, alice: BrowserContext, button: str
) -> tuple[str, subprocess.CompletedProcess[str]]:
    """Run `aws sso login` with a code, and answer it in a browser; return the code, and how that ended."""
    with cli.starting(*BY_CODE) as process:
        page = alice.new_page()
        page.goto(cli.next_page(process))
        code = page.locator("#user_code").input_value()
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name=button).click()
        page.get_by_role("status").wait_for()
        page.close()
        return code, cli.finish(process)


def test_denial_in_the_browser_leaves_the_cli_without_a_token(cli: AwsCli, demo: Place) -> None:
    done = answer(cli, demo.alice, "Deny")

    assert done.returncode == 255
    assert "Failed to retrieve an authorization code" in done.stderr
    assert not cli.has_tokens()


def test_sign_in_in_the_browser_gives_keys_of_the_role(
    cli: AwsCli, demo: Place, page_factory: PageFactory
) -> None:
    with cli.starting(*LOGIN) as process:
        page = page_factory()
        page.goto(cli.next_page(process))
        page.get_by_role("button", name="Alice").click()
        page.get_by_role("button", name="Allow").click()
        done = cli.finish(process)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Successfully logged into Start URL" in done.stdout
    assert cli.arn(PROFILE).startswith(ARN.format("Developer"))


def test_sign_in_at_a_companys_own_start_url_gives_keys(
    suite: str, company: Place, tmp_path: Path
) -> None:
    cli = company.machine(suite, tmp_path)

    done = answer(cli, company.alice, "Allow")

    assert (done.returncode, done.stderr) == (0, "")
    assert f"Successfully logged into Start URL: {company.url}/start" in done.stdout
    assert cli.arn(PROFILE).startswith(ARN.format("Developer"))


def test_denial_of_a_code_leaves_the_cli_without_a_token(cli: AwsCli, demo: Place) -> None:
    _, done = answer_code(cli, demo.alice, "Deny")

    assert done.returncode == 254
    assert "AccessDeniedException" in done.stderr
    assert not cli.has_tokens()


def test_sign_in_by_code_gives_keys_of_the_role(cli: AwsCli, demo: Place) -> None:
    code, done = answer_code(cli, demo.alice, "Allow")

    assert (done.returncode, done.stderr) == (0, "")
    assert code in done.stdout
    assert cli.arn(PROFILE).startswith(ARN.format("Developer"))


def test_role_that_somebody_has_not_is_refused_and_says_so(signed_in: AwsCli, demo: Place) -> None:
    _, of_role = demo.blocks
    signed_in.configure(of_role.replace("Developer", "Administrator"))

    done = signed_in.run("sts", "get-caller-identity", "--profile", f"{ACCOUNT}_Administrator")

    assert (done.returncode, done.stdout) == (254, "")
    assert "ForbiddenException" in done.stderr
    assert "You do not have this role in this account." in done.stderr


def test_one_sign_in_is_enough_for_every_command_and_role(signed_in: AwsCli, demo: Place) -> None:
    _, of_role = demo.blocks
    signed_in.configure(of_role.replace("Developer", "ReadOnly"))
    before = signed_in.browsed

    arns = [signed_in.arn(profile) for profile in (PROFILE, OTHER, PROFILE)]

    developer, read_only = ARN.format("Developer"), ARN.format("ReadOnly")
    assert [arn.startswith(developer) for arn in arns] == [True, False, True]
    assert arns[1].startswith(read_only)
    assert signed_in.browsed == before


def test_boto3_uses_the_sign_in_of_the_cli(signed_in: AwsCli) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK_BOTO3, PROFILE],
        env=signed_in.environment(),
        cwd=signed_in.home,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(ARN.format("Developer"))


def test_accounts_and_roles_are_listed(signed_in: AwsCli) -> None:
    _, kept = signed_in.tokens()
    token = ("--access-token", kept["accessToken"], "--profile", PROFILE, "--output", "json")

    accounts = signed_in.run("sso", "list-accounts", *token)
    roles = signed_in.run("sso", "list-account-roles", "--account-id", ACCOUNT, *token)

    assert accounts.returncode == 0, accounts.stderr
    found = {
        each["accountId"]: each["accountName"]
        for each in json.loads(accounts.stdout)["accountList"]
    }
    assert found[ACCOUNT] == "payments-dev"
    assert [each["roleName"] for each in json.loads(roles.stdout)["roleList"]] == [
        "Deployment",
        "Developer",
        "ReadOnly",
    ]


def test_token_past_its_time_is_renewed_without_a_browser(cli: AwsCli, demo: Place) -> None:
    answer(cli, demo.alice, "Allow")
    before = cli.expire()
    browsed = cli.browsed

    arn = cli.arn(PROFILE)

    _, after = cli.tokens()
    assert arn.startswith(ARN.format("Developer"))
    assert after["accessToken"] != before["accessToken"]
    assert datetime.fromisoformat(after["expiresAt"]) > datetime.now(UTC)
    assert after["refreshToken"]
    assert cli.browsed == browsed


def test_commands_that_renew_at_the_same_moment_all_get_on(
    cli: AwsCli, demo: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each has a home of its own: one would give up on the file that another is writing at that moment."""
    answer(cli, demo.alice, "Allow")
    cli.expire()
    machines = [cli.copy(tmp_path_factory.mktemp("machine")) for _ in range(4)]

    started = [m.start("sts", "get-caller-identity", "--profile", PROFILE) for m in machines]
    done = [AwsCli.finish(process) for process in started]

    assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * 4
    assert len({machine.tokens()[1]["accessToken"] for machine in machines}) == 4


def test_nothing_that_the_cli_keeps_is_in_the_log_of_the_portal(
    signed_in: AwsCli, demo: Place
) -> None:
    _, kept = signed_in.tokens()
    log = demo.portal.said()

    assert "/client/register" in log
    for name in ("accessToken", "refreshToken", "clientSecret"):
        assert kept[name] not in log


def test_logout_ends_the_token_also_where_it_was_copied_to(
    cli: AwsCli, demo: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    answer(cli, demo.alice, "Allow")
    _, kept = cli.tokens()
    copied = cli.copy(tmp_path_factory.mktemp("copied"))

    done = cli.run("sso", "logout", "--profile", PROFILE)

    assert (done.returncode, done.stderr) == (0, "")
    assert not cli.has_tokens()
    with running.browser(**{BEARER: kept["accessToken"]}) as thief:
        query = {"account_id": ACCOUNT, "role_name": "Developer"}
        refused = thief.get(f"{demo.url}/federation/credentials", params=query)
    assert (refused.status_code, refused.headers["x-amzn-ErrorType"]) == (
        401,
        "UnauthorizedException",
    )
    done = copied.run("sts", "get-caller-identity", "--profile", PROFILE)
    assert (done.returncode, done.stdout) == (255, "")
    assert "has expired or is otherwise invalid" in done.stderr


def test_sign_out_at_the_portal_ends_the_sign_in_of_the_cli(
    cli: AwsCli, demo: Place, browser: Browser
) -> None:
    with signed_in_browser(browser, demo.url) as alice:
        answer(cli, alice, "Allow")
        page = alice.new_page()
        page.goto(demo.url)
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_load_state()

    done = cli.run("sts", "get-caller-identity", "--profile", PROFILE)

    assert (done.returncode, done.stdout) == (255, "")
    assert "has expired or is otherwise invalid" in done.stderr
