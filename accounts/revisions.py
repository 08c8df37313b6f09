"""Tell whether anything entitlements are decided from has changed: one row, one short query.

What people are *shown* may be kept while the mark stays the same; what is *issued* is decided anew
each time and never looks here. Triggers renew the mark in the transaction of the change, so no way
of writing can forget to: forms, bulk writes, a file that is applied, SQL typed by hand. The mark is
random and not a count: a database put back from a copy never repeats one that meant something else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from accounts.models import (
    Account,
    AccountRole,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
    Revision,
    TrustedIssuer,
)
from accounts.prepared import Prepared

# Every table that accounts.entitlements reads.
WATCHED: tuple[type[Model], ...] = (
    Account,
    AccountRole,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
    TrustedIssuer,
)
_ONE_ROW = 1
_MARK = Prepared(lambda row: Revision.objects.filter(pk=row).values_list("mark"), Revision._meta.pk)
_RENEW = """
INSERT INTO {revision} (id, mark) VALUES ({one}, {random})
ON CONFLICT (id) DO UPDATE SET mark = excluded.mark
"""
_RANDOM = {
    "sqlite": "lower(hex(randomblob(16)))",
    "postgresql": "replace(gen_random_uuid()::text, '-', '')",
}


def current() -> str | None:
    """Return the mark of all that is stored now; None where there is none, so that nothing is kept.

    Read it before what it marks: data that is newer than its mark is merely read again.
    """
    rows = _MARK.rows(_ONE_ROW)
    return rows[0][0] if rows else None


def next_by_time(*, now: datetime) -> datetime | None:
    """Return when time alone next changes what is decided: the first mapping to expire after now."""
    ahead = Mapping.objects.filter(enabled=True, expires_at__gt=now)
    return ahead.order_by("expires_at").values_list("expires_at", flat=True).first()


def watch(*, using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Make the triggers, after each `migrate`: SQLite drops them when a migration makes a table anew."""
    connection = connections[using]
    existing = set(connection.introspection.table_names())
    if Revision._meta.db_table not in existing:
        return
    with connection.cursor() as cursor:
        for statement in _statements(connection, existing):
            cursor.execute(statement)


def _statements(connection: BaseDatabaseWrapper, existing: set[str]) -> list[str]:
    renew = _RENEW.format(
        revision=Revision._meta.db_table, one=_ONE_ROW, random=_RANDOM[connection.vendor]
    )
    tables = [model._meta.db_table for model in WATCHED if model._meta.db_table in existing]
    if connection.vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {table}_{event}_renews_revision "
            f"AFTER {event} ON {table} BEGIN {renew}; END"
            for table in tables
            for event in ("insert", "update", "delete")
        ]
    function = (
        "CREATE OR REPLACE FUNCTION accounts_revision_renew() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN {renew}; RETURN NULL; END $$"
    )
    return [function] + [
        f"CREATE OR REPLACE TRIGGER {table}_renews_revision "
        f"AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION accounts_revision_renew()"
        for table in tables
    ]
