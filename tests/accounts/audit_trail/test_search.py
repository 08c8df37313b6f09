"""Searching the audit trail: everything that was asked has to match, and people are found by what others call them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts import audit
from accounts.audit import AuditSearch
from accounts.models.audit import Action
from accounts.types import Origin, Surface
from tests import cast
from tests.cast import NOON, ORIGIN

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
EVERYTHING = {"keys", "denied", "bob"}


@pytest.fixture(autouse=True)
def rows() -> None:
    """Three rows, told apart by their reason."""
    cast.account("payments-dev", "123456789012")
    dev: dict[str, Any] = {"account_id": "123456789012", "role_name": "Developer"}
    alice: dict[str, Any] = {"now": NOON, "subject": cast.subject("alice"), "origin": ORIGIN}
    audit.record(
        action=Action.KEYS_ISSUED,
        reason="keys",
        access_key_id="ASIAONE",
        session_name="alice-1",
        aws_request_id="aws-1",
        **dev,
        **alice,
    )
    audit.record(action=Action.KEYS_DENIED, reason="denied", account_id="999999999999", **alice)
    audit.record(
        action=Action.CONSOLE_FAILED,
        reason="bob",
        now=NOON + HOUR,
        subject=cast.subject("bob"),
        origin=Origin(
            surface=Surface.API, ip="192.0.2.8", user_agent="curl", request_id="request-2"
        ),
        **dev,
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AuditSearch(), EVERYTHING),
        (AuditSearch(person="nobody"), set()),
        (AuditSearch(person="ALICE@northwind"), {"keys", "denied"}),
        (AuditSearch(person="sub-bob"), {"bob"}),
        (AuditSearch(issuer=cast.ISSUER, sub="sub-bob"), {"bob"}),
        (AuditSearch(issuer="https://elsewhere.example", sub="sub-bob"), set()),
        (AuditSearch(account="Payments"), {"keys", "bob"}),
        (AuditSearch(account="1234-5678-9012"), {"keys", "bob"}),
        (AuditSearch(account="999999999999"), {"denied"}),
        (AuditSearch(account="nothing"), set()),
        (AuditSearch(account_id="123456789012", role_name="Developer"), {"keys", "bob"}),
        (AuditSearch(role_name="Devel"), set()),
        (AuditSearch(action="access.keys.denied"), {"denied"}),
        (AuditSearch(action="access.keys"), {"keys", "denied"}),
        (AuditSearch(action="access."), EVERYTHING),
        (AuditSearch(action="access.key"), set()),
        (AuditSearch(outcome="success"), {"keys"}),
        (AuditSearch(outcome="denied"), {"denied"}),
        (AuditSearch(outcome="failed"), {"bob"}),
        (AuditSearch(outcome="perhaps"), set()),
        (AuditSearch(since=NOON + HOUR), {"bob"}),
        (AuditSearch(until=NOON + HOUR), {"keys", "denied"}),
        (AuditSearch(access_key_id="ASIAONE"), {"keys"}),
        (AuditSearch(session_name="alice-1"), {"keys"}),
        (AuditSearch(request_id="request-2"), {"bob"}),
        (AuditSearch(request_id="aws-1"), {"keys"}),
        (AuditSearch(aws_request_id="request-2"), set()),
        (AuditSearch(surface="api"), {"bob"}),
        (AuditSearch(actor_kind="workload"), set()),
        (AuditSearch(person="alice", outcome="failed"), set()),
    ],
)
def test_rows_match_all_that_is_asked(wanted: AuditSearch, found: set[str]) -> None:
    assert {event.reason for event in audit.search(wanted)} == found


def test_person_is_found_by_the_name_of_today() -> None:
    cast.sign_in(
        cast.subject("alice").__class__(issuer=cast.ISSUER, sub="sub-alice", name="Alice Jones")
    )

    found = audit.search(AuditSearch(person="jones"))

    assert {"keys", "denied"} <= {event.reason for event in found}
    assert {event.sub for event in found} == {"sub-alice"}


def test_rows_come_newest_first_and_go_on_after_any_of_them() -> None:
    first, second, third = audit.search(AuditSearch())

    rest = audit.older_than(audit.search(AuditSearch()), at=second.at, number=second.pk)

    assert [first.reason, second.reason, third.reason] == ["bob", "denied", "keys"]
    assert first.account_name == "payments-dev"  # type: ignore[attr-defined]
    assert list(rest) == [third]
