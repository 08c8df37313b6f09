"""A database that takes no rows is known before AWS is asked."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from accounts import writability
from portal.outages import NOT_WRITABLE, outage

pytestmark = pytest.mark.django_db  # Connections of its own are allowed with this alone.


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_found_writable", "_found_full"):
        monkeypatch.setattr(writability, name, float("-inf"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "portal.sqlite3"
    with closing(sqlite3.connect(found)) as connection:
        connection.execute("CREATE TABLE x (y)")
    return found


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    opened = []

    def to(name: str) -> Any:
        settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": name}
        options = {"uri": True, "timeout": 0.1}
        handler = ConnectionHandler({"default": {**settings, "OPTIONS": options}})
        opened.append(handler["default"])
        monkeypatch.setattr(writability, "connection", opened[-1])
        return opened[-1]

    yield to
    for each in opened:
        each.close()


def test_a_file_that_is_read_only(file: Path, connect: Any) -> None:
    connection = connect(f"file:{file}?mode=ro")

    assert writability.why_not_writable() == "read-only"
    with pytest.raises(OperationalError) as refused, connection.cursor() as cursor:
        cursor.execute("INSERT INTO x VALUES (1)")
    assert outage(refused.value) == NOT_WRITABLE


def test_a_disk_that_is_full(file: Path, connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connect(str(file))
    assert writability.why_not_writable() == ""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=4096))

    assert writability.why_not_writable() == "full"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 2")
        with pytest.raises(OperationalError) as refused:
            cursor.execute("INSERT INTO x VALUES (zeroblob(100000))")
    assert outage(refused.value) == NOT_WRITABLE


def test_a_write_that_found_the_disk_full_counts_for_a_while(
    file: Path, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(writability, "time", SimpleNamespace(monotonic=lambda: clock.now))
    connect(str(file))
    assert writability.why_not_writable(believed=1) == ""
    error = OperationalError("could not extend file")
    error.__cause__ = psycopg.errors.DiskFull()

    assert writability.refused_write(OperationalError("another")) == ""
    assert writability.why_not_writable(believed=1) == ""
    assert writability.refused_write(error) == "full"

    assert writability.why_not_writable(believed=1) == "full"
    clock.now += writability.REMEMBERED
    assert writability.why_not_writable(believed=1) == ""


def test_a_file_that_stays_locked(file: Path, connect: Any) -> None:
    connect(str(file))
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError):
            writability.why_not_writable()


def test_a_writable_file_is_believed_for_a_moment_and_a_read_only_one_is_not(
    file: Path, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(writability, "time", SimpleNamespace(monotonic=lambda: clock.now))
    connect(str(file))
    assert writability.why_not_writable(believed=1) == ""

    connect(f"file:{file}?mode=ro")

    assert writability.why_not_writable(believed=1) == ""
    assert writability.why_not_writable() == "read-only"
    assert writability.why_not_writable(believed=1) == "read-only"
    connect(str(file))
    assert writability.why_not_writable(believed=1) == ""
    connect(f"file:{file}?mode=ro")
    clock.now += 1
    assert writability.why_not_writable(believed=1) == "read-only"
