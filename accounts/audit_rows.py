"""A row of the audit trail as one line of JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from accounts.models import AuditEvent

COLUMNS = tuple(field.attname for field in AuditEvent._meta.concrete_fields)
"""The columns of the table, in its order."""
# A spreadsheet takes a cell that begins with one of these for a formula (OWASP, "CSV Injection").
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def json_line(row: Mapping[str, Any]) -> str:
    """Return a row as one line of JSON, with its line feed. Moments are in UTC (RFC 3339)."""
    return json.dumps(row, default=moment, ensure_ascii=False, separators=(",", ":")) + "\n"


def csv_lines(rows: Iterable[Iterable[Any]]) -> str:
    """Return lines of CSV (RFC 4180). A text that a spreadsheet would run as a formula begins with an apostrophe."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""
    text = str(value)
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) else text


def moment(value: datetime) -> str:
    """Return a moment in UTC (RFC 3339), as whole as it is stored."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
