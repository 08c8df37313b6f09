"""The state of a row as the audit trail keeps it: in words people read, ready for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models

from accounts.models import MappingTarget

Snapshot = dict[str, Any]


def snapshot(obj: models.Model, inline_relations: Iterable[str] = ()) -> Snapshot:
    """Return a row's columns by name, and under each relation's name the rows edited inline."""
    columns = _columns(obj)
    for relation in inline_relations:
        related = getattr(obj, relation)
        foreign_keys = (
            field.name for field in related.model._meta.concrete_fields if field.is_relation
        )
        columns[relation] = [
            {
                name: value
                for name, value in _columns(row, without=related.field.name).items()
                if value not in (None, "", [])
            }
            for row in related.select_related(*foreign_keys).order_by("pk")
        ]
    return columns


def _columns(obj: models.Model, without: str = "") -> Snapshot:
    return {
        field.name: _plain(getattr(obj, field.name))
        for field in obj._meta.concrete_fields
        if not field.primary_key and field.name != without
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, models.Model) else value


def label(obj: models.Model) -> str:
    """Return the kind of a row and its name: "account payments-prod"."""
    name = f"{obj.mapping}: {obj}" if isinstance(obj, MappingTarget) else str(obj)
    return f"{obj._meta.verbose_name} {name}"
