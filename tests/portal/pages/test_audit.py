"""The audit trail's pages: one's own for everybody, all of it for auditors alone; filtered, and to take away."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from typing import cast as typed

import pytest
from django.test import Client

from accounts import audit
from accounts.models import AuditEvent
from accounts.models.audit import Action
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def recorded() -> None:
    """A refusal of alice and keys of bob."""
    cast.account("payments-dev", "123456789012")
    audit.record(
        action=Action.KEYS_DENIED,
        now=cast.NOON,
        origin=cast.ORIGIN,
        subject=cast.subject("alice"),
        account_id="999999999999",
        error_code="access.denied",
        reason="no mapping",
    )
    audit.record(
        action=Action.KEYS_ISSUED,
        now=cast.NOON,
        origin=cast.ORIGIN,
        subject=cast.subject("bob"),
        account_id="123456789012",
        access_key_id="ASIABOB",
    )


@pytest.fixture
def carol() -> Client:
    return cast.signed_in("carol")


def found(client: Client, path: str, **query: str) -> list[str]:
    """Return who and what the page lists, of the rows above."""
    events: Iterable[AuditEvent] = [row.event for row in client.get(path, query).context["rows"]]
    return [f"{event.sub} {event.action}" for event in events if event.at == cast.NOON]


BOTH = ["sub-bob access.keys.issued", "sub-alice access.keys.denied"]


def taken(client: Client, path: str, **query: str) -> str:
    answer: Any = client.get(path, query)
    assert answer.streaming
    return b"".join(typed(Iterable[bytes], answer.streaming_content)).decode()


@pytest.mark.parametrize("query", [{}, {"format": "csv"}, {"format": "jsonl"}])
def test_everybodys_rows_are_for_auditors_and_admins_alone(
    carol: Client, query: dict[str, str]
) -> None:
    refused = cast.signed_in("alice").get("/audit", query)

    assert refused.status_code == 403
    assert "Only portal admins and auditors can read the audit trail." in refused.content.decode()
    assert AuditEvent.objects.filter(action=Action.PAGE_DENIED, sub="sub-alice").count() == 1
    assert not AuditEvent.objects.filter(action=Action.AUDIT_EXPORTED).exists()
    assert carol.get("/audit", query).status_code == 200


def test_strangers_are_sent_to_sign_in() -> None:
    for path in ("/audit", "/activity"):
        assert Client().get(path, {"format": "csv"}).status_code in (302, 401)


@pytest.mark.parametrize("name", ["person", "sub", "issuer"])
def test_nobody_reads_others_rows_through_the_filters_of_their_own(name: str) -> None:
    alice = cast.signed_in("alice")

    assert "sub-bob access.keys.issued" not in found(alice, "/activity", **{name: "bob"})
    assert "sub-bob" not in taken(alice, "/activity", format="jsonl", **{name: "sub-bob"})


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({}, BOTH),
        ({"person": "bob@northwind"}, BOTH[:1]),
        ({"account": "payments"}, BOTH[:1]),
        ({"outcome": "denied"}, BOTH[1:]),
        ({"action": "access.keys.issued"}, BOTH[:1]),
        ({"key": "ASIABOB"}, BOTH[:1]),
        ({"request": "request-1", "role": ""}, BOTH),
        ({"since": "2026-11-22", "until": "2026-11-22"}, BOTH),
        ({"until": "2026-11-21"}, []),
    ],
)
def test_rows_are_filtered(carol: Client, query: dict[str, str], rows: list[str]) -> None:
    assert found(carol, "/audit", **query) == rows


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"until": "9999-12-31"},
        {"action": "x"},
        {"outcome": "perhaps"},
        {"format": "xml"},
    ],
)
def test_what_cannot_be_is_said_and_shows_no_rows(carol: Client, query: dict[str, str]) -> None:
    answer = carol.get("/audit", {**query, "person": "bob"})

    assert answer.status_code == 400
    assert list(answer.context["rows"]) == []
    assert 'value="bob"' in answer.content.decode()


def test_rows_of_a_search_are_taken_away(carol: Client) -> None:
    [line] = taken(carol, "/audit", format="jsonl", person="bob").splitlines()
    table = taken(carol, "/audit", format="csv", person="bob")

    assert json.loads(line)["access_key_id"] == "ASIABOB"
    assert table.splitlines()[0].startswith("id,at,action,")
    assert "ASIABOB" in table
    assert "sub-alice" not in table
    answer = carol.get("/audit", {"format": "csv"})
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-')
    assert "no-store" in answer["Cache-Control"]
