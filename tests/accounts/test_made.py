"""What is made of rows is made of those that are there now, and is what the ORM's rows would have been made into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts import made
from accounts.made import Made
from accounts.models import Account, AuditEvent
from accounts.prepared import Row
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "_made", {})


def counting(calls: list[int]) -> Made[Account, tuple[Row, ...]]:
    """Query accounts by their unit, and note of how many rows something is made."""

    def make(rows: Sequence[Row]) -> tuple[Row, ...]:
        calls.append(len(rows))
        return tuple(rows)

    return Made(
        lambda unit: (
            Account.objects.filter(organizational_unit=unit)
            .order_by("name")
            .values_list("name", "active")
        ),
        Account._meta.get_field("organizational_unit"),
        make=make,
    )


def test_row_that_is_gone_is_made_into_nothing_more() -> None:
    row = cast.account("a", "111111111111", organizational_unit="Unit")
    query = counting([])
    assert query.made("Unit") == (("a", True),)

    row.delete()

    assert query.made("Unit") == ()


def test_change_is_seen_by_the_next_query() -> None:
    row = cast.account("a", "111111111111", organizational_unit="Unit")
    query = counting([])
    query.made("Unit")

    Account.objects.filter(pk=row.pk).update(active=False)

    assert query.made("Unit") == (("a", False),)


def test_same_rows_are_made_into_something_once() -> None:
    cast.account("a", "111111111111", organizational_unit="Unit")
    calls: list[int] = []
    query = counting(calls)

    first = query.made("Unit")
    second = query.made("Unit")

    assert first is second
    assert calls == [1]


def test_same_rows_of_another_query_are_not_taken_for_them() -> None:
    cast.account("a", "111111111111", organizational_unit="Unit")
    counting([]).made("Unit")
    calls: list[int] = []

    counting(calls).made("Unit")

    assert calls == [1]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "MOST_REMEMBERED", 1)
    monkeypatch.setattr(made, "MOST_ROWS", 2)
    for number in range(3):
        cast.account(f"of three {number}", f"{number:012}", organizational_unit="three")
    cast.account("a", "111111111111", organizational_unit="one")
    cast.account("b", "222222222222", organizational_unit="another")
    calls: list[int] = []
    query = counting(calls)

    found = [len(query.made(unit)) for unit in ("three", "three", "one", "another", "another")]

    assert found == [3, 3, 1, 1, 1]
    assert calls == [3, 3, 1, 1]
    assert len(made._made) == 1


@pytest.mark.parametrize(
    "text",
    ["", "plain", "'", '"', "\\", '\\"', "[1, null]", "a\nb\t\x01\x7f", "Zoë 🚪 \u2028", "%s %%"],
)
def test_rows_are_those_that_the_orm_finds(text: str) -> None:
    columns = ("pk", "at", "action", "duration", "reason", "detail")
    row = AuditEvent.objects.create(
        at=cast.NOON + timedelta(microseconds=1),
        action="access:keys:issued",
        reason=text,
        detail={"text": text, "more": [1, 1.5, None, True, {}]},
    )
    AuditEvent.objects.create(at=cast.NOON, action="x", reason=text, duration=2**31 - 1, detail=[])
    query: Made[AuditEvent, Any] = Made(
        lambda reason: AuditEvent.objects.filter(reason=reason).values_list(*columns),
        AuditEvent._meta.get_field("reason"),
        make=list,
    )

    found = query.made(text)

    assert found == list(AuditEvent.objects.filter(reason=text).values_list(*columns))
    assert found == query.rows(text)
    assert found[0][0] == row.pk


def test_sqlite_hands_over_a_row_as_one_column() -> None:
    cast.account("a", "111111111111", organizational_unit="Unit")
    row = ('["a",1]',) if connection.vendor == "sqlite" else ("a", True)

    assert counting([])._fetched(("Unit",), connection) == [row]


def test_database_that_hands_over_columns_is_asked_for_columns() -> None:
    cast.account("a", "111111111111", organizational_unit="Unit")
    query = counting([])
    # As on PostgreSQL, whatever this is.
    vars(query)["_as_json"] = False

    assert query._fetched(("Unit",), connection) == [("a", True)]
    assert query.made("Unit") == (("a", True),)
