"""Sign-in by code: how often is asked, and when it is over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gatehouse_client import device, web
from gatehouse_client.device import Code
from gatehouse_client.errors import Failed
from gatehouse_client.portal import Facts
from gatehouse_client.provider import Granted, Provider
from tests.emulators import Reply, ScriptedServer, Seen

pytestmark = pytest.mark.wire


class Scripted:
    """A provider that answers one question after the other, and somebody who waits without waiting."""

    def __init__(self) -> None:
        self.codes: dict[str, Any] = {}
        self.status = 200
        self.answers: list[str] = []
        self.slept: list[float] = []
        self.shown: list[Code] = []
        self.server = ScriptedServer(self.answer)

    def answer(self, seen: Seen) -> Reply:
        if seen.path == "/device":
            codes = {
                "device_code": "the-device-code",
                "user_code": "ABCD-EFGH",
                "verification_uri": f"{self.server.url}/enter",
                "expires_in": 60,
                "interval": 5,
            }
            return Reply(self.status, json.dumps(codes | self.codes))
        error = self.answers.pop(0)
        if not error:
            granted = {"access_token": "a", "token_type": "bearer", "expires_in": 60}
            return Reply(body=json.dumps(granted))
        return Reply(400, json.dumps({"error": error}))

    def sign_in(self, *answers: str, **document: str) -> Granted:
        self.answers = list(answers)
        url = self.server.url
        found = {
            "issuer": url,
            "token_endpoint": f"{url}/token",
            "device_authorization_endpoint": f"{url}/device",
        }
        facts = Facts(url, "gatehouse-cli", ("openid", "groups"))
        return device.sign_in(
            Provider(facts, found | document), show=self.shown.append, sleep=self.slept.append
        )


def short(value: object) -> str:
    return str(value)[:12]


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    found = Scripted()
    with found.server:
        yield found


def test_provider_that_knows_no_codes_is_said_with_what_to_do(scripted: Scripted) -> None:
    with pytest.raises(Failed, match="GATEHOUSE_TOKEN"):
        scripted.sign_in(device_authorization_endpoint="")


@pytest.mark.parametrize("status", [400, 401, 500])
def test_provider_that_gives_no_code_is_quoted(scripted: Scripted, status: int) -> None:
    scripted.status = status
    scripted.codes = {"error": "unauthorized_client", "error_description": "Not this client"}

    with pytest.raises(Failed, match="Not this client"):
        scripted.sign_in()

    assert scripted.shown == []


@pytest.mark.parametrize(
    "codes",
    [
        {"device_code": ""},
        {"device_code": 7},
        {"user_code": ""},
        {"verification_uri": ""},
        {"verification_uri": "http://evil.example/enter"},
    ],
    ids=str,
)
def test_answer_that_lacks_something_is_refused(scripted: Scripted, codes: dict[str, Any]) -> None:
    scripted.codes = codes

    with pytest.raises(Failed):
        scripted.sign_in()

    assert scripted.shown == []


def test_somebody_who_says_no_ends_it(scripted: Scripted) -> None:
    with pytest.raises(Failed, match="refused at the identity provider"):
        scripted.sign_in("authorization_pending", "access_denied")


def test_code_that_expired_there_ends_it(scripted: Scripted) -> None:
    with pytest.raises(Failed, match="has expired"):
        scripted.sign_in("authorization_pending", "expired_token")


def test_code_that_nobody_enters_ends_in_its_time(scripted: Scripted) -> None:
    with pytest.raises(Failed, match="has expired"):
        scripted.sign_in(*["authorization_pending"] * 100)

    assert scripted.slept == [5.0] * 12


@pytest.mark.parametrize("interval", [600, 700, 10**9, 10**400, float("inf")], ids=short)
@pytest.mark.parametrize("expires_in", [10**9, 10**400, "soon", None], ids=short)
def test_no_code_is_waited_for_without_end(
    scripted: Scripted, expires_in: Any, interval: Any
) -> None:
    scripted.codes = {"expires_in": expires_in, "interval": interval}

    with pytest.raises(Failed, match="has expired"):
        scripted.sign_in(*["authorization_pending"] * 100)

    assert sum(scripted.slept) <= device.LONGEST


def test_error_that_is_none_of_waiting_ends_it(scripted: Scripted) -> None:
    with pytest.raises(Failed, match="invalid_client"):
        scripted.sign_in("invalid_client")


def test_provider_that_is_asked_too_often_is_asked_less(scripted: Scripted) -> None:
    scripted.sign_in("authorization_pending", "slow_down", "authorization_pending", "")

    assert scripted.slept == [5.0, 5.0, 10.0, 10.0]


def test_provider_that_does_not_answer_in_time_is_asked_less(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, tries = web.ask, iter(["", "", "late", ""])

    def late(url: str, **options: Any) -> web.Answer:
        if next(tries, ""):
            raise web.TimedOut("late")
        return ask(url, **options)

    monkeypatch.setattr(web, "ask", late)
    scripted.sign_in("authorization_pending", "")

    assert scripted.slept == [5.0, 5.0, 10.0]


@pytest.mark.parametrize(("said", "interval"), [(None, 5.0), (0, 5.0), (0.01, 1.0), (7, 7.0)])
def test_interval_is_what_the_provider_says_within_reason(
    scripted: Scripted, said: Any, interval: float
) -> None:
    scripted.codes = {"interval": said}

    scripted.sign_in("")

    assert scripted.slept == [interval]


def test_what_is_asked_and_shown(scripted: Scripted) -> None:
    scripted.codes = {"verification_uri_complete": "https://id.example.com/enter?code=ABCD-EFGH"}

    scripted.sign_in("")

    first, last = scripted.server.seen
    assert first.form["scope"] == "openid groups"
    assert first.form["code_challenge_method"] == "S256"
    assert last.form["device_code"] == "the-device-code"
    assert len(last.form["code_verifier"]) >= 43
    [code] = scripted.shown
    assert (code.code, code.complete) == (
        "ABCD-EFGH",
        "https://id.example.com/enter?code=ABCD-EFGH",
    )


def test_complete_address_that_is_not_safe_is_not_shown(scripted: Scripted) -> None:
    scripted.codes = {"verification_uri_complete": "http://evil.example/?code=ABCD-EFGH"}

    scripted.sign_in("")

    assert scripted.shown[0].complete == ""
