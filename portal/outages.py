"""Tell a database that is down, and one that `migrate` has not prepared, from a defect of ours."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError, ProgrammingError

# https://www.postgresql.org/docs/current/errcodes-appendix.html: undefined_table, undefined_column
_MISSING = frozenset({"42P01", "42703"})
_MISSING_IN_SQLITE = ("no such table", "no such column")

DOWN = "The portal cannot reach its database. Nothing was done. Try again in a minute."
UNPREPARED = (
    "The portal's database is not prepared for this version. Nothing was done. The people who run "
    "the portal need to run manage.py migrate; /readyz says when it is done."
)


def outage(error: BaseException | None) -> str:
    """Return what to tell people where it is the database that failed; "" where it is not."""
    if isinstance(error, ProgrammingError | OperationalError) and _is_missing(error):
        return UNPREPARED
    return DOWN if isinstance(error, OperationalError | InterfaceError) else ""


def _is_missing(error: Exception) -> bool:
    if getattr(error.__cause__, "sqlstate", None) in _MISSING:
        return True
    return str(error).startswith(_MISSING_IN_SQLITE)
