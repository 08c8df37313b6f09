"""The API behind "Who was it?": the rows of a key or an event, and what CloudTrail says was done with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django import Settings

from accounts import audit
from accounts.models.audit import Action
from tests import cast
from tests.accounts.revocation.companies import DEV, enter
from tests.accounts.revocation.conftest import aws
from tests.accounts.test_key_uses import READER, trail, use
from tests.issuer import Issuer
from tests.portal.api.conftest import Program
from tests.portal.api.test_portal_tokens import make
from tests.strict_aws import StrictAws

__all__ = ["aws", "trail"]
KEY = "ASIAIOSFODNN7EXAMPLE"
TRACES = "/api/v1/audit/traces"


def post(program: Program, path: str, token: str, body: Any = None) -> tuple[int, Any]:
    answer = program.send("POST", path, token, json.dumps(body or {}))
    return answer.status_code, json.loads(answer.content)


@pytest.mark.django_db
def test_who_may_not_read_the_trail_learns_nothing(program: Program, issuer: Issuer) -> None:
    row = audit.record(
        action=Action.KEYS_ISSUED, now=cast.NOON, origin=cast.ORIGIN, access_key_id=KEY
    )
    for token in (
        issuer.token("alice", groups=["payments"]),
        make("carol"),
        make("carol", machine="reader", directory=True, testing=True, revoking=True),
    ):
        for path, body in ((TRACES, {"text": KEY}), (f"/api/v1/audit/{row}/uses", None)):
            status, said = post(program, path, token, body)
            assert (status, said["error"]["code"]) == (403, "access.not_allowed")


@pytest.mark.django_db
def test_a_key_leads_to_its_row_and_to_the_sign_in_behind_it(program: Program) -> None:
    sign_in = cast.sign_in("alice")
    row = audit.record(
        action=Action.KEYS_ISSUED,
        now=cast.NOON,
        origin=cast.ORIGIN,
        subject=cast.subject("alice"),
        access_key_id=KEY,
        detail={"sign_in": str(sign_in.pk)},
    )
    siem = make("carol", machine="siem", kinds=frozenset(), audit=True)

    status, said = post(program, TRACES, siem, {"text": f"seen at night: {KEY}"})

    assert (status, said["by_key"]) == (200, True)
    (found,) = said["items"]
    assert (found["row"]["id"], found["row"]["sub"]) == (row, "sub-alice")
    assert [one["action"] for one in found["came_from"]] == ["signin.person.completed"]
    status, said = post(program, TRACES, siem, {"text": "nothing"})
    assert (status, said["error"]["code"]) == (400, "request.invalid")


@pytest.mark.django_db
def test_cloudtrail_is_not_asked_unless_a_setting_says_how(program: Program) -> None:
    siem = make("carol", machine="siem", kinds=frozenset(), audit=True)

    status, said = post(program, "/api/v1/audit/1/uses", siem)

    assert (status, said["error"]["code"]) == (400, "cloudtrail.off")


@pytest.mark.wire
def test_an_auditing_machine_reads_what_was_done(
    trail: StrictAws,
    program: Program,
    settings: Settings,
) -> None:
    keys = enter("alice", DEV, "Developer")
    use(trail, keys)
    siem = make("carol", machine="siem", kinds=frozenset(), audit=True)

    status, said = post(program, f"/api/v1/audit/{keys.audit_id}/uses", siem)

    assert status == 200, said
    assert [event["name"] for one in said["items"] for event in one["events"]] == [
        "DescribeInstances"
    ]
    assert settings.CLOUDTRAIL_PERMISSION_SET == READER


@pytest.mark.wire
def test_the_page_asks_for_a_row_that_was_found(trail: StrictAws) -> None:
    keys = enter("alice", DEV, "Developer")
    use(trail, keys)
    key, row = keys.credentials.access_key_id, keys.audit_id
    carol = cast.signed_in("carol")

    page = carol.post("/audit/trace", {"pasted": key}).content.decode()
    assert "Ask CloudTrail what was done" in page
    assert "DescribeInstances" not in page
    page = carol.post("/audit/trace", {"pasted": key, "row": str(row)}).content.decode()
    assert "DescribeInstances" in page
    refused = carol.post("/audit/trace", {"pasted": key, "row": "no number"})
    assert refused.status_code == 400
    assert "gave out neither keys nor a console session" in refused.content.decode()
