"""The engine for SQLite asks what Django's asks, and remembers no more than it should."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.backends.sqlite3.base import SQLiteCursorWrapper

from portal.sqlite3 import base

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has this engine"),
]


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_converted", {})


@pytest.mark.parametrize(
    ("query", "parameters", "row"),
    [
        ("SELECT %s, %s", [1, "two"], (1, "two")),
        ("SELECT '%%s' || %s", ["?"], ("%s?",)),
        ("SELECT '100 %%' LIKE %s", ["%%"], (1,)),
        ("SELECT %(one)s, %(two)s", {"one": 1, "two": "%s"}, (1, "%s")),
        ("SELECT '%s'", None, ("%s",)),
    ],
)
def test_query_means_the_same_the_first_and_the_second_time(
    query: str, parameters: Any, row: tuple[object, ...]
) -> None:
    with connection.cursor() as cursor:
        for _ in range(2):
            cursor.execute(query, parameters)
            assert cursor.fetchone() == row


def test_the_portal_runs_on_this_engine() -> None:
    assert connection.settings_dict["ENGINE"] == "portal.sqlite3"


def test_query_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    convert = SQLiteCursorWrapper.convert_query

    def counting(self: SQLiteCursorWrapper, query: str, *, param_names: None = None) -> str:
        looked.append(query)
        return str(convert(self, query, param_names=param_names))

    monkeypatch.setattr(SQLiteCursorWrapper, "convert_query", counting)
    with connection.cursor() as cursor:
        for number in range(3):
            cursor.execute("SELECT %s", [number])

    assert looked == ["SELECT %s"]


def test_no_more_is_remembered_than_a_bound_and_nothing_long() -> None:
    with connection.cursor() as cursor:
        for number in range(base.MOST + 10):
            cursor.execute(f"SELECT {number}, %s", [1])
        cursor.execute(f"SELECT '{'x' * base.LONGEST}', %s", [1])

    assert 0 < len(base._converted) <= base.MOST
    assert max(map(len, base._converted)) <= base.LONGEST
