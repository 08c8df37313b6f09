"""Rows on stdout: one line of JSON for each that is committed, and none for what was undone."""

from __future__ import annotations

import json
import logging

import pytest
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts import audit
from accounts.models import AuditEvent
from accounts.models.audit import Action
from tests.cast import NOON, ORIGIN, subject

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written, collected."""
    written: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(record.getMessage())

    monkeypatch.setattr(logging.getLogger("gatehouse.audit"), "handlers", [Collect()])
    return written


def record(reason: str) -> None:
    audit.record(
        action=Action.KEYS_DENIED, now=NOON, origin=ORIGIN, subject=subject("alice"), reason=reason
    )


def test_nothing_is_written_unless_asked(
    lines: list[str], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        record("x")

    assert lines == []


def test_committed_rows_are_lines_of_json_and_what_was_undone_is_none(
    lines: list[str],
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.AUDIT_STDOUT = True
    with django_capture_on_commit_callbacks(execute=True):
        record("two\nlines, “quoted” %s")
        audit.record_all([(Action.ADMIN_ADDED, {"reason": "bulk"})], now=NOON, origin=ORIGIN)
        with transaction.atomic():
            record("undone")
            transaction.set_rollback(True)

    first, second = (json.loads(line) for line in lines)
    assert first["reason"] == "two\nlines, “quoted” %s"
    assert first["id"] == AuditEvent.objects.get(action=Action.KEYS_DENIED).pk
    assert (first["action"], first["at"]) == ("access.keys.denied", "2026-11-22T12:00:00Z")
    assert second["reason"] == "bulk"
    assert all("\n" not in line for line in lines)
