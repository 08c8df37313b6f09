"""What an address may ask of a list, and a form of rows: what cannot be is refused before a database would fail at it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
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

from accounts.errors import InvalidRequest
from portal.admin.fields import Autocomplete

# How a column may be asked about: what the pages link to, and what people write by hand. Among the
# others some wear out the server (regular expressions) and some not every database knows.
_COMPARISONS = frozenset(
    {"exact", "iexact", "in", "isnull", "gt", "gte", "lt", "lte"}
    | {"contains", "icontains", "startswith", "istartswith", "endswith", "iendswith"}
    | {"date", "year", "month", "day"}
    | {"pk"}
)
_REFUSED = (DisallowedModelAdminLookup, DisallowedModelAdminToField)
# What building and counting a list raises where a value is none that its column could hold.
_IMPOSSIBLE = (IncorrectLookupParameters, ValueError, OverflowError, DataError)
# Each word is looked for in each searched column, each value of a filter beside the others.
MOST_WORDS, MOST_VALUES = 30, 100


class Asked(admin.ModelAdmin):  # type: ignore[type-arg]
    """A page whose query string filters by columns, as Django lets it, but for what nobody may find out or wear out."""

    # Columns that cannot be asked about: Django would answer, letter by letter, what no page shows.
    kept_apart: ClassVar[tuple[str, ...]] = ()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse columns kept apart, and comparisons that are none of the plain ones."""
        parts = lookup.split(LOOKUP_SEP)
        if not _COMPARISONS.issuperset(self._after_column(parts)):
            return False
        if not set(self.kept_apart).isdisjoint(parts):
            return False
        return super().lookup_allowed(lookup, value, request)

    def _after_column(self, parts: list[str]) -> list[str]:
        """Return what follows the column; nothing where there is no column, which Django sees to."""
        opts, found = self.opts, None
        for number, part in enumerate(parts):
            try:
                found = opts.get_field(part)
            except FieldDoesNotExist:
                return parts[number:] if found else []
            if isinstance(found, JSONField):
                # Their comparisons are others in each database.
                return ["" for _ in parts[number + 1 :]]
            if not found.is_relation:
                return parts[number + 1 :]
            opts = found.related_model._meta  # type: ignore[union-attr]
        return []

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Refuse a filter that cannot be; Django would drop it, or fail at it.

        Raises:
            InvalidRequest: with what to do.
        """
        if sum(map(len, dict(request.GET.lists()).values())) > MOST_VALUES:
            raise _too_much()
        try:
            return super().get_changelist_instance(request)
        except (*_REFUSED, *_IMPOSSIBLE) as error:
            raise InvalidRequest(
                "This list cannot be narrowed like that: its address asks for what is not there, "
                "or a number, a date or an id in it is none. Open the list without it, and choose "
                "from the filters beside it.",
                f"{self.opts.model_name}: {type(error).__name__} for the parameters "
                f"{', '.join(sorted(request.GET))[:200]}",
            ) from error

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search as Django does, for some words."""
        if len(search_term.split()) > MOST_WORDS:
            raise _too_much()
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Refuse an action on rows that cannot be; Django would fail at it."""
        for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.clean(chosen, None)
            except ValidationError as error:
                raise InvalidRequest(
                    "Some of the chosen rows cannot be. Nothing was done. Go back, reload the "
                    "list, and choose again.",
                    f"{self.opts.model_name}: an id that none can have",
                ) from error
        return super().changelist_view(request, extra_context)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Autocomplete with a field that takes whatever it is begun with."""
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = Autocomplete(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def _too_much() -> InvalidRequest:
    return InvalidRequest(
        "That is more than a list can be asked for at once. Open the list without it, and search "
        f"for at most {MOST_WORDS} words.",
        "too many words or values in the address of a list",
    )
