"""Who was it? Whatever CloudTrail writes of a session leads to the person and the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts import audit
from accounts.audit_trail.traces import read
from accounts.models.audit import Action
from tests import cast

pytestmark = pytest.mark.django_db

KEY = "ASIAIOSFODNN7EXAMPLE"
SESSION = "arn:aws:sts::210987654321:assumed-role/Developer/alice-1"


@pytest.fixture(autouse=True)
def issued() -> None:
    """Keys of alice."""
    audit.record(
        action=Action.KEYS_ISSUED,
        now=cast.NOON,
        origin=cast.ORIGIN,
        subject=cast.subject("alice"),
        account_id="210987654321",
        role_name="Developer",
        reason="Payments develops: groups = payments",
        access_key_id=KEY,
        session_name="alice-1",
        assumed_role_arn=SESSION,
        detail={"source_identity": "alice@northwind.example"},
    )


def identity(key: str) -> dict[str, Any]:
    return {
        "userIdentity": {
            "type": "AssumedRole",
            "arn": SESSION,
            "accessKeyId": key,
            "sessionContext": {"sourceIdentity": "alice@northwind.example"},
        }
    }


GIVEN = {
    "userIdentity": {"accessKeyId": "AKIAHUBHUBHUBHUB0000"},
    "responseElements": {"credentials": {"accessKeyId": KEY}},
}


@pytest.mark.parametrize(
    "pasted",
    [
        KEY,
        f"the key {KEY}, seen at night",
        json.dumps(identity(KEY)),
        json.dumps({"Records": [identity(KEY)]}),
        json.dumps([identity(KEY)]),
        json.dumps({"CloudTrailEvent": json.dumps(identity(KEY))}),
        json.dumps(GIVEN),
    ],
)
def test_key_leads_to_the_person_and_the_reason(pasted: str) -> None:
    page = cast.signed_in("carol").post("/audit/trace", {"pasted": pasted}).content.decode()

    assert "alice@northwind.example" in page
    assert "Payments develops: groups = payments" in page
    assert "No row has this key" not in page


def test_event_of_a_console_session_is_found_by_the_session() -> None:
    event = json.dumps(identity("ASIAOFTHECONSOLE0000"))

    page = cast.signed_in("carol").post("/audit/trace", {"pasted": event}).content.decode()

    assert "No row has this key" in page
    assert "Payments develops" in page


def test_keys_of_others_are_said_to_be_of_others() -> None:
    page = cast.signed_in("carol").post("/audit/trace", {"pasted": "AKIASOMEBODYELSE0000"})

    assert "This portal gave out no such keys." in page.content.decode()


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "hello",
        "{}",
        "[",
        "[" * 100_000,
        '{"userIdentity": 7}',
        '{"CloudTrailEvent": "{"}',
        "null",
    ],
)
def test_what_names_nothing_is_said(pasted: str) -> None:
    answer = cast.signed_in("carol").post("/audit/trace", {"pasted": pasted})

    assert answer.status_code == 400
    assert "This names no access key and no session." in answer.content.decode()


def test_others_are_refused() -> None:
    alice = cast.signed_in("alice")

    assert alice.get("/audit/trace").status_code == 403
    assert alice.post("/audit/trace", {"pasted": KEY}).status_code == 403
    assert cast.signed_in("carol").get("/audit/trace").status_code == 200


def test_source_identity_is_read() -> None:
    assert read(json.dumps(identity(KEY))).source_identity == "alice@northwind.example"
