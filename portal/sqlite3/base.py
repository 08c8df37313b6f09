"""Django's own engine for SQLite, but it remembers each query as SQLite wants it written.

Django writes `%s` where SQLite wants `?`, and looks for it letter by letter each time: of the queries
of a request of keys that takes longer than SQLite takes to answer them (docs/performance.md).
https://docs.djangoproject.com/en/5.2/ref/databases/#subclassing-the-built-in-database-backends
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.sqlite3 import base

LONGEST, MOST = 4096, 256
"""Characters of a query that is remembered, and how many are: longer ones name many values, and few requests as many."""

_converted: dict[str, str] = {}


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose cursors remember."""

    def create_cursor(self, name: str | None = None) -> Cursor:
        """Return a cursor; SQLite's have no names."""
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        return cursor


class Cursor(base.SQLiteCursorWrapper):
    """Django's cursor, which turns `%s` into `?`."""

    def convert_query(self, query: str, *, param_names: Sequence[str] | None = None) -> str:
        """Return a query as SQLite takes it."""
        if param_names is None and (known := _converted.get(query)) is not None:
            return known
        converted: str = super().convert_query(query, param_names=param_names)
        if param_names is None and len(query) <= LONGEST:
            if len(_converted) >= MOST:
                _converted.clear()
            _converted[query] = converted
        return converted
