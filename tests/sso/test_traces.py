"""From keys of a command line to the moment somebody allowed it, and to the sign-in in which they did."""

from __future__ import annotations

import json

import pytest

from accounts import audit
from accounts.audit_trail.traces import TracedRow, trace
from accounts.models import AuditEvent
from accounts.models.audit import Action
from tests import cast
from tests.accounts.portal_tokens.tokens import create, use
from tests.sso.conftest import Program
from tests.sso.test_portal import ask

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind", "sts_endpoint")]


def keys_of(program: Program, token: str) -> str:
    answer = ask(program, token)
    assert answer.status_code == 200, answer.content
    key: str = json.loads(answer.content)["roleCredentials"]["accessKeyId"]
    return key


def traced(key: str) -> TracedRow:
    (row,) = trace(key).rows
    return row


def of(row: TracedRow, action: Action) -> AuditEvent:
    (found,) = (one for one in row.came_from if one.action == action)
    return found


def test_keys_lead_to_the_approval_of_this_command_line_and_no_other() -> None:
    browser = cast.signed_in("alice")
    first, second = Program(), Program()
    tokens = [one.login(browser)["accessToken"] for one in (first, second)]
    Program().login("bob")
    allowed = list(AuditEvent.objects.filter(action=Action.CLI_ALLOWED).order_by("id")[:2])

    rows = [
        traced(keys_of(program, token))
        for program, token in zip((first, second), tokens, strict=True)
    ]

    assert [of(row, Action.CLI_ALLOWED) for row in rows] == allowed
    assert [one.action for one in rows[0].came_from] == [
        Action.CLI_ALLOWED,
        Action.SIGNIN_COMPLETED,
    ]
    page = cast.signed_in("carol").post("/audit/trace", {"pasted": rows[0].event.access_key_id})
    text = page.content.decode()
    assert "Command-line access allowed" in text
    assert allowed[0].request_id in text
    assert allowed[1].request_id not in text


def test_keys_after_a_code_that_was_typed_say_where_it_was_asked_for(program: Program) -> None:
    asked = program.begin()
    browser = cast.signed_in("alice")
    browser.post("/device", {"user_code": asked["userCode"], "answer": "allow"})
    token = json.loads(program.poll(asked["deviceCode"]).content)["accessToken"]

    allowed = of(traced(keys_of(program, token)), Action.CLI_ALLOWED)

    assert allowed.detail["requested_from"] == "192.0.2.10"


def test_keys_of_a_machine_lead_to_who_made_its_token() -> None:
    subject = use(create("carol", machine="deployer").secret)
    audit.record(
        action=Action.KEYS_ISSUED,
        now=cast.NOON,
        origin=cast.ORIGIN,
        subject=subject,
        access_key_id="ASIAIOSFODNN7EXAMPLE",
        detail={"token": str(subject.token_id)},
    )

    made = of(traced("ASIAIOSFODNN7EXAMPLE"), Action.TOKEN_CREATED)

    assert made.actor == "carol@northwind.example"
