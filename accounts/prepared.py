"""Statements that every request makes, their SQL written once: the ORM takes longer to write it than databases to answer.

The query set is Django's, and so are its parameters and the conversion of what comes back. The
database is asked each time; a row that comes back as it was is not converted again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    CharField,
    DateTimeField,
    Field,
    ForeignKey,
    IntegerField,
    Model,
    QuerySet,
    TextField,
    UUIDField,
)
from django.db.models.base import ModelState
from django.db.models.query import get_related_populators
from django.db.models.sql import InsertQuery
from django.db.models.sql.compiler import SQLCompiler, SQLInsertCompiler

M = TypeVar("M", bound=Model)
Row = tuple[Any, ...]

# Fields that hand a plain text to any database as it is. A subclass may not.
_TEXTS = {CharField, TextField}

# Of how many parameters the last row is remembered.
MOST_REMEMBERED = 1000


class Prepared(Generic[M]):
    """A query of one shape.

    `build` makes it of values, and `fields` are the fields that these are compared with. Where in the
    SQL each value stands, once or several times, is found out with samples at the first use; a
    query that leaves one out is refused then.
    """

    def __init__(self, build: Callable[..., QuerySet[M, Any]], *fields: Field[Any, Any]) -> None:
        self._build = build
        self._fields: Sequence[Field[Any, Any]] = fields
        self._samples = [_sample(field, number) for number, field in enumerate(fields)]
        self._remembered: dict[Row, tuple[Row, M]] = {}

    def rows(self, *values: Any) -> list[Row]:
        """Return the rows for these values, as `values_list()` would."""
        connection = connections[DEFAULT_DB_ALIAS]
        return [self._converted(row, connection) for row in self._fetched(values, connection)]

    def first(self, *values: Any) -> M | None:
        """Return the first row as an instance, with its annotations and what it is selected with."""
        connection = connections[DEFAULT_DB_ALIAS]
        found = self._fetched(values, connection)
        if not found:
            return None
        remembered = self._remembered.get(values)
        if remembered is None or remembered[0] != found[0]:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            remembered = (found[0], self._made(self._converted(found[0], connection)))
            self._remembered[values] = remembered
        return _twin(remembered[1], {})

    def _fetched(self, values: Row, connection: BaseDatabaseWrapper) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(self._sql, self._parameters(values, connection))
            rows: list[Row] = cursor.fetchall()
        return rows

    def _parameters(self, values: Row, connection: BaseDatabaseWrapper) -> list[Any]:
        given = self._given(values, connection)
        given += self._constants
        return [given[place] for place in self._places]

    def _given(self, values: Sequence[Any], connection: BaseDatabaseWrapper) -> list[Any]:
        return [
            value if _is_ready(field, value) else field.get_db_prep_value(value, connection)
            for field, value in zip(self._fields, values, strict=True)
        ]

    def _converted(self, row: Sequence[Any], connection: BaseDatabaseWrapper) -> Row:
        values = list(row)
        for place, converters, column in self._converters:
            for convert in converters:
                values[place] = convert(values[place], column, connection)
        return tuple(values)

    def _made(self, row: Row) -> M:
        """Make an instance as django.db.models.query.ModelIterable does."""
        info, select = self._compiler.klass_info, self._compiler.select
        start, end = info["select_fields"][0], info["select_fields"][-1] + 1
        names = [column.target.attname for column, *_ in select[start:end]]
        instance: M = info["model"].from_db(DEFAULT_DB_ALIAS, names, row[start:end])
        for populator in get_related_populators(info, select, DEFAULT_DB_ALIAS):  # type: ignore[call-arg]  # The stubs are of Django 6.
            populator.populate(row, instance)
        for name, place in (self._compiler.annotation_col_map or {}).items():
            setattr(instance, name, row[place])
        return instance

    @cached_property
    def _compiler(self) -> SQLCompiler:
        query = self._build(*self._samples).query
        compiler: SQLCompiler = query.get_compiler(using=DEFAULT_DB_ALIAS)
        compiler.pre_sql_setup()
        return compiler

    @cached_property
    def _written(self) -> tuple[str, Sequence[Any]]:
        return self._compiler.as_sql()

    @property
    def _sql(self) -> str:
        return self._written[0]

    @cached_property
    def _places(self) -> list[int]:
        """For each parameter of the SQL its place among the values, or behind them among the constants."""
        samples = self._given(self._samples, self._compiler.connection)
        places = [
            samples.index(parameter) if parameter in samples else None
            for parameter in self._written[1]
        ]
        if left_out := set(range(len(samples))).difference(places):
            raise TypeError(f"values {sorted(left_out)} are compared with nothing: {self._sql}")
        constants = count(len(samples))
        return [next(constants) if place is None else place for place in places]

    @cached_property
    def _constants(self) -> list[Any]:
        return [
            parameter
            for parameter, place in zip(self._written[1], self._places, strict=True)
            if place >= len(self._fields)
        ]

    @cached_property
    def _converters(self) -> list[tuple[int, list[Any], Any]]:
        found = self._compiler.get_converters([column for column, *_ in self._compiler.select])
        return [(place, converters, column) for place, (converters, column) in found.items()]


class Insertion:
    """The INSERT of a new row of a model that knows its key beforehand.

    No instance is made: no signals are sent, and a field must not need one (`auto_now` does).
    """

    def __init__(self, model: type[Model]) -> None:
        self._model = model
        self._fields: Sequence[Field[Any, Any]] = model._meta.concrete_fields
        self._key = model._meta.pk.attname

    def insert(self, **columns: Any) -> Any:
        """Write a row of these columns, the others being their defaults, and return its key.

        Raises:
            TypeError: there is no such column.
            django.db.Error: it could not be written; a transaction around it is then lost.
        """
        row = {
            field.attname: columns[field.attname]
            if field.attname in columns
            else field.get_default()
            for field in self._fields
        }
        if unknown := columns.keys() - row.keys():
            raise TypeError(f"{self._model.__name__} has no columns {sorted(unknown)}")
        connection = connections[DEFAULT_DB_ALIAS]
        values = [
            value if _is_ready(field, value) else field.get_db_prep_save(value, connection)
            for field, value in zip(self._fields, row.values(), strict=True)
        ]
        with (
            transaction.mark_for_rollback_on_error(using=DEFAULT_DB_ALIAS),
            connection.cursor() as cursor,
        ):
            cursor.execute(self._sql, values)
        return row[self._key]

    @cached_property
    def _sql(self) -> str:
        query = InsertQuery(self._model)
        query.insert_values(self._fields, [self._model()])
        compiler = query.get_compiler(using=DEFAULT_DB_ALIAS)
        assert isinstance(compiler, SQLInsertCompiler)  # noqa: S101 - for mypy
        ((sql, _),) = compiler.as_sql()
        return sql


def _is_ready(field: Field[Any, Any], value: Any) -> bool:
    """Whether this value is what preparing it would give: so it is with plain texts, and most are that."""
    return type(value) is str and type(field) in _TEXTS


def _sample(field: Field[Any, Any], number: int) -> Any:
    """Return a value that this field can be compared with, and that nothing else in a query is."""
    kind = field.target_field if isinstance(field, ForeignKey) else field
    if isinstance(kind, UUIDField):
        return UUID(int=number)
    if isinstance(kind, DateTimeField):
        return datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=number)
    return -1000 - number if isinstance(kind, IntegerField) else f"sample {number}"


def _twin(instance: M, seen: dict[int, Any]) -> M:
    """Return an instance like this one, and of what is selected with it, so that nobody shares them."""
    known: M | None = seen.get(id(instance))
    if known is not None:
        return known
    twin: M = type(instance).__new__(type(instance))
    seen[id(instance)] = twin
    state = ModelState()
    state.db, state.adding = instance._state.db, instance._state.adding
    related = instance._state.fields_cache
    if related:
        state.fields_cache = {
            name: other if other is None else _twin(other, seen) for name, other in related.items()
        }
    vars(twin).update(vars(instance), _state=state)
    return twin
