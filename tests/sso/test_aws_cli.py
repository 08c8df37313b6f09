"""The real AWS CLI 2, older and newer, and boto3, with the profiles that the keys page shows and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from demo.identity import IdentityProvider, OAuthClient
from demo.identity.server import serve
from demo.identity.users import load_users
from demo.launcher.folder import PEOPLE
from demo.launcher.network import choose_ports
from tests import aws_cli_builds, aws_cli_v2, postgresql, real_parts
from tests.browsers import PATIENCE, PageFactory
from tests.portal import running
from tests.sso.aws_cli import AwsCli
from tests.sso.front import front

pytestmark = [pytest.mark.browser, pytest.mark.wire]

ACCOUNT = "210987654321"
PROFILE, OTHER = "payments-dev_Developer", "payments-dev_ReadOnly"
LOGIN = ("sso", "login", "--profile", PROFILE)
BY_CODE = (*LOGIN, "--use-device-code")
WHO = ("sts", "get-caller-identity", "--profile")
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
    # The third is for a shell.
    found = tuple(page.locator("#sso pre").all_text_contents()[:2])
    page.close()
    return found


@pytest.fixture(scope="module")
def demo(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, cloud_url: str
) -> Iterator[Place]:
    """A portal as the demo runs one."""
    folder, port = tmp_path_factory.mktemp("demo"), choose_ports(0).portal
    with place(
        folder, chromium=browser, cloud_url=cloud_url, url=f"http://localhost:{port}", port=port
    ) as found:
        yield found


@pytest.fixture(scope="module")
def company(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, cloud_url: str
) -> Iterator[Place]:
    """A portal as a company runs one: https, by a proxy that stands before it."""
    folder, port = tmp_path_factory.mktemp("company"), choose_ports(0).portal
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


@pytest.fixture(params=aws_cli_v2.SUITES)
def suite(request: pytest.FixtureRequest) -> str:
    """The suite of Debian's that the AWS CLI is from, for what docs/sso.md promises of both."""
    suite: str = request.param
    return suite


@pytest.fixture
def cli(suite: str, demo: Place, tmp_path: Path) -> AwsCli:
    """alice's machine, before she signs in."""
    return demo.machine(suite, tmp_path)


@pytest.fixture
def newest_cli(demo: Place, tmp_path: Path) -> AwsCli:
    """The same, with the newest AWS CLI."""
    return demo.machine(aws_cli_v2.SUITES[-1], tmp_path)


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
    cli: AwsCli, alice: BrowserContext, button: str, *, words: Sequence[str] = BY_CODE
) -> tuple[str, subprocess.CompletedProcess[str]]:
    """Run `aws sso login` with a code, and answer it in a browser; return the code, and how that ended."""
    with cli.starting(*words) as process:
        page = alice.new_page()
        page.goto(cli.next_page(process))
        code = page.locator("#user_code").input_value()
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name=button).click()
        page.get_by_role("status").wait_for()
        page.close()
        return code, cli.finish(process)


def test_denial_leaves_the_cli_without_a_token(newest_cli: AwsCli, demo: Place) -> None:
    done = answer(newest_cli, demo.alice, "Deny")

    assert done.returncode == 255
    assert "Failed to retrieve an authorization code" in done.stderr
    assert not newest_cli.has_tokens()

    _, done = answer_code(newest_cli, demo.alice, "Deny")

    assert done.returncode == 254
    assert "AccessDeniedException" in done.stderr
    assert not newest_cli.has_tokens()


def test_sign_in_in_the_browser_gives_keys_until_alice_signs_out_at_the_portal(
    cli: AwsCli, demo: Place, page_factory: PageFactory
) -> None:
    page = page_factory()
    with cli.starting(*LOGIN) as process:
        page.goto(cli.next_page(process))
        page.get_by_role("button", name="Alice").click()
        page.get_by_role("button", name="Allow").click()
        done = cli.finish(process)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Successfully logged into Start URL" in done.stdout
    assert cli.arn(PROFILE).startswith(ARN.format("Developer"))

    page.goto(demo.url)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_load_state()
    cli.forget_keys()
    done = cli.run(*WHO, PROFILE)

    assert (done.returncode, done.stdout) == (255, "")
    assert "has expired or is otherwise invalid" in done.stderr


def of_build(build: aws_cli_builds.Build, demo: Place, home: Path) -> AwsCli:
    """Return a machine with one of AWS's own builds."""
    cli = AwsCli(real_parts.aws_cli_build_path(build), home, demo.variables)
    cli.configure(*demo.blocks)
    return cli


def test_version_that_ignores_the_endpoints_sends_the_portal_nothing_and_nobody_anything(
    demo: Place, tmp_path: Path
) -> None:
    cli = of_build(aws_cli_builds.IGNORES_ENDPOINTS, demo, tmp_path)
    before = demo.portal.read_log()

    done = cli.run("sso", "login", "--profile", PROFILE)

    assert done.returncode == 255
    assert not cli.browsed
    assert not cli.has_tokens()
    assert "/client/register" not in demo.portal.read_log().removeprefix(before)


def test_version_before_the_browser_signs_in_by_code(demo: Place, tmp_path: Path) -> None:
    cli = of_build(aws_cli_builds.BY_CODE_ALONE, demo, tmp_path)

    _, done = answer_code(cli, demo.alice, "Allow", words=LOGIN)

    assert (done.returncode, done.stderr) == (0, "")
    assert cli.arn(PROFILE).startswith(ARN.format("Developer"))


@pytest.mark.parametrize(
    "build",
    [aws_cli_builds.BROWSER, aws_cli_builds.EXAMINES_START_URLS],
    ids=lambda build: build.version,
)
def test_builds_of_aws_sign_in_in_the_browser(
    build: aws_cli_builds.Build, demo: Place, tmp_path: Path
) -> None:
    cli = of_build(build, demo, tmp_path)

    done = answer(cli, demo.alice, "Allow")

    assert (done.returncode, done.stderr) == (0, "")
    assert cli.arn(PROFILE).startswith(ARN.format("Developer"))


def test_sign_in_at_a_companys_own_start_url_gives_keys(
    suite: str, company: Place, tmp_path: Path
) -> None:
    cli = company.machine(suite, tmp_path)

    done = answer(cli, company.alice, "Allow")

    assert (done.returncode, done.stderr) == (0, "")
    assert f"Successfully logged into Start URL: {company.url}/start" in done.stdout
    assert cli.arn(PROFILE).startswith(ARN.format("Developer"))


def test_sign_in_by_code_gives_keys_until_logout_also_where_the_token_was_copied_to(
    cli: AwsCli, demo: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    code, done = answer_code(cli, demo.alice, "Allow")

    assert (done.returncode, done.stderr) == (0, "")
    assert code in done.stdout
    assert cli.arn(PROFILE).startswith(ARN.format("Developer"))

    _, cached = cli.tokens()
    copied = cli.copy(tmp_path_factory.mktemp("copied"))
    done = cli.run("sso", "logout", "--profile", PROFILE)

    assert (done.returncode, done.stderr) == (0, "")
    assert not cli.has_tokens()
    with running.browser(**{BEARER: cached["accessToken"]}) as thief:
        query = {"account_id": ACCOUNT, "role_name": "Developer"}
        refused = thief.get(f"{demo.url}/federation/credentials", params=query)
    assert (refused.status_code, refused.headers["x-amzn-ErrorType"]) == (
        401,
        "UnauthorizedException",
    )
    copied.forget_keys()
    done = copied.run(*WHO, PROFILE)
    assert (done.returncode, done.stdout) == (255, "")
    assert "has expired or is otherwise invalid" in done.stderr


def test_one_sign_in_is_enough_for_every_command_role_and_sdk(
    newest_cli: AwsCli, demo: Place
) -> None:
    """And gives no role that alice does not have."""
    cli, (_, block) = newest_cli, demo.blocks
    for role in ("ReadOnly", "Administrator"):
        cli.configure(block.replace("Developer", role))
    answer(cli, demo.alice, "Allow")
    browsed = cli.browsed

    denied = cli.run(*WHO, "payments-dev_Administrator")

    assert (denied.returncode, denied.stdout) == (254, "")
    assert "ForbiddenException" in denied.stderr
    assert "You do not have this role in this account." in denied.stderr
    assert cli.arn(PROFILE).startswith(ARN.format("Developer"))
    assert cli.arn(OTHER).startswith(ARN.format("ReadOnly"))
    assert who_by_boto3(cli, PROFILE).startswith(ARN.format("Developer"))

    _, cached = cli.tokens()
    token = ("--access-token", cached["accessToken"], "--profile", PROFILE, "--output", "json")
    accounts = json.loads(cli.run("sso", "list-accounts", *token).stdout)["accountList"]
    roles = cli.run("sso", "list-account-roles", "--account-id", ACCOUNT, *token)

    assert {"accountId": ACCOUNT, "accountName": "payments-dev"} in accounts
    names = [role["roleName"] for role in json.loads(roles.stdout)["roleList"]]
    assert names == ["Deployment", "Developer", "ReadOnly"]
    assert cli.browsed == browsed
    log = demo.portal.read_log()
    assert "/client/register" in log
    assert [
        name for name in ("accessToken", "refreshToken", "clientSecret") if cached[name] in log
    ] == []


def test_commands_that_renew_at_the_same_moment_all_go_on_without_a_browser(
    newest_cli: AwsCli, demo: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each has a home of its own: one would give up on the file that another is writing at that moment."""
    answer(newest_cli, demo.alice, "Allow")
    before, browsed = newest_cli.expire(), newest_cli.browsed
    machines = [newest_cli.copy(tmp_path_factory.mktemp("machine")) for _ in range(3)]

    started = [machine.start(*WHO, PROFILE) for machine in machines]
    done = [AwsCli.finish(process) for process in started]

    assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * 3
    renewed = [machine.tokens()[1] for machine in machines]
    assert len({before["accessToken"], *(each["accessToken"] for each in renewed)}) == 4
    assert all(each["refreshToken"] for each in renewed)
    assert all(datetime.fromisoformat(each["expiresAt"]) > datetime.now(UTC) for each in renewed)
    assert [machine.browsed for machine in machines] == [browsed] * 3


def who_by_boto3(cli: AwsCli, profile: str) -> str:
    """Return who AWS says somebody is, asked by boto3."""
    done = subprocess.run(
        [sys.executable, "-c", ASK_BOTO3, profile],
        env=cli.environment(),
        cwd=cli.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
