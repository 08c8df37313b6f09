"""Queries that every request makes, their SQL written once: the ORM takes longer to write it than databases to answer.

Only how often SQL is written differs: the query set is Django's, and so are its parameters and the
conversion of what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Field, Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)


class Prepared(Generic[M]):
    """A query of one shape.

    `build` makes it, with any values in the places of its parameters; `fields` are the fields that
    these parameters are compared with, in their order (several conditions in one filter() are put in
    alphabetical order by Django: chain them). Nothing else in it may be a parameter.
    """

    def __init__(self, build: Callable[[], QuerySet[M, Any]], *fields: Field[Any, Any]) -> None:
        self._build = build
        self._fields: Sequence[Field[Any, Any]] = fields

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows for these values, as `values_list()` would."""
        parameters = [
            field.get_db_prep_value(value, connection)
            for field, value in zip(self._fields, values, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, parameters)
            return [self._converted(row) for row in cursor.fetchall()]

    def first(self, *values: Any) -> M | None:
        """Return the first row as an instance, with its annotations and what it is selected with."""
        found = self.rows(*values)
        if not found:
            return None
        model, names, start, end, populators = self._made_of
        instance: M = model.from_db(connection.alias, names, found[0][start:end])
        for populator in populators:
            populator.populate(found[0], instance)
        for name, place in (self._compiler.annotation_col_map or {}).items():
            setattr(instance, name, found[0][place])
        return instance

    @cached_property
    def _compiler(self) -> SQLCompiler:
        compiler: SQLCompiler = self._build().query.get_compiler(connection=connection)
        compiler.pre_sql_setup()
        return compiler

    @cached_property
    def _made_of(self) -> tuple[type[M], list[str], int, int, list[Any]]:
        """What django.db.models.query.ModelIterable works out for each query."""
        info, select = self._compiler.klass_info, self._compiler.select
        places = info["select_fields"]
        start, end = places[0], places[-1] + 1
        names = [column.target.attname for column, *_ in select[start:end]]
        populators = get_related_populators(info, select, connection.alias)  # type: ignore[call-arg]  # The stubs are of Django 6.
        return info["model"], names, start, end, populators

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

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, converters, column in self._converters:
            for convert in converters:
                values[place] = convert(values[place], column, connection)
        return tuple(values)
