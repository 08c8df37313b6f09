"""How admin pages show columns: names with what is invisible in them marked, moments in one form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest

from accounts.visible import visible
from portal.templatetags.shown import moment

Column = str | Callable[[Any], Any]


class ShowsPlainly(admin.ModelAdmin):  # type: ignore[type-arg]
    """A page that shows texts and moments of its lists, and of what cannot be changed, in this way."""

    def get_list_display(self, request: HttpRequest) -> Any:
        return _columns(self.model, super().get_list_display(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return _columns(self.model, super().get_readonly_fields(request, obj))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Name the read-only fields as `get_readonly_fields` does."""
        readonly = {
            getattr(field, "__name__", field): field
            for field in self.get_readonly_fields(request, obj)
        }
        return [
            (title, {**options, "fields": [readonly.get(name, name) for name in options["fields"]]})
            for title, options in super().get_fieldsets(request, obj)
        ]


def _columns(model: type[models.Model], names: Iterable[Any]) -> tuple[Column, ...]:
    return tuple(_column(model, name) if isinstance(name, str) else name for name in names)


@cache
def _column(model: type[models.Model], name: str) -> Column:
    """Return a column that shows a field as above; the name itself for all other columns."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return name
    if isinstance(field, models.CharField | models.TextField) and not field.choices:
        show: Callable[[Any], Any] = visible
    elif isinstance(field, models.DateTimeField):
        show = _moment
    else:
        return name

    @admin.display(description=str(field.verbose_name), ordering=name)
    def column(row: Any) -> Any:
        value = getattr(row, name)
        return "-" if value is None else show(value)

    column.__name__ = name
    return column


def _moment(value: datetime) -> Any:
    return moment(value, seconds=True)
