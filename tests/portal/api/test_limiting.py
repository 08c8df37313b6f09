"""Who asks too often waits; who cannot be counted is not let in; nobody waits for what others did."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.api.counting import InProcess
from tests.portal.api.conftest import Issuer, Program

pytestmark = pytest.mark.usefixtures("northwind")


@pytest.fixture(autouse=True)
def _few(settings: Any) -> None:
    settings.API_RATE_LIMIT = "3/hour"
    settings.API_BAD_TOKEN_LIMIT = "2/hour"


def ask(program: Program, token: str) -> tuple[int, str]:
    answer = program.get("/api/v1/me", token)
    return answer.status_code, json.loads(answer.content).get("error", {}).get("code", "")


def test_identity_that_asks_too_often_is_told_when_to_come_back(
    program: Program, issuer: Issuer
) -> None:
    for _ in range(3):
        assert ask(program, issuer.token()) == (200, "")

    answer = program.get("/api/v1/me", issuer.token())

    assert answer.status_code == 429
    assert json.loads(answer.content)["error"]["code"] == "request.too_many"
    assert 0 < int(answer["Retry-After"]) <= 3601


def test_original_addresses_count_too(program: Program, issuer: Issuer) -> None:
    role = "arn:aws:iam::210987654321:role/Nobody"
    for _ in range(3):
        assert program.get("/api/credentials", issuer.token(), role=role).status_code == 403

    answer = program.get("/api/credentials", issuer.token(), role=role)

    assert answer.status_code == 429
    assert "Retry-After" in answer
    assert "error_message" in json.loads(answer.content)


def test_others_do_not_wait_for_one(program: Program, issuer: Issuer) -> None:
    for _ in range(4):
        ask(program, issuer.token("mallory"))

    assert ask(program, issuer.token("alice")) == (200, "")


def test_address_with_bad_tokens_is_told_to_wait_and_good_tokens_there_are_answered(
    program: Program, issuer: Issuer
) -> None:
    bad = issuer.token(aud="another")
    assert [ask(program, bad)[0] for _ in range(4)] == [401, 401, 429, 429]

    assert ask(program, issuer.token()) == (200, "")


def test_nobody_is_let_in_uncounted(
    program: Program, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> int:
        raise ConnectionError("the storage is down")

    monkeypatch.setattr(InProcess, "incr", broken)

    assert ask(program, issuer.token()) == (503, "limits.unavailable")
