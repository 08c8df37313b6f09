"""POST /api/v1/trust-checks: who may, what it answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.aws import errors
from accounts.models import TrustCheck
from tests.accounts.trust_checks.answers import Answers
from tests.issuer import Issuer
from tests.portal.api.conftest import Program
from tests.portal.api.test_portal_tokens import make

pytestmark = pytest.mark.usefixtures("northwind")

DEV = "210987654321"
PATH = "/api/v1/trust-checks"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(monkeypatch)


def send(program: Program, token: str, **body: Any) -> tuple[int, Any]:
    answer = program.send("POST", PATH, token, json.dumps({"account_id": DEV, **body}))
    return answer.status_code, json.loads(answer.content)


def test_who_may_not_test_roles_is_refused_whatever_they_name(
    aws: Answers, program: Program, issuer: Issuer
) -> None:
    tokens = [
        issuer.token("alice", groups=["payments"]),
        issuer.token("olga", groups=["portal-auditors"]),
        make("carol"),
        make("carol", machine="reader", directory=True, audit=True),
    ]
    for token in tokens:
        for account_id in (DEV, "999999999999"):
            status, body = send(program, token, account_id=account_id)

            assert (status, body["error"]["code"]) == (403, "access.not_allowed")
    assert not aws.asked


def test_an_admin_and_a_machine_for_it_are_told_how_each_test_ended(
    aws: Answers, program: Program, issuer: Issuer
) -> None:
    aws.errors["Developer"] = errors.DENIED.error()
    machine = make("carol", machine="deploy", kinds=frozenset(), testing=True)

    for token in (issuer.token("carol", groups=["portal-admins"]), machine):
        status, body = send(program, token)

        assert status == 200
        assert [(one["role_name"], one["outcome"], one["code"]) for one in body["items"]] == [
            ("Developer", "broken", "trust.denied"),
            ("ReadOnly", "works", ""),
        ]
        assert all(one["tested_at"] for one in body["items"])
        assert "the-secret-part" not in json.dumps(body)
    assert set(TrustCheck.objects.values_list("tested_by", flat=True)) == {"token:deploy"}


def test_one_role_is_tested_and_the_list_of_accounts_says_how(
    aws: Answers, program: Program, issuer: Issuer
) -> None:
    carol = issuer.token("carol", groups=["portal-admins"])

    _, body = send(program, carol, role_name="ReadOnly")

    assert [one["role_name"] for one in body["items"]] == ["ReadOnly"]
    listed = json.loads(program.get("/api/v1/accounts", carol, q=DEV).content)["items"][0]["roles"]
    assert {
        one["permission_set"]: one["last_test"] and one["last_test"]["outcome"] for one in listed
    } == {
        "Developer": None,
        "ReadOnly": "works",
    }


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"account_id": "999999999999"}, 400, "request.role"),
        ({"role_name": "Nobody"}, 400, "request.role"),
        ({"role_name": "x\x00"}, 422, "request.not_valid"),
        ({"account_id": 7}, 422, "request.not_valid"),
        ({"more": 1}, 422, "request.not_valid"),
    ],
)
def test_a_request_that_names_no_role_is_refused(
    aws: Answers, program: Program, issuer: Issuer, body: Any, status: int, code: str
) -> None:
    found, answer = send(program, issuer.token("carol", groups=["portal-admins"]), **body)

    assert (found, answer["error"]["code"]) == (status, code)
    assert not aws.asked
