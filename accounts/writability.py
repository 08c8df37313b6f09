"""Whether the database takes rows right now: asked before AWS is, since keys that cannot be recorded are not released."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from django.db import Error, OperationalError, connection

SPARE = 1024 * 1024
"""Bytes that must be free where an SQLite file is: an audit row and its indexes need a part of it."""
BELIEVED = 1.0
"""Seconds for which a request for keys believes that rows are still taken, where it was so a moment ago.

Who is wrong about that asks AWS in vain: the row that is refused stops the keys as ever.
"""

REMEMBERED = 5.0
"""Seconds for which a disk counts as full after a write that found it full."""

_found_writable = float("-inf")
_found_full = float("-inf")

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_READ_ONLY, _FULL = "25006", "53100"
_READ_ONLY_IN_SQLITE = "attempt to write a readonly database"
_FULL_IN_SQLITE = "database or disk is full"


def refused_write(error: Error) -> str:
    """Return "read-only" or "full" if a write failed for that; "" for all other errors.

    Full is remembered for a while: PostgreSQL tells in no other way, and AWS is not asked meanwhile.
    """
    global _found_full, _found_writable
    state, text = getattr(error.__cause__, "sqlstate", None), str(error)
    if state == _READ_ONLY or text.startswith(_READ_ONLY_IN_SQLITE):
        _found_writable = float("-inf")
        return "read-only"
    if state == _FULL or text.startswith(_FULL_IN_SQLITE):
        _found_full = time.monotonic()
        return "full"
    return ""


def why_not_writable(*, believed: float = 0) -> str:
    """Return "read-only", "full", or "" where rows can be written.

    It costs a short query, and on SQLite a turn at the only lock for writing; or nothing, where this
    process has found the database writable in the last `believed` seconds. A full disk of PostgreSQL is
    known for REMEMBERED seconds after a write of this process that it refused.

    Raises:
        django.db.Error: the database is down, or a file of SQLite stays locked.
    """
    global _found_writable
    if time.monotonic() < _found_full + REMEMBERED:
        return "full"
    if time.monotonic() < _found_writable + believed:
        return ""
    _found_writable = float("-inf")
    if not (refuses := _ask()):
        _found_writable = time.monotonic()
    return refuses


def _ask() -> str:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # "on" at a standby too: https://www.postgresql.org/docs/current/hot-standby.html
            cursor.execute("SHOW transaction_read_only")
            return "read-only" if cursor.fetchone()[0] == "on" else ""
    if connection.in_atomic_block:  # Transactions begin IMMEDIATE: the file is locked for writing.
        return ""
    name = str(connection.settings_dict["NAME"])
    if Path(name).is_file() and shutil.disk_usage(Path(name).parent).free < SPARE:
        return "full"
    with connection.cursor() as cursor:
        # A read-only file takes the first, as if it were only to be read, and refuses the second.
        cursor.execute("BEGIN IMMEDIATE")
        try:
            cursor.execute("PRAGMA user_version = 0")
        except OperationalError:
            return "read-only"
        finally:
            cursor.execute("ROLLBACK")
    return ""
