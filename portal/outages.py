"""Tell a database that is down, takes no rows or is not migrated from a defect of the portal."""

from __future__ import annotations

from django.db import Error, InterfaceError, OperationalError, ProgrammingError
from django.utils.translation import gettext_noop

from accounts.writability import refused_write

# https://www.postgresql.org/docs/current/errcodes-appendix.html: undefined_table, undefined_column
_MISSING = frozenset({"42P01", "42703"})
_MISSING_IN_SQLITE = ("no such table", "no such column")

DOWN = gettext_noop(
    "This portal cannot reach its database. Nothing was changed. Try again in a minute."
)
NOT_WRITABLE = gettext_noop(
    "This portal cannot write to its database at the moment: it is read-only or full. Nothing was "
    "changed. Try again in a minute. If it happens again, contact your portal admins."
)
NOT_MIGRATED = gettext_noop(
    "This portal's database is not prepared for this version. Nothing was changed. Contact your "
    "portal admins: they need to run manage.py migrate."
)


def outage(error: BaseException | None) -> str:
    """Return the message for people if the error is the database's; else ""."""
    if isinstance(error, ProgrammingError | OperationalError) and _is_missing(error):
        return NOT_MIGRATED
    if isinstance(error, Error) and refused_write(error):
        return NOT_WRITABLE
    return DOWN if isinstance(error, OperationalError | InterfaceError) else ""


def _is_missing(error: Exception) -> bool:
    if getattr(error.__cause__, "sqlstate", None) in _MISSING:
        return True
    return str(error).startswith(_MISSING_IN_SQLITE)
