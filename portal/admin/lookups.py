"""Checks of the query strings and row ids sent to admin pages: impossible ones are refused before a database fails on them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin.exceptions import (
    DisallowedModelAdminLookup,
    DisallowedModelAdminToField,
)
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DataError
from django.db.models import ForeignKey, JSONField, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from accounts.errors import InvalidRequest
from portal.admin.fields import Autocomplete
from portal.admin.shown import ShowsPlainly

# The lookups a filter may use: those the pages link to, and those people write by hand. Of the rest,
# some are expensive (regular expressions) and some exist in one database only.
_LOOKUPS = frozenset(
    {"exact", "iexact", "in", "isnull", "gt", "gte", "lt", "lte"}
    | {"contains", "icontains", "startswith", "istartswith", "endswith", "iendswith"}
    | {"date", "year", "month", "day"}
    | {"pk"}
)
_DISALLOWED = (DisallowedModelAdminLookup, DisallowedModelAdminToField)
# What building and counting a list raises for a value that its column cannot hold.
_IMPOSSIBLE = (IncorrectLookupParameters, ValueError, OverflowError, DataError)
# Bounds of one query: each word is searched in each column, and each filter value adds a condition.
MAX_WORDS, MAX_VALUES = 30, 100


class CheckedLookups(ShowsPlainly):
    """A page whose query string may filter by columns as Django allows, except by secret columns and costly lookups."""

    # Columns no filter may name: with `startswith`, a list would reveal them letter by letter.
    secret_columns: ClassVar[tuple[str, ...]] = ()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse secret columns, and every lookup that is not one of the plain ones."""
        parts = lookup.split(LOOKUP_SEP)
        if not _LOOKUPS.issuperset(self._after_column(parts)):
            return False
        if not set(self.secret_columns).isdisjoint(parts):
            return False
        return super().lookup_allowed(lookup, value, request)

    def _after_column(self, parts: list[str]) -> list[str]:
        """Return the lookups that follow the column; none where no column is named, which Django refuses itself."""
        opts, field = self.opts, None
        for number, part in enumerate(parts):
            try:
                field = opts.get_field(part)
            except FieldDoesNotExist:
                return parts[number:] if field else []
            if isinstance(field, JSONField):
                # Lookups into JSON differ by database: "" is never allowed.
                return ["" for _ in parts[number + 1 :]]
            if not field.is_relation:
                return parts[number + 1 :]
            opts = field.related_model._meta  # type: ignore[union-attr]
        return []

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Build the list, and refuse impossible filters, which Django would drop or fail on.

        Raises:
            InvalidRequest: a filter is unknown, not allowed, or has a value its column cannot hold.
        """
        if sum(map(len, dict(request.GET.lists()).values())) > MAX_VALUES:
            raise _too_much()
        try:
            return super().get_changelist_instance(request)
        except (*_DISALLOWED, *_IMPOSSIBLE) as error:
            raise InvalidRequest(
                "The address of this list has a filter that does not exist, or a value that does not "
                "fit it. Open the list without it, and choose from the filters beside it.",
                f"{self.opts.model_name}: {type(error).__name__} for the parameters "
                f"{', '.join(sorted(request.GET))[:200]}",
            ) from error

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search as Django does, for at most MAX_WORDS words."""
        if len(search_term.split()) > MAX_WORDS:
            raise _too_much()
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Call the list by its name; refuse an action on impossible row ids, which Django would fail on."""
        for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.clean(chosen, None)
            except ValidationError as error:
                raise InvalidRequest(
                    "Some of the chosen rows do not exist. Nothing was changed. Go back, reload the "
                    "list and choose again.",
                    f"{self.opts.model_name}: an impossible id was chosen",
                ) from error
        heading = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": heading, **(extra_context or {})})

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Use our Autocomplete, which takes any initial value."""
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = Autocomplete(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def _too_much() -> InvalidRequest:
    return InvalidRequest(
        f"That is too much for one list. Search for at most {MAX_WORDS} words, or filter by at most "
        f"{MAX_VALUES} values.",
        "too many words or values in the address of a list",
    )
