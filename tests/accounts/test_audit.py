"""The audit trail: whatever is asked, a row is written, and none is ever changed."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts import audit
from accounts.audit import AuditSearch
from accounts.models import AuditEvent
from accounts.models.audit import Action, AppendOnly
from accounts.storable import storable
from accounts.types import Origin, Subject, Surface
from tests.cast import NOON, ORIGIN, subject
from tests.examples import examples


def record(**facts: Any) -> AuditEvent:
    """Record a refusal and read it back from the database."""
    number = audit.record(action=Action.KEYS_DENIED, now=NOON, origin=ORIGIN, **facts)
    return AuditEvent.objects.get(pk=number)


pytestmark = pytest.mark.django_db


def test_record_keeps_what_was_given() -> None:
    event = record(
        subject=subject("alice"),
        account_id="123456789012",
        role_name="ReadOnly",
        role_arn="arn:aws:iam::123456789012:role/ReadOnly",
        duration=3600,
        reason="Payments looks: groups = café 🚪",
        error_code="access.denied",
        detail={"asked": ["a", {"b": None}]},
    )

    assert (event.at, event.action) == (NOON, Action.KEYS_DENIED)
    assert (event.issuer, event.sub) == ("https://id.northwind.example", "sub-alice")
    assert event.actor == "alice@northwind.example"
    assert (event.surface, event.ip) == ("pages", "192.0.2.7")
    assert (event.user_agent, event.request_id) == ("pytest", "request-1")
    assert (event.account_id, event.role_name) == ("123456789012", "ReadOnly")
    assert event.role_arn == "arn:aws:iam::123456789012:role/ReadOnly"
    assert (event.duration, event.error_code) == (3600, "access.denied")
    assert event.reason == "Payments looks: groups = café 🚪"
    assert event.detail == {"asked": ["a", {"b": None}]}


def test_record_writes_the_row_that_save_would() -> None:
    recorded = record(subject=subject("alice"), duration=900, detail={"a": ["ä", 1.5, None]})
    row = {field.attname: getattr(recorded, field.attname) for field in AuditEvent._meta.fields}
    twin = AuditEvent(**{**row, "id": None})

    twin.save()

    saved = AuditEvent.objects.get(pk=twin.pk)
    for name, value in row.items():
        assert name == "id" or getattr(saved, name) == value, name


def test_row_that_cannot_be_written_undoes_the_transaction_it_is_in() -> None:
    with transaction.atomic():
        inside = record()
        with pytest.raises(IntegrityError):
            record(reason=None)
        assert connection.needs_rollback
        connection.set_rollback(True)

    assert not AuditEvent.objects.filter(pk=inside.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_row_that_cannot_be_written_is_an_error_outside_of_a_transaction_too() -> None:
    with pytest.raises(IntegrityError):
        record(reason=None)

    assert not AuditEvent.objects.exists()


def test_record_needs_no_subject() -> None:
    event = record()

    assert (event.issuer, event.sub, event.actor, event.duration) == ("", "", "", None)


def test_record_takes_no_column_there_is_not() -> None:
    with pytest.raises(TypeError):
        record(password="x")


def test_record_cuts_a_text_to_its_column() -> None:
    event = record(role_name="r" * 5000, reason="why " * 5000)

    assert event.role_name == "r" * 255
    assert event.reason == "why " * 5000


def test_record_shows_where_a_nul_was() -> None:
    event = record(account_id="1\x002", reason="\x00", detail={"\x00": ["\x00", "\ud800"]})

    assert (event.account_id, event.reason) == ("1\ufffd2", "\ufffd")
    assert event.detail == {"\ufffd": ["\ufffd", "\ufffd"]}


@pytest.mark.parametrize(
    ("asked", "kept"),
    [(10**30, 2**31 - 1), (-(10**30), 0), (-1, 0), (0, 0), (999_999, 999_999)],
)
def test_record_brings_a_duration_within_bounds(asked: int, kept: int) -> None:
    assert record(duration=asked).duration == kept


def test_record_survives_a_hostile_browser() -> None:
    origin = Origin(
        surface=Surface.PAGES,
        ip="x" * 500,
        user_agent="\x00" * 5000,
        request_id="\ud800" * 500,
    )

    audit.record(
        action=Action.SIGNIN_FAILED,
        now=NOON,
        origin=origin,
        subject=Subject(issuer="i" * 999, sub="\x00", name="n" * 999, email=""),
    )

    event = AuditEvent.objects.get()
    assert event.request_id == "\ufffd" * 64
    assert event.actor == "n" * 255


def test_record_all_fits_each_row_as_record_does() -> None:
    audit.record_all(
        [
            (Action.ADMIN_ADDED, {"reason": "a\x00", "detail": {"after": ["\x00"]}}),
            (Action.ADMIN_DELETED, {"reason": "b", "duration": 10**30}),
        ],
        now=NOON,
        origin=ORIGIN,
    )

    rows = AuditEvent.objects.order_by("reason")
    assert [(row.action, row.reason, row.duration) for row in rows] == [
        (Action.ADMIN_ADDED, "a\ufffd", None),
        (Action.ADMIN_DELETED, "b", 2**31 - 1),
    ]
    assert rows[0].detail == {"after": ["\ufffd"]}
    assert {row.request_id for row in rows} == {"request-1"}


def test_record_holds_none_of_the_claims() -> None:
    event = record(subject=subject("alice", secret="planted-secret"))

    assert "planted-secret" not in repr(vars(event))


def test_search_finds_one_persons_rows_newest_first() -> None:
    for hours, who in enumerate(["alice", "mallory", "alice"]):
        audit.record(
            action=Action.KEYS_DENIED,
            now=NOON + timedelta(hours=hours),
            origin=ORIGIN,
            subject=subject(who),
        )

    alice = AuditSearch(issuer="https://id.northwind.example", sub="sub-alice")
    elsewhere = AuditSearch(issuer="https://elsewhere.example", sub="sub-alice")

    assert [event.at for event in audit.search(alice)] == [NOON + timedelta(hours=2), NOON]
    assert not audit.search(elsewhere).exists()


def test_str_says_when_what_and_who() -> None:
    assert str(record(subject=subject("alice"))) == (
        "22 November 2026, 12:00:00 UTC: Keys denied, alice@northwind.example"
    )


# Append-only


def test_a_row_refuses_to_be_saved_again() -> None:
    event = record()
    event.reason = "something else"

    with pytest.raises(AppendOnly):
        event.save()


def test_a_row_refuses_to_be_deleted() -> None:
    with pytest.raises(AppendOnly):
        record().delete()


def test_a_row_cannot_be_written_over_by_one_with_its_id() -> None:
    event = record(reason="as it was")

    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEvent(id=event.id, at=NOON, action=Action.KEYS_ISSUED).save()

    assert AuditEvent.objects.get().reason == "as it was"


def test_rows_refuse_bulk_changes() -> None:
    event = record(reason="as it was")
    rows = AuditEvent.objects.filter(pk=event.pk)

    with pytest.raises(AppendOnly), transaction.atomic():
        rows.update(reason="x")
    with pytest.raises(AppendOnly), transaction.atomic():
        rows.delete()
    with pytest.raises(AppendOnly), transaction.atomic():
        AuditEvent.objects.bulk_update([event], ["reason"])
    with pytest.raises(AppendOnly), transaction.atomic():
        AuditEvent.objects.update_or_create(pk=event.pk, defaults={"reason": "x"})
    with pytest.raises(AppendOnly), transaction.atomic():
        AuditEvent.objects.bulk_create(
            [AuditEvent(id=event.id, at=NOON, action=Action.KEYS_ISSUED)],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["action"],
        )

    assert AuditEvent.objects.get().reason == "as it was"
    assert AuditEvent.objects.get().action == Action.KEYS_DENIED


def test_rows_can_be_appended_in_bulk() -> None:
    AuditEvent.objects.bulk_create([AuditEvent(at=NOON, action=Action.KEYS_ISSUED)])

    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditevent SET reason = 'x'",
        "DELETE FROM accounts_auditevent",
        "TRUNCATE accounts_auditevent",
        "TRUNCATE accounts_auditevent RESTART IDENTITY CASCADE",
    ],
)
def test_the_database_itself_refuses_to_change_rows(statement: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has the trigger")
    record(reason="as it was")

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert AuditEvent.objects.get().reason == "as it was"


@pytest.mark.django_db(transaction=True)
def test_the_refusal_stands_again_after_tables_were_emptied_between_tests() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has the trigger")
    record()
    call_command("flush", interactive=False, verbosity=0)
    record()

    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_auditevent")

    assert AuditEvent.objects.count() == 1


def test_vocabulary_is_subject_object_action() -> None:
    for action in Action:
        assert re.fullmatch(r"[a-z]+\.[a-z]+\.[a-z_]+", action.value), action


def test_documentation_lists_each_action_with_its_outcome() -> None:
    page = Path("docs/audit.md").read_text()
    listed = re.findall(r"^\| `([a-z_.]+)` \| .* \| (\w+) \|$", page, re.MULTILINE)

    assert dict(listed) == {action.value: action.outcome.value for action in Action}
    assert len(listed) == len(Action)


class AnyFacts(TestCase):
    """Hypothesis with a transaction an example."""

    @bounds(max_examples=examples(30))
    @given(
        text=st.text(alphabet=st.characters(exclude_categories=())),
        duration=st.none() | st.integers(),
        detail=st.dictionaries(st.text(), st.floats() | st.integers() | st.text()),
    )
    def test_record_writes_a_row_whatever_it_is_given(
        self, text: str, duration: int | None, detail: dict[str, Any]
    ) -> None:
        event = record(
            subject=Subject(issuer=text, sub=text, name=text, email=text),
            account_id=text,
            role_name=text,
            reason=text,
            duration=duration,
            detail=detail,
        )

        assert event.account_id == storable(text)[:64]
        assert event.reason == storable(text)
