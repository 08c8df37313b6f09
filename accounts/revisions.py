"""The revision of the directory: a random text that changes with everything that entitlements are decided from.

What people are *shown* may be remembered while the revision stays the same; what is *issued* is decided
anew each time. Triggers renew the revision in the transaction of the change, so no way of writing can
forget it: forms, bulk writes, a file that is applied, SQL typed by hand. It is random and not a count, so
that a restored backup never repeats a revision that meant something else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from accounts import sql
from accounts.models import (
    Account,
    AccountRole,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
    Revision,
    TrustCheck,
    TrustedIssuer,
)

# Every table that accounts.entitlements reads.
WATCHED: tuple[type[Model], ...] = (
    Account,
    AccountRole,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
    TrustCheck,
    TrustedIssuer,
)
_ONE_ROW = 1
_RENEW = """
INSERT INTO {revision} (id, mark) VALUES ({one}, {random})
ON CONFLICT (id) DO UPDATE SET mark = excluded.mark
"""
_RANDOM = {
    "sqlite": "lower(hex(randomblob(16)))",
    "postgresql": "replace(gen_random_uuid()::text, '-', '')",
}


def current() -> str | None:
    """Return the revision; None if there is none, and then nothing may be remembered.

    Read it before what it stands for: data newer than its revision is merely read again.
    """
    return sql.revision()


def next_by_time(*, now: datetime) -> datetime | None:
    """Return when time alone next changes a decision: when the next mapping expires."""
    ahead = Mapping.objects.filter(enabled=True, expires_at__gt=now)
    return ahead.order_by("expires_at").values_list("expires_at", flat=True).first()


def watch(*, using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Create the triggers after each `migrate`: SQLite drops them when a migration rebuilds a table."""
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
