"""POST /api/v1/explain and GET /api/v1/explain/who: who may ask, and what is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts import audit
from accounts.models import Person
from accounts.models.audit import Action
from tests import cast
from tests.issuer import Issuer
from tests.portal.api.conftest import Program
from tests.portal.api.test_portal_tokens import make

pytestmark = pytest.mark.usefixtures("northwind")

PROD = "123456789012"
EXPLAIN, WHO = "/api/v1/explain", "/api/v1/explain/who"


def post(program: Program, token: str, **body: Any) -> tuple[int, Any]:
    answer = program.send("POST", EXPLAIN, token, json.dumps(body))
    return answer.status_code, json.loads(answer.content)


def who(program: Program, token: str, query: str) -> tuple[int, Any]:
    answer = program.get(f"{WHO}?{query}", token)
    return answer.status_code, json.loads(answer.content)


def test_only_portal_admins_and_auditors_may_ask_and_no_machine(
    program: Program, issuer: Issuer
) -> None:
    for token in (
        issuer.token("alice", groups=["payments"]),
        make("carol"),
        make("carol", machine="reader", directory=True, audit=True),
    ):
        for status, said in (
            post(program, token, claims="{}"),
            who(program, token, "privileged=true"),
        ):
            assert (status, said["error"]["code"]) == (403, "access.not_allowed")
    for group in ("portal-admins", "portal-auditors"):
        assert post(program, issuer.token(groups=[group]), claims="{}")[0] == 200


def test_what_is_not_clear_is_refused(program: Program, issuer: Issuer) -> None:
    admin = issuer.token(groups=["portal-admins"])
    cast.sign_in("alice")
    cast.sign_in("bob")

    for body, code in (
        ({}, "explain.subject"),
        ({"person": "bob", "claims": "{}"}, "explain.subject"),
        ({"person": "zoe"}, "explain.person"),
        ({"person": "northwind.example"}, "explain.person"),
        ({"claims": "nothing"}, "explain.claims"),
    ):
        status, said = post(program, admin, **body)
        assert (status, said["error"]["code"]) == (400, code)
    assert who(program, admin, "")[1]["error"]["code"] == "explain.question"
    assert who(program, admin, "privileged=true&after=x")[1]["error"]["code"] == "request.page"


def test_pasted_claims_and_one_role(program: Program, issuer: Issuer) -> None:
    status, said = post(
        program,
        issuer.token(groups=["portal-admins"]),
        claims='{"sub": "new", "groups": ["payments", "On-call"]}',
        account_id=PROD,
        role_name="Operator",
    )

    assert status == 200
    assert (said["sub"], said["claims_verified_at"], said["total"]) == ("new", None, 0)
    assert said["role"]["keys"]["code"] == "access.denied"
    assert "Nearly matching" in said["role"]["mappings"][0]["missing"][0]
    assert not Person.objects.filter(sub="new").exists()


def test_a_person_and_what_they_have(program: Program, issuer: Issuer) -> None:
    cast.sign_in("alice")

    said = post(
        program, issuer.token("carol", groups=["portal-admins"]), person="alice@northwind.example"
    )[1]

    assert [one["role_name"] for one in said["items"]] == ["Developer", "ReadOnly", "ReadOnly"]
    assert said["items"][0]["reasons"] == [
        {"mapping": "Developers of payments", "claim": "groups", "value": "payments"}
    ]
    assert said["role"] is None


def test_who_can_enter_in_pages_and_as_csv(program: Program, issuer: Issuer) -> None:
    admin = issuer.token(groups=["portal-admins"])
    for name in ("bob", "dana"):
        cast.sign_in(cast.subject(name, groups=["on-call"]))
    audit.record(
        action=Action.KEYS_ISSUED,
        now=cast.NOON,
        origin=cast.ORIGIN,
        subject=cast.subject("bob"),
        account_id=PROD,
        role_name="Operator",
    )

    first = who(program, admin, "environment=production&privileged=true&limit=1")[1]
    second = who(program, admin, f"role_name=Operator&limit=1&after={first['next']}")[1]

    assert (first["total"], second["next"]) == (2, None)
    found = {one["label"]: one for one in (*first["items"], *second["items"])}
    assert found["bob@northwind.example"]["times_used"] == 1
    assert found["dana@northwind.example"]["last_used_at"] is None
    assert [one["value"] for one in first["values"]] == ["on-call"]
    answer = program.get(f"{WHO}?account_id={PROD}&role_name=Operator&format=csv", admin)
    lines = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert len(lines.splitlines()) == 3
    head = program.send("HEAD", f"{WHO}?account_id={PROD}&format=csv", admin)
    assert (head.status_code, head.content) == (200, b"")
