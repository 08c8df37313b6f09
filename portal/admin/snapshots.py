"""The state of a row as the audit trail keeps it: as people read it, ready for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models

from accounts.models import MappingTarget

Facts = dict[str, Any]


def snapshot(obj: models.Model, parts: Iterable[str] = ()) -> Facts:
    """Return the state of a row and of the rows edited with it, as people read it, ready for JSON."""
    facts = _facts(obj)
    for part in parts:
        related = getattr(obj, part)
        columns = related.model._meta.concrete_fields
        rows = related.select_related(
            *(column.name for column in columns if column.is_relation)
        ).order_by("pk")
        facts[part] = [
            {
                name: value
                for name, value in _facts(row, without=related.field.name).items()
                if value not in (None, "")
            }
            for row in rows
        ]
    return facts


def _facts(obj: models.Model, without: str = "") -> Facts:
    return {
        column.name: _plain(getattr(obj, column.name))
        for column in obj._meta.concrete_fields
        if not column.primary_key and column.name != without
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, models.Model) else value


def label(obj: models.Model) -> str:
    """Return what a row is and how people call it."""
    name = f"{obj.mapping}: {obj}" if isinstance(obj, MappingTarget) else str(obj)
    return f"{obj._meta.verbose_name} {name}"
