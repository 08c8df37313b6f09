"""Console sign-in against a real server: keys in the body only, and every way the endpoint fails."""

from __future__ import annotations

import json
import logging
import socket
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import accounts
from accounts import http
from accounts.aws import bulkhead, clients, signin
from accounts.aws.signin import console_sign_in_url
from accounts.errors import AwsRefused, AwsUnavailable, GatehouseError, InvalidRequest
from accounts.types import Credentials
from tests.emulators import ConsoleEndpoint, Reply, ScriptedServer, Seen

KEYS = Credentials(
    access_key_id="ASIAEXAMPLE",
    secret_access_key="planted-secret+/=",
    session_token="planted-token+/=",
    expires_at=datetime(2030, 1, 1, tzinfo=UTC),
)
DESTINATION = "https://console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:"
ISSUER = "https://portal.northwind.example/console?account_id=123456789012&role_name=Developer"
pytestmark = pytest.mark.wire


def sign_in(
    endpoint: str,
    *,
    session_duration: int | None = None,
    keys: Credentials = KEYS,
    partition: str = "aws",
    sign_out_first: bool = False,
) -> str:
    return console_sign_in_url(
        credentials=keys,
        partition=partition,
        destination=DESTINATION,
        issuer=ISSUER,
        session_duration=session_duration,
        endpoint=endpoint,
        sign_out_first=sign_out_first,
    )


def refused_by(
    answer: Callable[[Seen], Reply], **arguments: Any
) -> tuple[GatehouseError, list[Seen]]:
    with ScriptedServer(answer) as server, pytest.raises(GatehouseError) as refused:
        sign_in(server.url, **arguments)
    _assert_holds_no_secret(refused.value)
    return refused.value, server.seen


def _assert_holds_no_secret(error: GatehouseError) -> None:
    told = "".join(traceback.format_exception(error)) + error.user_message + error.admin_message
    for secret in ("planted", "federation?", "SigninToken="):
        assert secret not in told


def test_console_refuses_a_duration_out_of_bounds(console_endpoint: ConsoleEndpoint) -> None:
    for duration in (0, 899, 43201):
        with pytest.raises(InvalidRequest) as refused:
            sign_in(console_endpoint.url, session_duration=duration)
        assert refused.value.code == "request.duration"

    assert console_endpoint.seen == []


def test_console_refuses_an_unknown_partition() -> None:
    with pytest.raises(AwsRefused):
        console_sign_in_url(
            credentials=KEYS,
            partition="aws-mars",
            destination=DESTINATION,
            issuer=ISSUER,
            session_duration=None,
        )


def test_console_failure_has_its_own_error() -> None:
    expected = {
        301: (AwsUnavailable, "aws.unavailable"),
        302: (AwsUnavailable, "aws.unavailable"),
        400: (AwsRefused, "aws.console_refused"),
        403: (AwsRefused, "aws.console_refused"),
        404: (AwsRefused, "aws.console_refused"),
        429: (AwsUnavailable, "aws.throttled"),
        500: (AwsUnavailable, "aws.unavailable"),
        503: (AwsUnavailable, "aws.unavailable"),
    }
    found = {}
    for status in expected:
        reply = Reply(status, "planted", {"x-amzn-RequestId": "request-42"})
        error, seen = refused_by(lambda seen, reply=reply: reply)  # type: ignore[misc]
        found[status] = (type(error), error.code)
        assert f"HTTP {status}; request id request-42" in error.admin_message
        assert len(seen) == 1

    assert found == expected


def test_console_does_not_follow_redirects() -> None:
    with ScriptedServer(lambda seen: Reply(body='{"SigninToken": "stolen"}')) as elsewhere:
        refused_by(lambda seen: Reply(307, headers={"Location": elsewhere.url}))

    assert elsewhere.seen == []


def test_console_refuses_a_reply_without_a_token() -> None:
    bodies = ["", "planted, not JSON", "[]", "null", "{}"]
    bodies += [
        json.dumps({"SigninToken": token})
        for token in (
            *("", None, 42, ["planted"], "planted token", "planted" * 2000),
            "planted\r\nLocation: https://evil.example",
        )
    ]
    for body in bodies:
        error, _ = refused_by(lambda seen, body=body: Reply(body=body))  # type: ignore[misc]
        assert (type(error), error.code) == (AwsUnavailable, "aws.bad_reply"), body


def test_console_refuses_a_reply_without_end() -> None:
    told, _ = refused_by(lambda seen: Reply(body='{"SigninToken": "x"}' + " " * 70_000))

    assert told.code == "aws.bad_reply"


def test_console_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        with pytest.raises(AwsUnavailable) as refused:
            sign_in(f"http://127.0.0.1:{taken.getsockname()[1]}")

    assert refused.value.code == "aws.unreachable"
    _assert_holds_no_secret(refused.value)


def test_console_that_hangs_up_is_unreachable() -> None:
    error, seen = refused_by(lambda seen: Reply(close=True))

    assert error.code == "aws.unreachable"
    assert len(seen) == 1


def test_console_that_does_not_answer_in_time_is_a_timeout_and_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signin, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(AwsUnavailable) as refused:
            sign_in(f"http://127.0.0.1:{silent.getsockname()[1]}")
        silent.settimeout(0.1)
        silent.accept()[0].close()
        with pytest.raises(TimeoutError):
            silent.accept()

    assert refused.value.code == "aws.timeout"
    _assert_holds_no_secret(refused.value)


def test_both_tries_of_a_sign_in_end_within_the_deadline_of_a_call() -> None:
    assert 2 * signin.TIMEOUT < bulkhead.DEADLINE


def test_console_that_leaves_calls_without_an_answer_is_not_asked_for_a_while(
    unused_port: int,
) -> None:
    clients.reset()
    codes = []
    for _ in range(bulkhead.FAILURES + 1):
        with pytest.raises(AwsUnavailable) as refused:
            sign_in(f"http://127.0.0.1:{unused_port}")
        codes.append(refused.value.code)
    clients.reset()

    assert codes == ["aws.unreachable"] * bulkhead.FAILURES + ["aws.not_answering"]


def test_console_at_an_address_that_is_none_is_unreachable() -> None:
    for endpoint in ("nowhere", "http://", "ftp://127.0.0.1"):
        clients.reset()
        with pytest.raises(AwsUnavailable) as refused:
            sign_in(endpoint)
        assert refused.value.code == "aws.unreachable"
        _assert_holds_no_secret(refused.value)


def test_console_url_carries_token_issuer_and_destination(
    console_endpoint: ConsoleEndpoint,
) -> None:
    url = sign_in(console_endpoint.url)

    assert url.startswith(f"{console_endpoint.url}/federation?")
    assert parse_qs(urlsplit(url).query, strict_parsing=True) == {
        "Action": ["login"],
        "Issuer": [ISSUER],
        "Destination": [DESTINATION],
        "SigninToken": [console_endpoint.token],
    }
    assert urlsplit(url).fragment == ""


def test_sign_out_first_leads_through_the_sign_out_to_the_very_same_sign_in(
    console_endpoint: ConsoleEndpoint,
) -> None:
    plain = sign_in(console_endpoint.url)

    url = sign_in(console_endpoint.url, sign_out_first=True)

    assert url.startswith(f"{console_endpoint.url}/oauth?")
    assert parse_qs(urlsplit(url).query, strict_parsing=True) == {
        "Action": ["logout"],
        "redirect_uri": [plain],
    }


@pytest.mark.parametrize(
    ("partition", "origin", "path"),
    [
        ("aws", "https://us-east-1.signin.aws.amazon.com", "/oauth"),
        # Nobody has reported the way through the sign-out in these two.
        ("aws-us-gov", "https://signin.amazonaws-us-gov.com", "/federation"),
        ("aws-cn", "https://signin.amazonaws.cn", "/federation"),
    ],
)
def test_sign_out_first_goes_only_where_a_way_is_known(
    partition: str, origin: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = http.Response(200, {}, b'{"SigninToken": "fresh"}')
    monkeypatch.setattr(http, "fetch", lambda *request, **options: reply)

    url = sign_in("", partition=partition, sign_out_first=True)

    assert url.startswith(f"{origin}{path}?")
    inner = parse_qs(urlsplit(url).query).get("redirect_uri", [url])[0]
    assert inner.startswith(f"{origin}/federation?Action=login&")


def test_keys_travel_in_the_body_only(console_endpoint: ConsoleEndpoint) -> None:
    url = sign_in(console_endpoint.url)

    (seen,) = console_endpoint.seen
    assert (seen.method, seen.path) == ("POST", "/federation")
    assert seen.form["Action"] == "getSigninToken"
    assert json.loads(seen.form["Session"]) == {
        "sessionId": "ASIAEXAMPLE",
        "sessionKey": "planted-secret+/=",
        "sessionToken": "planted-token+/=",
    }
    assert "planted" not in url + seen.path + str(seen.headers)


def test_session_duration_is_not_sent_unless_given(console_endpoint: ConsoleEndpoint) -> None:
    sign_in(console_endpoint.url, session_duration=None)
    sign_in(console_endpoint.url, session_duration=7200)

    first, second = console_endpoint.seen
    assert "SessionDuration" not in first.form
    assert second.form["SessionDuration"] == "7200"


def test_session_duration_that_aws_refuses_is_left_out() -> None:
    def chained(seen: Seen) -> Reply:
        if "SessionDuration" in seen.form:
            return Reply(400)
        return Reply(body='{"SigninToken": "as-long-as-the-keys"}')

    with ScriptedServer(chained) as server:
        url = sign_in(server.url, session_duration=7200)

    assert "SigninToken=as-long-as-the-keys" in url
    assert len(server.seen) == 2


def test_session_duration_is_left_out_once_and_only_on_a_400() -> None:
    tries = {}
    for status in (400, 403, 500):
        reply = Reply(status)
        _, seen = refused_by(lambda seen, reply=reply: reply, session_duration=7200)  # type: ignore[misc]
        tries[status] = len(seen)

    assert tries == {400: 2, 403: 1, 500: 1}


def test_console_is_told_who_asks(console_endpoint: ConsoleEndpoint) -> None:
    sign_in(console_endpoint.url)

    assert console_endpoint.seen[0].headers["user-agent"] == f"gatehouse/{accounts.__version__}"


def test_keys_and_token_are_not_logged_even_when_the_root_logs_everything(
    console_endpoint: ConsoleEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    sign_in(console_endpoint.url)

    for secret in ("planted", console_endpoint.token):
        assert secret not in caplog.text
