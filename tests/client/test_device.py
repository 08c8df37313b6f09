"""Sign-in by code: how often the provider is asked, and when it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from gatehouse_client import device, transport
from gatehouse_client.device import UserCode
from gatehouse_client.errors import CommandFailed
from gatehouse_client.portal import SignInSettings
from gatehouse_client.provider import ProviderApi, TokenResponse
from tests.emulators import Reply, ScriptedServer, Seen

pytestmark = pytest.mark.wire
FOREVER = ["authorization_pending"] * 100


class DeviceGrant:
    """A provider with the device grant: errors are answered one after the other, "" is a token. Nobody sleeps."""

    def __init__(self) -> None:
        self.authorization: dict[str, Any] = {}
        self.status = 200
        self.errors: list[str] = []
        self.slept: list[float] = []
        self.shown: list[UserCode] = []
        self.server = ScriptedServer(self.answer)

    def answer(self, seen: Seen) -> Reply:
        if seen.path == "/device":
            authorization = {
                "device_code": "the-device-code",
                "user_code": "ABCD-EFGH",
                "verification_uri": f"{self.server.url}/enter",
                "expires_in": 60,
                "interval": 5,
            }
            return Reply(self.status, json.dumps(authorization | self.authorization))
        if error := self.errors.pop(0):
            return Reply(400, json.dumps({"error": error}))
        tokens = {"access_token": "a", "token_type": "bearer", "expires_in": 60}
        return Reply(body=json.dumps(tokens))

    def sign_in(self, *errors: str, **document: str) -> TokenResponse:
        self.errors = list(errors)
        self.slept.clear()
        url = self.server.url
        endpoints = {
            "issuer": url,
            "token_endpoint": f"{url}/token",
            "device_authorization_endpoint": f"{url}/device",
        }
        settings = SignInSettings(url, "gatehouse-cli", ("openid", "groups"))
        api = ProviderApi(settings, endpoints | document)
        return device.sign_in(api, show=self.shown.append, sleep=self.slept.append)


@pytest.fixture
def grant() -> Iterator[DeviceGrant]:
    grant = DeviceGrant()
    with grant.server:
        yield grant


def test_provider_without_the_device_grant_is_reported_with_what_to_do(grant: DeviceGrant) -> None:
    with pytest.raises(CommandFailed, match="GATEHOUSE_TOKEN"):
        grant.sign_in(device_authorization_endpoint="")


def test_refused_request_for_a_code_is_shown(grant: DeviceGrant) -> None:
    grant.authorization = {
        "error": "unauthorized_client",
        "error_description": "Not this client",
    }
    for status in (400, 401, 500):
        grant.status = status
        with pytest.raises(CommandFailed, match="Not this client"):
            grant.sign_in()
    assert grant.shown == []


def test_incomplete_or_unsafe_code_is_refused_and_not_shown(grant: DeviceGrant) -> None:
    unsafe = {"verification_uri": "http://evil.example/enter"}
    for wrong in ({"user_code": ""}, {"verification_uri": ""}, unsafe):
        grant.authorization = wrong
        with pytest.raises(CommandFailed, match="which code to enter where"):
            grant.sign_in()
    for device_code in ("", 7):
        grant.authorization = {"device_code": device_code}
        with pytest.raises(CommandFailed, match="no device code"):
            grant.sign_in()
    assert grant.shown == []


def test_final_errors_end_it(grant: DeviceGrant) -> None:
    for error, message in (
        ("access_denied", "refused at the identity provider"),
        ("expired_token", "has expired"),
        ("invalid_client", "invalid_client"),
    ):
        with pytest.raises(CommandFailed, match=message):
            grant.sign_in("authorization_pending", error)


def test_code_that_nobody_enters_expires(grant: DeviceGrant) -> None:
    with pytest.raises(CommandFailed, match="has expired"):
        grant.sign_in(*FOREVER)

    assert grant.slept == [5.0] * 12


def test_no_code_is_waited_for_without_end(grant: DeviceGrant) -> None:
    for expires_in, interval in product(
        (10**9, 10**400, "soon", None), (600, 700, 10**9, 10**400, float("inf"))
    ):
        grant.authorization = {"expires_in": expires_in, "interval": interval}
        with pytest.raises(CommandFailed, match="has expired"):
            grant.sign_in(*FOREVER)
        assert sum(grant.slept) <= device.MAX_WAIT, (str(expires_in)[:12], str(interval)[:12])


def test_complete_url_that_is_not_safe_is_not_shown(grant: DeviceGrant) -> None:
    grant.authorization = {"verification_uri_complete": "http://evil.example/?code=ABCD-EFGH"}

    grant.sign_in("")

    assert grant.shown[0].complete_url == ""


def test_provider_that_says_slow_down_is_asked_less_often(grant: DeviceGrant) -> None:
    grant.sign_in("authorization_pending", "slow_down", "authorization_pending", "")

    assert grant.slept == [5.0, 5.0, 10.0, 10.0]


def test_provider_that_does_not_answer_in_time_is_asked_less_often(
    grant: DeviceGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, late = transport.send, iter([False, False, True, False])

    def sometimes_late(url: str, **options: Any) -> transport.ServerResponse:
        if next(late, False):
            raise transport.ServerTimeout("late")
        return send(url, **options)

    monkeypatch.setattr(transport, "send", sometimes_late)
    grant.sign_in("authorization_pending", "")

    assert grant.slept == [5.0, 5.0, 10.0]


def test_interval_is_what_the_provider_says_within_reason(grant: DeviceGrant) -> None:
    for interval, seconds in ((None, 5.0), (0, 5.0), (0.01, 1.0), (7, 7.0)):
        grant.authorization = {"interval": interval}
        grant.sign_in("")
        assert grant.slept == [seconds], interval


def test_requests_and_the_code_that_is_shown(grant: DeviceGrant) -> None:
    complete = "https://id.example.com/enter?code=ABCD-EFGH"
    grant.authorization = {"verification_uri_complete": complete}

    grant.sign_in("")

    first, last = grant.server.seen
    assert first.form["scope"] == "openid groups"
    assert first.form["code_challenge_method"] == "S256"
    assert last.form["device_code"] == "the-device-code"
    assert len(last.form["code_verifier"]) >= 43
    [code] = grant.shown
    assert (code.code, code.complete_url) == ("ABCD-EFGH", complete)
