"""Rate limits counted in a real Redis: for all processes together; and what happens while it is gone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from portal import limiting
from tests import cast, redis_server
from tests.issuer import Issuer
from tests.portal.api.conftest import Program

pytestmark = [pytest.mark.wire, pytest.mark.usefixtures("northwind", "sts_endpoint")]

DEVELOPER = "arn:aws:iam::210987654321:role/gatehouse/Developer"
# Our patience with Redis once for each of two tries, and some more.
SOON = 5.0  # seconds


@pytest.fixture
def server() -> Iterator[redis_server.Server]:
    """A Redis of the test's own: it will not survive."""
    with redis_server.running() as found:
        yield found


@pytest.fixture(autouse=True)
def _counted_there(settings: Any, server: redis_server.Server) -> None:
    settings.API_LIMITS_STORAGE = server.url
    settings.API_RATE_LIMIT = "3/hour"
    settings.API_BAD_TOKEN_LIMIT = "2/hour"


def ask(program: Program, token: str) -> tuple[int, str]:
    answer = program.get("/api/v1/me", token)
    return answer.status_code, json.loads(answer.content).get("error", {}).get("code", "")


def gone(server: redis_server.Server, how: str) -> None:
    server.kill() if how == "killed" else server.freeze()


@pytest.mark.parametrize("how", ["killed", "frozen"])
@pytest.mark.parametrize("connected", [True, False])
def test_without_redis_each_process_counts_by_itself_and_answers_soon(
    program: Program, issuer: Issuer, server: redis_server.Server, how: str, connected: bool
) -> None:
    if connected:
        assert ask(program, issuer.token("mallory")) == (200, "")
    gone(server, how)
    began = time.monotonic()

    answers = [ask(program, issuer.token()) for _ in range(4)]

    assert time.monotonic() - began < SOON
    assert answers == [(200, "")] * 3 + [(429, "request.too_many")]


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_without_redis_bad_tokens_are_refused_and_counted(
    program: Program, issuer: Issuer, server: redis_server.Server, how: str
) -> None:
    gone(server, how)
    bad = issuer.token(aud="another")

    assert [ask(program, bad)[0] for _ in range(3)] == [401, 401, 429]
    assert program.get("/api/credentials", issuer.token(), role=DEVELOPER).status_code == 200


def test_without_redis_people_get_keys_and_are_counted(
    server: redis_server.Server, settings: Any
) -> None:
    settings.PAGES_RATE_LIMIT = "9/hour"
    server.kill()
    alice = cast.signed_in("alice")
    role = {"account_id": "210987654321", "role_name": "Developer", "duration": "3600"}

    answer = alice.post("/keys", role)
    others = [alice.post("/keys", {"role": "210987654321/Nobody"}) for _ in range(9)]

    assert answer.status_code == 200
    assert b"AWS_SESSION_TOKEN" in answer.content
    assert [answer.status_code for answer in others] == [403] * 8 + [429]
    assert alice.get("/activity").status_code == 200


def test_people_are_counted_for_all_processes_together(settings: Any) -> None:
    settings.PAGES_RATE_LIMIT = "2/hour"
    answers = []
    for _ in range(3):
        limiting.reset()  # as another process, which has counted nothing itself
        answers.append(cast.signed_in("alice").post("/keys", {"role": "210987654321/Nobody"}))

    assert [answer.status_code for answer in answers] == [403, 403, 429]


def test_password_of_redis_is_not_logged(
    program: Program,
    issuer: Issuer,
    server: redis_server.Server,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.API_LIMITS_STORAGE = server.url.replace(server.password, "wrong-password")

    assert ask(program, issuer.token()) == (200, "")

    server.kill()
    limiting.reset()
    assert ask(program, issuer.token()) == (200, "")
    assert caplog.text.count("API_LIMITS_STORAGE failed, each process counts by itself") == 2
    assert "wrong-password" not in caplog.text


def test_redis_that_is_back_counts_again_without_a_restart_of_the_portal(
    program: Program,
    issuer: Issuer,
    server: redis_server.Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limiting, "REDIS_PAUSE", 0.0)
    server.kill()
    assert ask(program, issuer.token())[0] == 200

    server.start()

    assert [ask(program, issuer.token())[0] for _ in range(4)] == [200, 200, 200, 429]


def test_restart_of_redis_between_two_requests_costs_none(
    program: Program, issuer: Issuer, server: redis_server.Server
) -> None:
    assert ask(program, issuer.token()) == (200, "")

    server.kill()
    server.start()

    assert ask(program, issuer.token()) == (200, "")


def test_processes_count_together(program: Program, issuer: Issuer) -> None:
    answers = []
    for _ in range(4):
        limiting.reset()  # as another process, which has counted nothing itself
        answers.append(ask(program, issuer.token())[0])

    assert answers == [200, 200, 200, 429]
    assert ask(program, issuer.token("mallory")) == (200, "")


def test_addresses_with_bad_tokens_are_counted_together(program: Program, issuer: Issuer) -> None:
    answers = []
    for _ in range(3):
        limiting.reset()
        answers.append(ask(program, issuer.token(aud="another"))[0])

    assert answers == [401, 401, 429]


def test_redis_holds_nothing_but_digests_and_counts_that_end(
    program: Program, issuer: Issuer, server: redis_server.Server
) -> None:
    ask(program, issuer.token())
    ask(program, issuer.token(aud="another"))

    client = server.client()
    keys = sorted(client.scan_iter())
    assert len(keys) == 2
    for key in keys:
        assert 0 < int(client.ttl(key)) <= 3600  # type: ignore[arg-type]  # Its types are those of the asynchronous client, too.
        assert client.get(key) == "1"
        assert not any(word in key for word in ("alice", issuer.url, "127.0.0.1"))
    client.close()
