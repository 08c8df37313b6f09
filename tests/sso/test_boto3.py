"""boto3 with the profile of the keys page, against a portal as people run it: real HTTP, the shipped gunicorn."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from demo.cloud import Cloud
from demo.cloud.server import serve as serve_cloud
from demo.identity import IdentityProvider, OAuthClient
from demo.identity.server import serve as serve_identity
from demo.identity.users import load_users
from demo.launcher.folder import PEOPLE
from demo.launcher.network import choose_ports
from tests.portal import running
from tests.portal.running import CLIENT_SECRET, Portal, browser, status_of, token_in
from tests.sso.conftest import DEVICE_CODE, REDIRECT, REGISTERED, Program

pytestmark = pytest.mark.wire

DEV = "210987654321"
CONFIG = """\
[sso-session gatehouse]
sso_start_url = https://identitycenter.amazonaws.com/ssoins-0000000000000000
sso_region = not-at-aws
sso_registration_scopes = sso:account:access

[services gatehouse]
sso =
  endpoint_url = {url}
sso_oidc =
  endpoint_url = {url}

[profile dev]
sso_session = gatehouse
sso_account_id = 210987654321
sso_role_name = Developer
services = gatehouse
region = eu-west-1
"""
START_URL = "https://identitycenter.amazonaws.com/ssoins-0000000000000000"
WHO = """\
import boto3
print(boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"])
"""


@dataclass
class Company:
    """A portal, an AWS, and the secrets that are about."""

    portal: Portal
    cloud_url: str
    secrets: dict[str, str] = field(default_factory=dict)

    def keep(self, answer: dict[str, Any], *names: str) -> dict[str, Any]:
        """Remember what must be found nowhere."""
        for name in names:
            self.secrets[f"{name} {len(self.secrets)}"] = answer[name]
        return answer

    def client(self, service: str) -> Any:
        """Return boto3's client of a service, pointed here."""
        return boto3.client(  # type: ignore[call-overload]  # Of any service.
            service,
            region_name="us-east-1",
            endpoint_url=self.portal.url,
            config=Config(retries={"total_max_attempts": 1}),
        )


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The demo's company, with a log that says everything."""
    port = choose_ports(0).portal
    client = OAuthClient("gatehouse", secret=CLIENT_SECRET, portal=f"http://localhost:{port}")
    identity = IdentityProvider(people=load_users(PEOPLE), clients=[client])
    with (
        serve_identity(identity) as op,
        serve_cloud(Cloud(trusting=True)) as cloud,
        running.portal(
            tmp_path_factory.mktemp("portal"),
            issuer=op.url,
            port=port,
            LOG_LEVEL="DEBUG",
            GUNICORN_CMD_ARGS="--log-level=debug",
            AWS_ENDPOINT_URL_STS=cloud.url,
        ) as portal,
    ):
        yield Company(portal, cloud.url)


@pytest.fixture
def alice(company: Company) -> Iterator[requests.Session]:
    """alice's browser; whatever she opens first leads through the sign-in."""
    with browser() as session:
        yield session


def open_signed_in(alice: requests.Session, url: str) -> str:
    """Open a page, sign in on the way, and return it."""
    there = alice.get(url)
    if "/authorize" in urlsplit(there.url).path and "username" in there.text:
        there = alice.post(there.url, data={"username": "alice"})
    assert there.status_code == 200, there.text
    return there.text


def send(alice: requests.Session, url: str, page: str, **fields: str) -> requests.Response:
    data = {"csrfmiddlewaretoken": token_in(page), **fields}
    return alice.post(url, data=data, allow_redirects=False)


def let_in_by_code(company: Company, alice: requests.Session, given: dict[str, Any]) -> None:
    """Do what alice does when her terminal shows a code."""
    company.secrets[f"user code {len(company.secrets)}"] = given["userCode"]
    page = open_signed_in(alice, given["verificationUriComplete"])
    code = given["userCode"]
    asked = send(alice, given["verificationUri"], page, user_code=code)
    assert "botocore-client-gatehouse" in asked.text
    done = send(alice, given["verificationUri"], asked.text, user_code=code, answer="allow")
    assert "Command-line access allowed" in done.text


@dataclass
class Machine:
    """alice's machine: a home, boto3, and the profile."""

    company: Company
    home: Path

    def __post_init__(self) -> None:
        (self.home / ".aws").mkdir(exist_ok=True)
        (self.home / ".aws" / "config").write_text(CONFIG.format(url=self.company.portal.url))

    @property
    def token_file(self) -> Path:
        """Where every one of AWS's tools looks for the token of the session."""
        name = hashlib.sha1(b"gatehouse").hexdigest()
        return self.home / ".aws" / "sso" / "cache" / f"{name}.json"

    def start(self) -> subprocess.Popen[str]:
        """Start a program that asks AWS who it is."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AWS_ENDPOINT_URL_STS": self.company.cloud_url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", WHO],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def login(self, alice: requests.Session) -> dict[str, Any]:
        """Sign in by a code, and keep what the AWS CLI keeps."""
        oidc = self.company.client("sso-oidc")
        registered = oidc.register_client(
            clientName="botocore-client-gatehouse",
            clientType="public",
            scopes=["sso:account:access"],
        )
        client = {name: registered[name] for name in ("clientId", "clientSecret")}
        given = oidc.start_device_authorization(**client, startUrl=START_URL)
        let_in_by_code(self.company, alice, self.company.keep(given, "deviceCode"))
        token = oidc.create_token(**client, grantType=DEVICE_CODE, deviceCode=given["deviceCode"])
        kept = {
            "startUrl": START_URL,
            "region": "not-at-aws",
            "accessToken": token["accessToken"],
            "refreshToken": token["refreshToken"],
            "expiresAt": _moment(time.time() + token["expiresIn"]),
            **client,
            "registrationExpiresAt": _moment(registered["clientSecretExpiresAt"]),
        }
        self.token_file.parent.mkdir(parents=True, exist_ok=True)
        self.token_file.write_text(json.dumps(kept))
        return self.token()

    def token(self) -> dict[str, Any]:
        """Return what is kept."""
        found: dict[str, Any] = json.loads(self.token_file.read_text())
        return self.company.keep(found, "accessToken", "refreshToken", "clientSecret")

    def copy(self, number: int) -> Machine:
        """Return the same machine once more."""
        home = self.home / f"copy-{number}"
        shutil.copytree(self.home / ".aws", home / ".aws")
        return Machine(self.company, home)

    def expire(self) -> None:
        """Make botocore believe that the access token is over."""
        kept = json.loads(self.token_file.read_text())
        self.token_file.write_text(json.dumps(kept | {"expiresAt": "2020-01-01T00:00:00Z"}))


@pytest.fixture
def machine(company: Company, tmp_path: Path) -> Machine:
    """alice's machine."""
    return Machine(company, tmp_path)


def _moment(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out or err


def test_without_a_sign_in_nobody_is_anybody(machine: Machine) -> None:
    code, said = ended(machine.start())

    assert code == 1
    assert "SSO" in said


def listed(company: Company, header: str, token: str) -> bytes:
    """Ask for accounts by a header as it is written."""
    return company.portal.raw(
        f"GET /assignment/accounts HTTP/1.1\r\nHost: localhost\r\n{header}: {token}\r\n"
        "Connection: close\r\n\r\n".encode()
    )


def test_a_token_that_is_none_is_refused_in_awss_words(company: Company) -> None:
    answer = listed(company, "x-amz-sso_bearer_token", "x")

    assert status_of(answer) == 401
    assert b"x-amzn-errortype: unauthorizedexception" in answer.lower()
    assert b"set-cookie" not in answer.lower()


@pytest.mark.parametrize("header", ["x-amz-sso_bearer_token", "X-Amz-Sso-Bearer-Token"])
def test_the_header_passes_as_aws_writes_it_and_as_a_proxy_may(
    company: Company, machine: Machine, alice: requests.Session, header: str
) -> None:
    answer = listed(company, header, machine.login(alice)["accessToken"])

    assert status_of(answer) == 200
    assert b'"accountList"' in answer


def test_botocore_knows_every_refusal_by_its_name(company: Company) -> None:
    oidc, sso = company.client("sso-oidc"), company.client("sso")
    client = oidc.register_client(clientName="cli", clientType="public")
    known = {name: client[name] for name in ("clientId", "clientSecret")}
    given = oidc.start_device_authorization(**known, startUrl="x")

    with pytest.raises(oidc.exceptions.AuthorizationPendingException):
        oidc.create_token(**known, grantType=DEVICE_CODE, deviceCode=given["deviceCode"])
    with pytest.raises(oidc.exceptions.InvalidGrantException):
        oidc.create_token(**known, grantType=DEVICE_CODE, deviceCode="x")
    with pytest.raises(oidc.exceptions.InvalidClientException):
        oidc.create_token(clientId="x", clientSecret="x", grantType=DEVICE_CODE, deviceCode="x")
    with pytest.raises(oidc.exceptions.InvalidScopeException):
        oidc.register_client(clientName="cli", clientType="public", scopes=["x"])
    with pytest.raises(sso.exceptions.UnauthorizedException):
        sso.list_accounts(accessToken="x")
    with pytest.raises(sso.exceptions.UnauthorizedException):
        sso.logout(accessToken="x")


def test_boto3_gets_the_role_of_its_profile_once_alice_let_it_in(
    company: Company, machine: Machine, alice: requests.Session
) -> None:
    machine.login(alice)

    code, said = ended(machine.start())

    assert code == 0, said
    assert said.startswith(f"arn:aws:sts::{DEV}:assumed-role/")
    assert "Developer/alice" in said
    assert "'sso'" in company.portal.rows("accounts_auditevent")


def test_boto3_lists_accounts_and_roles_page_by_page_and_signs_out(
    company: Company, machine: Machine, alice: requests.Session
) -> None:
    token, sso = machine.login(alice)["accessToken"], company.client("sso")

    pages = sso.get_paginator("list_accounts").paginate(
        accessToken=token, PaginationConfig={"PageSize": 2}
    )
    accounts = [account for page in pages for account in page["accountList"]]
    roles = sso.list_account_roles(accessToken=token, accountId=DEV)["roleList"]
    given = sso.get_role_credentials(accessToken=token, accountId=DEV, roleName="Developer")
    company.keep(given["roleCredentials"], "secretAccessKey", "sessionToken")
    with pytest.raises(ClientError, match="ForbiddenException"):
        sso.get_role_credentials(accessToken=token, accountId=DEV, roleName="Nobody")
    sso.logout(accessToken=token)

    assert len(accounts) > 2
    assert len({account["accountId"] for account in accounts}) == len(accounts)
    assert {"roleName": "Developer", "accountId": DEV} in roles
    with pytest.raises(sso.exceptions.UnauthorizedException):
        sso.list_accounts(accessToken=token)


def test_programs_that_renew_with_the_same_token_at_the_same_moment_all_go_on(
    machine: Machine, alice: requests.Session
) -> None:
    before = machine.login(alice)
    machine.expire()
    # Each with a copy: botocore reads its file while another process writes it, and then fails by itself.
    copies = [machine.copy(number) for number in range(6)]

    ends = [ended(process) for process in [copy.start() for copy in copies]]

    assert [code for code, _ in ends] == [0] * 6, ends
    for after in [copy.token() for copy in copies]:
        assert after["accessToken"] != before["accessToken"]
        assert after["refreshToken"] != before["refreshToken"]


@dataclass
class Waiting:
    """A command line on alice's machine that was let in by its browser, and what it now redeems."""

    exchange: dict[str, str]
    back: str


def let_in_by_browser(company: Company, alice: requests.Session) -> Waiting:
    """Do what `aws sso login` and alice do, up to the code that comes back."""
    oidc, program = company.client("sso-oidc"), Program()
    registered = oidc.register_client(
        clientName="botocore-client-gatehouse",
        clientType="public",
        grantTypes=["authorization_code", "refresh_token"],
        redirectUris=[REGISTERED],
        issuerUrl=START_URL,
        scopes=["sso:account:access"],
    )
    company.keep(registered, "clientSecret")
    client = {name: registered[name] for name in ("clientId", "clientSecret")}
    asked = {
        "response_type": "code",
        "client_id": client["clientId"],
        "redirect_uri": REDIRECT,
        "state": "a-state",
        "code_challenge_method": "S256",
        "scopes": "sso:account:access",
        "code_challenge": program.challenge,
    }
    url = f"{company.portal.url}/authorize?{urlencode(asked)}"
    back = send(alice, url, open_signed_in(alice, url), answer="allow").headers["Location"]
    exchange = {
        **client,
        "grantType": "authorization_code",
        "redirectUri": REDIRECT,
        "code": parse_qs(urlsplit(back).query)["code"][0],
        "codeVerifier": program.verifier,
    }
    company.keep(exchange, "code", "codeVerifier")
    return Waiting(exchange, back)


def test_the_browser_of_the_machine_brings_a_code_that_boto3_redeems_once(
    company: Company, alice: requests.Session
) -> None:
    waiting = let_in_by_browser(company, alice)
    oidc, sso = company.client("sso-oidc"), company.client("sso")

    token = company.keep(oidc.create_token(**waiting.exchange), "accessToken", "refreshToken")
    accounts = sso.list_accounts(accessToken=token["accessToken"])["accountList"]
    with pytest.raises(oidc.exceptions.InvalidGrantException):
        oidc.create_token(**waiting.exchange)

    assert waiting.back.startswith(f"{REDIRECT}?code=")
    assert token["expiresIn"] <= 3600 + 900
    assert accounts
    with pytest.raises(sso.exceptions.UnauthorizedException):
        sso.list_accounts(accessToken=token["accessToken"])


def test_of_many_who_redeem_a_code_at_the_same_moment_nobody_keeps_tokens(
    company: Company, alice: requests.Session
) -> None:
    exchange = let_in_by_browser(company, alice).exchange
    together = threading.Barrier(8)

    def redeem(_: int) -> requests.Response:
        together.wait()
        return requests.post(f"{company.portal.url}/token", json=exchange, timeout=30)

    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(redeem, range(8))]

    given = [answer.json()["accessToken"] for answer in answers if answer.status_code == 200]
    assert len(given) <= 1
    assert {answer.status_code for answer in answers} <= {200, 400}
    sso = company.client("sso")
    for token in given:
        with pytest.raises(sso.exceptions.UnauthorizedException):
            sso.list_accounts(accessToken=token)


def test_neither_log_nor_database_holds_a_secret_of_all_that(
    company: Company, machine: Machine, alice: requests.Session
) -> None:
    machine.login(alice)
    assert ended(machine.start())[0] == 0
    log = company.portal.read_log()
    kept = "".join(
        company.portal.database.with_name(company.portal.database.name + suffix)
        .read_bytes()
        .decode("latin1")
        for suffix in ("", "-wal")
    )

    assert "POST /token" in log
    assert len(company.secrets) >= 4
    assert [name for name, secret in company.secrets.items() if secret in log] == []
    assert [name for name, secret in company.secrets.items() if secret in kept] == []
    assert [
        name
        for name, secret in company.secrets.items()
        if name.startswith("user code") and secret.replace("-", "") in log + kept
    ] == []
