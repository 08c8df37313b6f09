"""Queries that every request makes, their SQL written once: the ORM takes longer to write it than databases to answer.

The query set is Django's, and so are its parameters and the conversion of what comes back. The
database is asked each time; a row that comes back as it was is not converted again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)
Row = tuple[Any, ...]

# Of how many parameters the last row is remembered.
MOST_REMEMBERED = 1000


class Prepared(Generic[M]):
    """A query of one shape.

    `build` makes it, with any values in the places of its parameters; `fields` are the fields that
    these parameters are compared with, in their order (several conditions in one filter() are put in
    alphabetical order by Django: chain them). Nothing else in it may be a parameter.
    """

    def __init__(self, build: Callable[[], QuerySet[M, Any]], *fields: Field[Any, Any]) -> None:
        self._build = build
        self._fields: Sequence[Field[Any, Any]] = fields
        self._remembered: dict[Row, tuple[Row, M]] = {}

    def rows(self, *values: Any) -> list[Row]:
        """Return the rows for these values, as `values_list()` would."""
        return [self._converted(row) for row in self._fetched(values)]

    def first(self, *values: Any) -> M | None:
        """Return the first row as an instance, with its annotations and what it is selected with."""
        found = self._fetched(values)
        if not found:
            return None
        remembered = self._remembered.get(values)
        if remembered is None or remembered[0] != found[0]:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            remembered = (found[0], self._made(self._converted(found[0])))
            self._remembered[values] = remembered
        return _twin(remembered[1], {})

    def _fetched(self, values: Row) -> list[Row]:
        connection = connections[DEFAULT_DB_ALIAS]
        parameters = [
            field.get_db_prep_value(value, connection)
            for field, value in zip(self._fields, values, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, parameters)
            rows: list[Row] = cursor.fetchall()
        return rows

    def _converted(self, row: Row) -> Row:
        connection = connections[DEFAULT_DB_ALIAS]
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
        compiler: SQLCompiler = self._build().query.get_compiler(using=DEFAULT_DB_ALIAS)
        compiler.pre_sql_setup()
        return compiler

    @cached_property
    def _sql(self) -> str:
        sql, parameters = self._compiler.as_sql()
        if len(parameters) != len(self._fields):
            raise TypeError(f"{len(parameters)} parameters, {len(self._fields)} fields: {sql}")
        return sql

    @cached_property
    def _converters(self) -> list[tuple[int, list[Any], Any]]:
        found = self._compiler.get_converters([column for column, *_ in self._compiler.select])
        return [(place, converters, column) for place, (converters, column) in found.items()]


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
