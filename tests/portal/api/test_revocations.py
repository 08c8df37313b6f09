"""POST /api/v1/revocations: who may, and what it answers; the sessions are cut at an AWS that means it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import Block, Revocation
from tests import cast
from tests.accounts.revocation.companies import DEV, enter, works
from tests.accounts.revocation.conftest import aws
from tests.issuer import Issuer
from tests.portal.api.conftest import Program
from tests.portal.api.test_portal_tokens import make
from tests.strict_aws import StrictAws

__all__ = ["aws"]
pytestmark = pytest.mark.wire

PATH = "/api/v1/revocations"


def send(program: Program, token: str, **body: Any) -> tuple[int, Any]:
    answer = program.send("POST", PATH, token, json.dumps({"reason": "leaked", **body}))
    return answer.status_code, json.loads(answer.content)


@pytest.mark.usefixtures("northwind")
def test_who_may_not_cut_is_refused_and_nothing_is_kept(program: Program, issuer: Issuer) -> None:
    tokens = [
        issuer.token("alice", groups=["payments"]),
        issuer.token("olga", groups=["portal-auditors"]),
        make("carol"),
        make("carol", machine="reader", directory=True, audit=True, testing=True),
    ]
    for token in tokens:
        status, body = send(program, token, reach="everything")
        assert (status, body["error"]["code"]) == (403, "access.not_allowed")
        answer = program.get(f"{PATH}/5f0d2c1e-6f43-4f4e-8a52-0a4f3f6f4d11", token)
        assert answer.status_code == 403
    assert not Revocation.objects.exists()


def test_a_machine_for_it_blocks_and_cuts_a_person(aws: StrictAws, program: Program) -> None:
    keys, bobs = enter("alice", DEV, "Developer"), enter("bob", DEV, "Developer")
    machine = make("carol", machine="siem", kinds=frozenset(), revoking=True)

    status, body = send(
        program, machine, reach="person", issuer=cast.ISSUER, sub="sub-alice", block=True
    )

    assert (status, body["complete"], body["sign_ins_ended"]) == (200, True, 1)
    assert [(one["account_id"], one["state"]) for one in body["items"]] == [(DEV, "placed")]
    assert [works(aws, one) for one in (keys, bobs)] == [False, True]
    assert Block.objects.get().sub == "sub-alice"
    later = json.loads(program.get(f"{PATH}/{body['id']}", machine).content)
    assert later == {**body, "sign_ins_ended": None}


def test_a_token_that_is_limited_to_an_account_cuts_nothing_beyond(
    aws: StrictAws, program: Program
) -> None:
    machine = make(
        "carol",
        machine="siem",
        kinds=frozenset(),
        revoking=True,
        account_ids=frozenset({DEV}),
    )

    status, body = send(program, machine, reach="everything")

    assert (status, body["error"]["code"]) == (403, "access.scope")
    assert send(program, machine, reach="account", account_id=DEV)[0] == 200


@pytest.mark.usefixtures("northwind")
@pytest.mark.parametrize(
    "body",
    [
        {"reach": "account", "account_id": "999999999999"},
        {"reach": "role", "account_id": DEV, "role_name": "None"},
        {"reach": "person", "issuer": cast.ISSUER, "sub": "nobody"},
        {"reach": "sign-in", "sign_in": "x"},
        {"reach": "everything", "organization": True},
        {"reach": "account", "account_id": DEV, "reason": " "},
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    program: Program, issuer: Issuer, body: dict[str, Any]
) -> None:
    admin = issuer.token("carol", groups=["portal-admins"])

    status, answer = send(program, admin, **body)

    assert status == 400
    assert answer["error"]["code"].startswith("revocation.")
    assert not Revocation.objects.exists()
