"""Taking the audit trail away: every row once, in memory that does not grow, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from accounts import audit
from accounts.audit import AuditSearch
from accounts.audit_trail import streams
from accounts.audit_trail.streams import StreamFormat, export, stream
from accounts.models import AuditEvent
from accounts.models.audit import Action
from tests.cast import NOON, ORIGIN, account, subject

pytestmark = pytest.mark.django_db

# Rows are copied by the database: 40 or 20,000 of them as fast as one.
COPY = """
INSERT INTO accounts_auditevent ({columns})
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)
SELECT {columns} FROM accounts_auditevent, numbers WHERE id = %s
"""


def record(**facts: Any) -> int:
    return audit.record(
        action=Action.KEYS_DENIED, now=NOON, origin=ORIGIN, subject=subject("alice"), **facts
    )


def copy(number: int, *, times: int) -> None:
    columns = ", ".join(
        connection.ops.quote_name(str(field.column))
        for field in AuditEvent._meta.concrete_fields
        if field.name != "id"
    )
    with connection.cursor() as cursor:
        cursor.execute(COPY.format(columns=columns), [times, number])


def test_every_row_is_there_once_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_PART", 7)
    account("payments-dev", "123456789012")
    copy(record(account_id="123456789012"), times=40)

    rows = [
        json.loads(line)
        for line in "".join(stream(everything(), StreamFormat.JSON_LINES)).splitlines()
    ]

    numbers = [row["id"] for row in rows]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == len(numbers) == AuditEvent.objects.count() == 41
    assert rows[0]["at"] == "2026-11-22T12:00:00Z"
    assert (rows[0]["sub"], rows[0]["account_name"]) == ("sub-alice", "payments-dev")
    assert rows[0]["action"] == "access.keys.denied"


def everything() -> QuerySet[AuditEvent]:
    return audit.search(AuditSearch())


def test_csv_has_the_same_rows_under_their_names() -> None:
    record(reason='with "quotes", commas\nand lines', detail={"asked": ["ä"]}, duration=900)

    [row] = csv.DictReader(io.StringIO("".join(stream(everything(), StreamFormat.CSV)), newline=""))

    assert row["reason"] == 'with "quotes", commas\nand lines'
    assert (row["duration"], row["detail"]) == ("900", '{"asked": ["ä"]}')
    assert row["at"] == "2026-11-22T12:00:00Z"


@pytest.mark.parametrize("hostile", ['=HYPERLINK("//x")', "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])
def test_csv_holds_nothing_that_a_spreadsheet_would_run(hostile: str) -> None:
    record(role_name=hostile)

    [row] = csv.DictReader(io.StringIO("".join(stream(everything(), StreamFormat.CSV)), newline=""))

    assert row["role_name"] == f"'{hostile}"


def test_memory_does_not_grow_with_the_rows() -> None:
    copy(record(reason="why " * 100), times=20_000)

    def peak(rows: int) -> int:
        newest = everything()[:1].get().pk
        wanted = everything().filter(pk__gt=newest - rows)
        tracemalloc.start()
        try:
            assert sum(part.count("\n") for part in stream(wanted, StreamFormat.JSON_LINES)) == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(3_000), peak(20_000)

    assert many < few * 1.25 < 20_000 * 400


def test_who_takes_rows_away_is_recorded_before_the_first_of_them() -> None:
    record()

    lines = export(
        AuditSearch(person="alice", since=NOON - timedelta(days=1)),
        StreamFormat.CSV,
        subject=subject("carol"),
        origin=ORIGIN,
        now=NOON + timedelta(hours=1),
    )

    row = AuditEvent.objects.get(action=Action.AUDIT_EXPORTED)
    assert row.sub == "sub-carol"
    assert row.detail["search"] == {"person": "alice", "since": "2026-11-21 12:00:00+00:00"}
    assert "".join(lines).count("sub-alice") == 1
