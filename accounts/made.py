"""What a prepared query's rows are made into, made once of the same rows: the database is asked each time."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Func, Model, QuerySet, TextField

from accounts.prepared import MOST_REMEMBERED, Prepared, Row

M = TypeVar("M", bound=Model)
T = TypeVar("T")

# Of more rows at once it is made anew: those who ask with them are few, and what is remembered stays small.
MOST_ROWS = 16

_made: dict[tuple[Any, tuple[Row, ...]], Any] = {}


class Made(Prepared[M], Generic[M, T]):
    """A query whose rows `make` turns into something that nobody can change, for it is handed out again.

    SQLite hands each row over as one JSON text. Python lets its other threads run before each
    column that it takes from SQLite, and with many callers that costs more than the query itself.
    """

    def __init__(
        self,
        build: Callable[..., QuerySet[M, Row]],
        *fields: Field[Any, Any],
        make: Callable[[Sequence[Row]], T],
    ) -> None:
        super().__init__(build, *fields)
        self._make = make

    def made(self, *values: Any) -> T:
        """Return what is made of the rows for these values."""
        connection = connections[DEFAULT_DB_ALIAS]
        found = tuple(self._fetched(values, connection))
        known: T | None = _made.get((self, found))
        if known is not None:
            return known
        made = self._make([self._converted(row, connection) for row in found])
        if len(found) <= MOST_ROWS:
            if len(_made) >= MOST_REMEMBERED:
                _made.clear()
            _made[self, found] = made
        return made

    def _converted(self, row: Sequence[Any], connection: BaseDatabaseWrapper) -> Row:
        return super()._converted(json.loads(row[0]) if self._as_json else row, connection)

    @cached_property
    def _as_json(self) -> bool:
        return self._compiler.connection.vendor == "sqlite"

    @cached_property
    def _written(self) -> tuple[str, Sequence[Any]]:
        if not self._as_json:
            return super()._written
        query = self._build(*self._samples)
        # Django's own JSONArray asks each connection first whether it knows JSON, amid a request.
        one = Func(*query.query.values_select, function="JSON_ARRAY", output_field=TextField())
        sql, parameters = query.values_list(one).query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        return sql, parameters
