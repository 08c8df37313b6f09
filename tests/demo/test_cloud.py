"""The demo's embedded AWS signs people in to its stand-in console by AWS's rules, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
import time_machine
from mypy_boto3_sts import STSClient

from demo.cloud import Cloud
from demo.cloud.server import serve

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
