"""The chain: nothing is left out of it, and whatever is done to a row afterwards is found and named."""

from __future__ import annotations

import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from accounts import audit
from accounts.audit_trail import batches
from accounts.audit_trail.verification import verify
from accounts.models import AuditBatch, AuditEvent
from accounts.models.audit import Action, AppendOnly
from tests.cast import NOON, ORIGIN, subject

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=1)
TRIGGERS = "accounts_auditevent", "accounts_auditbatch"


def record(reason: str = "", **facts: Any) -> int:
    return audit.record(
        action=Action.KEYS_DENIED,
        now=NOON,
        origin=ORIGIN,
        subject=subject("alice"),
        reason=reason,
        detail={"float": 1.0, "list": ["ä", None, {"b": 1, "a": 2}]},
        **facts,
    )


def as_owner(*statements: str) -> None:
    """Do what only who owns the table can: take the triggers away first."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in TRIGGERS:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
        if connection.vendor == "postgresql":
            for table in TRIGGERS:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seven rows in batches of three, three and one."""
    monkeypatch.setattr(batches, "LARGEST", 3)
    numbers = [record(f"row {number}", duration=0 if number else None) for number in range(7)]
    assert batches.seal(now=LATER) == 3
    return numbers


def test_all_rows_are_sealed_once_in_their_order(sealed: list[int]) -> None:
    assert batches.seal(now=LATER) == 0
    entries = [
        number
        for batch in AuditBatch.objects.order_by("number")
        for number, _ in batches.unpack(bytes(batch.entries))
    ]
    found = verify()

    assert entries == sealed
    assert (found.broken, found.batches, found.rows, found.unsealed) == ("", 3, 7, 0)


def test_new_rows_wait_and_follow(sealed: list[int]) -> None:
    new = record()
    assert verify().unsealed == 1

    batches.seal(now=LATER)

    last = AuditBatch.objects.get(number=4)
    assert (last.first_id, last.rows) == (new, 1)
    assert last.previous_hash == AuditBatch.objects.get(number=3).hash
    assert verify().broken == ""


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE accounts_auditevent SET reason = 'x' WHERE id >= {3}", "row {3} was changed"),
        ("UPDATE accounts_auditevent SET sub = 'bob' WHERE id = {6}", "row {6} was changed"),
        ("UPDATE accounts_auditevent SET duration = NULL WHERE id = {2}", "row {2} was changed"),
        ("DELETE FROM accounts_auditevent WHERE id = {4}", "row {4} is missing"),
        ("DELETE FROM accounts_auditbatch WHERE number = 2", "batch 2 is missing"),
        ("UPDATE accounts_auditbatch SET hash = previous_hash WHERE number = 1", "batch 1 (rows"),
        (
            "UPDATE accounts_auditbatch SET entries = (SELECT entries FROM accounts_auditbatch WHERE number = 1) WHERE number = 2",
            "batch 2 (rows",
        ),
    ],
)
def test_first_broken_row_is_named(sealed: list[int], statement: str, broken: str) -> None:
    as_owner(statement.format(*sealed))

    assert verify().broken.startswith(broken.format(*sealed))
    with pytest.raises(CommandError, match="The audit trail is broken"):
        call_command("verify_audit")


def test_row_that_was_slipped_in_is_named(sealed: list[int]) -> None:
    gap = AuditEvent.objects.get(pk=sealed[1])
    as_owner(f"DELETE FROM accounts_auditevent WHERE id = {sealed[1]}")
    as_owner("DELETE FROM accounts_auditbatch")
    batches.seal(now=LATER)
    assert verify().broken == ""

    gap._state.adding = True
    gap.save()

    assert verify().broken.startswith(f"row {sealed[1]} was added after batch 1")


def test_chain_that_was_made_anew_is_found_by_a_kept_head(sealed: list[int]) -> None:
    head = verify().head
    as_owner(
        "DELETE FROM accounts_auditbatch",
        f"UPDATE accounts_auditevent SET reason = 'x' WHERE id = {sealed[0]}",
    )
    batches.seal(now=LATER)
    assert verify().broken == ""

    with pytest.raises(CommandError, match="the chain was made anew"):
        call_command("verify_audit", "--expect", head)
    as_owner("DELETE FROM accounts_auditbatch WHERE number = 3")
    with pytest.raises(CommandError, match="batch 3 is missing"):
        call_command("verify_audit", "--expect", head)


def test_chain_that_was_made_anew_is_found_by_its_signature(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.AUDIT_CHAIN_KEY = "known to the portal alone"
    record()
    batches.seal(now=LATER)
    assert verify().broken == ""

    as_owner("DELETE FROM accounts_auditbatch", "UPDATE accounts_auditevent SET reason = 'x'")
    for forged in ("", "guessed"):
        settings.AUDIT_CHAIN_KEY = forged
        batches.seal(now=LATER)
        settings.AUDIT_CHAIN_KEY = "known to the portal alone"
        assert "signed" in verify().broken
        as_owner("DELETE FROM accounts_auditbatch")


def test_command_says_what_is_whole_and_the_head(sealed: list[int]) -> None:
    record()
    said = StringIO()

    call_command("verify_audit", stdout=said)

    assert "3 batches with 7 rows are whole." in said.getvalue()
    assert "1 rows wait to be sealed." in said.getvalue()
    assert f"Head: 3:{AuditBatch.objects.get(number=3).hash}" in said.getvalue()
    assert "Without AUDIT_CHAIN_KEY" in said.getvalue()


def test_command_refuses_what_is_no_head() -> None:
    with pytest.raises(CommandError, match="a head is NUMBER:HASH"):
        call_command("verify_audit", "--expect", "3")


def test_batches_refuse_to_be_changed(sealed: list[int]) -> None:
    batch = AuditBatch.objects.get(number=1)

    for act in (batch.save, batch.delete):
        with pytest.raises(AppendOnly), transaction.atomic():
            act()
    if connection.vendor == "postgresql":
        for statement in (
            "UPDATE accounts_auditbatch SET hash = ''",
            "DELETE FROM accounts_auditbatch",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_row_that_is_committed_late_is_not_left_out() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes one transaction after another")
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            record("late")
            written.set()
            go_on.wait(20)
        connection.close()

    other = threading.Thread(target=slow)
    other.start()
    assert written.wait(20)
    record("early")
    while_open = batches.seal(now=LATER)
    go_on.set()
    other.join()
    batches.seal(now=LATER)

    found = verify()
    assert while_open == 0
    assert (found.rows, found.unsealed, found.broken) == (2, 0, "")
