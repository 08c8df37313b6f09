"""Who asks too often waits; nobody waits for what others did."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Token
from accounts.models.audit import Action
from tests.issuer import Issuer
from tests.portal.api.conftest import Program
from tests.portal.api.test_portal_tokens import make

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


def test_token_that_is_over_fills_no_audit_trail(program: Program) -> None:
    secret = make()
    Token.objects.update(revoked_at=timezone.now())

    assert [ask(program, secret)[0] for _ in range(5)] == [401, 401, 429, 429, 429]
    assert AuditEvent.objects.filter(action=Action.TOKEN_REFUSED).count() == 2


@pytest.mark.parametrize(
    ("addresses", "statuses"),
    [
        (["2001:db8::1", "2001:db8::2", "2001:db8::ffff:3"], [401, 401, 429]),
        (["2001:db8::1", "2001:db8:0:1::1", "2001:db8:0:2::1"], [401, 401, 401]),
        (["::ffff:192.0.2.1", "::ffff:192.0.2.2", "::ffff:192.0.2.3"], [401, 401, 401]),
        (["::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"], [401, 401, 429]),
        (["192.0.2.1", "192.0.2.2", "192.0.2.3"], [401, 401, 401]),
        (["", "", ""], [401, 401, 429]),  # over a socket of this machine
    ],
    ids=["one network", "three networks", "mapped", "in two ways", "IPv4", "none"],
)
def test_whoever_has_a_network_of_addresses_counts_once(
    program: Program, addresses: list[str], statuses: list[int]
) -> None:
    asked = [program.send("GET", "/api/v1/me", "x", REMOTE_ADDR=each) for each in addresses]

    assert [answer.status_code for answer in asked] == statuses
