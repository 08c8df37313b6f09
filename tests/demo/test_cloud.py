"""The demo's embedded AWS signs people in to its stand-in console by AWS's rules, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
import time_machine
from mypy_boto3_sts import STSClient

from demo.cloud import Cloud
from demo.cloud.published import documents_of
from demo.cloud.server import serve
from demo.serving import bind
from tests.strict_aws import StrictAws, WebIssuer, allow, policy

pytestmark = pytest.mark.wire

ROLE = "arn:aws:iam::123456789012:role/gatehouse/Developer"
SESSION = "alice@northwind.example"
DESTINATION = "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Cloud, str]]:
    cloud = Cloud(trusting=True)
    with serve(cloud) as running:
        yield cloud, running.url


@pytest.fixture
def cloud(served: tuple[Cloud, str]) -> Iterator[Cloud]:
    cloud, _ = served
    yield cloud
    cloud.chained = False


@pytest.fixture
def url(served: tuple[Cloud, str]) -> str:
    return served[1]


def sts(url: str, keys: dict[str, str] | None = None) -> STSClient:
    keys = keys or {}
    return boto3.session.Session().client(
        "sts",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id=keys.get("sessionId"),
        aws_secret_access_key=keys.get("sessionKey"),
        aws_session_token=keys.get("sessionToken"),
    )


@pytest.fixture
def keys(url: str) -> dict[str, str]:
    issued = sts(url).assume_role(RoleArn=ROLE, RoleSessionName=SESSION)["Credentials"]
    return {
        "sessionId": issued["AccessKeyId"],
        "sessionKey": issued["SecretAccessKey"],
        "sessionToken": issued["SessionToken"],
    }


def ask(url: str, session: Any, **more: str) -> requests.Response:
    form = {"Action": "getSigninToken", "Session": json.dumps(session), **more}
    return requests.post(f"{url}/federation", data=form, timeout=5)


def login(url: str, token: str, browser: Any = requests) -> requests.Response:
    query = {
        "Action": "login",
        "Issuer": "http://localhost:8000/",
        "Destination": DESTINATION,
        "SigninToken": token,
    }
    found: requests.Response = browser.get(f"{url}/federation", params=query, timeout=5)
    return found


def test_a_sign_in_token_is_refused_for_wrong_keys(url: str, keys: dict[str, str]) -> None:
    for part in ("sessionId", "sessionKey", "sessionToken"):
        refused = ask(url, keys | {part: "WRONG"})

        assert refused.status_code == 400, part
        assert "SigninToken" not in refused.text


def test_a_sign_in_token_is_refused_for_a_broken_session(url: str) -> None:
    sessions: tuple[Any, ...] = ("", [], {}, {"sessionId": 1}, None)
    for session in sessions:
        assert ask(url, session).status_code == 400, session


def test_a_sign_in_token_is_refused_for_expired_keys(url: str, keys: dict[str, str]) -> None:
    with time_machine.travel("2099-01-01"):
        assert "expired" in ask(url, keys).text


def test_a_sign_in_token_is_refused_for_an_impossible_duration(
    url: str, keys: dict[str, str]
) -> None:
    for duration in ("899", "43201", "-900", "x", ""):
        assert ask(url, keys, SessionDuration=duration).status_code == 400, duration


def test_a_sign_in_token_with_a_duration_is_refused_to_chained_keys(
    url: str, keys: dict[str, str], cloud: Cloud
) -> None:
    cloud.chained = True

    assert ask(url, keys, SessionDuration="900").status_code == 400
    assert ask(url, keys).status_code == 200


def test_an_unknown_action_is_refused(url: str) -> None:
    assert requests.get(f"{url}/federation?Action=getKeys", timeout=5).status_code == 400


def test_the_console_is_closed_to_a_made_up_token(url: str) -> None:
    assert login(url, "made-up").status_code == 400


def test_the_console_is_closed_without_a_session(url: str) -> None:
    assert requests.get(f"{url}/console", timeout=5).status_code == 401


def test_a_sign_in_token_opens_the_console_once(url: str, keys: dict[str, str]) -> None:
    token = ask(url, keys, SessionDuration="3600").json()["SigninToken"]

    with requests.Session() as browser:
        page = login(url, token, browser)

    assert page.url == f"{url}/console"
    assert f"arn:aws:sts::123456789012:assumed-role/Developer/{SESSION}" in page.text
    assert DESTINATION in page.text
    assert 'href="http://localhost:8000/"' in page.text
    assert login(url, token).status_code == 400


def test_a_sign_in_token_is_good_for_a_quarter_of_an_hour(url: str, keys: dict[str, str]) -> None:
    token = ask(url, keys).json()["SigninToken"]

    with time_machine.travel("2099-01-01"):
        assert login(url, token).status_code == 400


def test_issued_keys_name_their_role_and_session(url: str, keys: dict[str, str]) -> None:
    caller = sts(url, keys).get_caller_identity()

    assert caller["Arn"] == f"arn:aws:sts::123456789012:assumed-role/Developer/{SESSION}"
    assert caller["Account"] == "123456789012"


def test_a_sign_in_token_stays_out_of_the_address_of_the_console(
    url: str, keys: dict[str, str]
) -> None:
    token = ask(url, keys).json()["SigninToken"]

    with requests.Session() as browser:
        address = urlsplit(login(url, token, browser).url)

    assert not parse_qs(address.query)


def test_the_sign_out_ends_the_session_and_goes_on_to_a_sign_in_here_only(
    url: str, keys: dict[str, str]
) -> None:
    first, second = (ask(url, keys).json()["SigninToken"] for _ in range(2))
    going_on = f"{url}/federation?Action=login&Destination=second&SigninToken={second}"

    with requests.Session() as browser:
        login(url, first, browser)
        leave = {"Action": "logout", "redirect_uri": "https://evil.example/federation?"}
        assert browser.get(f"{url}/oauth", params=leave, timeout=5).status_code == 400
        assert browser.get(f"{url}/console", timeout=5).status_code == 200
        page = browser.get(f"{url}/oauth", params={**leave, "redirect_uri": going_on}, timeout=5)

    assert page.url == f"{url}/console"
    assert '<dd id="destination">second</dd>' in page.text


PEOPLE = "arn:aws:iam::100000000001:role/People"


def test_switching_is_refused_where_the_role_does_not_trust_who_is_signed_in(
    strict_aws: StrictAws,
) -> None:
    strict_aws.cloud.signed_in_with = PEOPLE
    everybody = allow("sts:AssumeRole", Principal={"AWS": "*"})
    of_people = allow("sts:AssumeRole", Principal={"AWS": PEOPLE})
    own = json.dumps(policy(allow("sts:AssumeRole", Resource="*")))

    def switch(trust: dict[str, Any]) -> requests.Response:
        strict_aws.create_role("777777777777", "Archive", policy(trust), path="/gatehouse/")
        asked = {"account": "777777777777", "roleName": "gatehouse/Archive", "displayName": "x"}
        with requests.Session() as browser:
            return browser.post(f"{strict_aws.url}/switchrole", data=asked, timeout=5)

    assert (
        switch(of_people).status_code == 400
    )  # nobody has signed in with a role that is not there
    strict_aws.create_role("100000000001", "People", policy(everybody))
    assert switch(of_people).status_code == 400  # their own policies say nothing of it
    strict_aws.iam("100000000001").put_role_policy(
        RoleName="People", PolicyName="own", PolicyDocument=own
    )
    assert switch({**of_people, "Principal": {"AWS": f"{PEOPLE}2"}}).status_code == 400
    page = switch(of_people)
    assert "arn:aws:sts::777777777777:assumed-role/Archive/somebody" in page.text


def test_documents_of_the_portal_are_published_over_tls_and_nothing_else(
    web_issuer: WebIssuer, certificate: tuple[Path, Path]
) -> None:
    with (
        bind(web_issuer) as portal,
        bind(documents_of(f"http://localhost:{portal.port}"), certificate=certificate) as front,
    ):
        portal.start()
        front.start()

        def get(path: str) -> requests.Response:
            return requests.get(front.url + path, verify=str(certificate[0]), timeout=5)

        for path in ("/", "/keys", "/jwks.json"):
            assert get(path).status_code == 404, path
        found = get("/.well-known/openid-configuration")
        assert found.json()["issuer"] == web_issuer.url
        portal.stop()
        assert get("/.well-known/openid-configuration").status_code == 502
        portal.thread = None
