"""All rows of a search as JSON Lines or CSV, read in parts, so that memory does not grow with the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from django.db.models import QuerySet

from accounts import audit, pool
from accounts.audit import AuditSearch
from accounts.audit_rows import COLUMNS, csv_lines, json_line
from accounts.models import AuditEvent
from accounts.models.audit import Action
from accounts.types import Origin, Subject

_PART = 1000
"""Rows of one query."""
_SHOWN = (*COLUMNS, "account_name")


class StreamFormat(Enum):
    """How rows are written."""

    CSV = "csv"
    JSON_LINES = "jsonl"

    @property
    def media_type(self) -> str:
        """The value of Content-Type."""
        return "text/csv; charset=utf-8" if self is StreamFormat.CSV else "application/jsonl"


def export(
    wanted: AuditSearch,
    form: StreamFormat,
    *,
    subject: Subject,
    origin: Origin,
    now: datetime,
    within: QuerySet[AuditEvent] | None = None,
) -> Iterator[str]:
    """Record that somebody takes these rows away, and return them in parts, newest first.

    With `within`, only of these rows. Rows that are added meanwhile are not among them.

    Raises:
        django.db.Error: it could not be recorded; then nothing is given out.
    """
    asked = {name: value for name in _ASKED if (value := getattr(wanted, name))}
    audit.record(
        action=Action.AUDIT_EXPORTED,
        now=now,
        origin=origin,
        subject=subject,
        detail={
            "format": form.value,
            "rows": "everybody's" if within is None else "their own",
            "search": {name: str(value) for name, value in asked.items()},
        },
    )
    return stream(audit.search(wanted, within=within).filter(at__lte=now), form)


def stream(rows: QuerySet[AuditEvent], form: StreamFormat) -> Iterator[str]:
    """Yield a search's rows as text, a part at a time. Between parts no database connection is held."""
    if form is StreamFormat.CSV:
        yield csv_lines([_SHOWN])
    write = _WRITERS[form]
    for part in _parts(rows):
        pool.give_back()
        yield write(part)


def _parts(rows: QuerySet[AuditEvent]) -> Iterator[Sequence[Mapping[str, Any]]]:
    rest = rows
    while part := list(rest.values(*_SHOWN)[:_PART]):
        yield part
        if len(part) < _PART:
            return
        rest = audit.older_than(rows, at=part[-1]["at"], number=part[-1]["id"])


def _as_csv(part: Sequence[Mapping[str, Any]]) -> str:
    return csv_lines([row[name] for name in _SHOWN] for row in part)


def _as_json(part: Sequence[Mapping[str, Any]]) -> str:
    return "".join(map(json_line, part))


_WRITERS: Mapping[StreamFormat, Callable[[Sequence[Mapping[str, Any]]], str]] = {
    StreamFormat.CSV: _as_csv,
    StreamFormat.JSON_LINES: _as_json,
}
_ASKED = tuple(AuditSearch.__dataclass_fields__)
