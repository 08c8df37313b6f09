"""Form fields: account ids with hyphens, durations as "8 hours", tags as lines, choices found by typing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import (
    AdminTextInputWidget,
    AutocompleteSelect,
    RelatedFieldWidgetWrapper,
)
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, Model
from django.http import HttpRequest

from accounts import durations
from accounts.errors import InvalidRequest


class AccountIdField(forms.CharField):
    """An AWS account id; hyphens and spaces, with which AWS and people write it, are dropped."""

    def to_python(self, value: Any) -> str:
        return "".join(str(super().to_python(value)).replace("-", "").split())


class DurationField(forms.CharField):
    """A duration in seconds, written as "8 hours", "1 hour 30 minutes", "90m" or seconds."""

    widget = AdminTextInputWidget(attrs={"size": 20})

    def prepare_value(self, value: Any) -> Any:
        """Return stored seconds as "8 hours"; what was just typed stays as it is."""
        if not isinstance(value, int):
            return value
        # Words are rounded down to minutes.
        return durations.write(value) if value % 60 else durations.in_words(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(durations.read(str(data or "")) != initial)

    def clean(self, value: Any) -> Any:
        if not (text := super().clean(value)):
            return None
        seconds = durations.read(text)
        if seconds is None:
            raise ValidationError("Write a duration such as 8 hours or 90 minutes.")
        return seconds


class TagsField(forms.CharField):
    """Tags, one `key=value` per line."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 50, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Return stored tags as lines; what was just typed stays as it is."""
        if isinstance(value, dict):
            return "\n".join(f"{key}={text}" for key, text in sorted(value.items()))
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return _lines(self.prepare_value(initial)) != _lines(data)

    def clean(self, value: Any) -> Any:
        """Return the tags as a dict.

        Raises:
            ValidationError: a line is not `key=value`, or a key is given twice; it names the line.
        """
        tags: dict[str, str] = {}
        errors = []
        for number, line in enumerate(_lines(super().clean(value)), start=1):
            key, equals, text = (part.strip() for part in line.partition("="))
            if not key or not equals:
                errors.append(f"Line {number}, “{line}”: write it as key=value.")
            elif key in tags:
                errors.append(f"Line {number}: “{key}” is already given above.")
            tags[key] = text
        if errors:
            raise forms.ValidationError(errors)
        return tags


class LinesField(forms.CharField):
    """A list of texts, one per line."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 50, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Return a stored list as lines; what was just typed stays as it is."""
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return _lines(self.prepare_value(initial)) != _lines(data)

    def clean(self, value: Any) -> Any:
        """Return the lines, each once."""
        return list(dict.fromkeys(_lines(super().clean(value))))


class PolicyField(forms.CharField):
    """A policy as JSON, in lines."""

    widget = forms.Textarea(attrs={"rows": 8, "cols": 80, "spellcheck": "false"})

    def to_python(self, value: Any) -> str:
        """Return it with the line breaks of a file; browsers send others."""
        return str(super().to_python(value)).replace("\r\n", "\n")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(initial, self.to_python(data))


def _lines(text: Any) -> list[str]:
    return [line.strip() for line in str(text or "").splitlines() if line.strip()]


class Autocomplete(AutocompleteSelect):
    """Autocomplete that never queries for an impossible id: addresses and forms may hold anything."""

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        return super().optgroups(name, [pk for pk in value if self._is_possible(pk)], attrs)

    def _is_possible(self, pk: Any) -> bool:
        try:
            self.field.target_field.clean(pk, None)
        except ValidationError:
            return False
        return True


class LoadedAutocomplete(Autocomplete):
    """Autocomplete that is given its chosen row, so that a page of inlines does not cost a query per row."""

    loaded: Model | None = None

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        """Render the loaded row if it is the chosen one; else look it up as Django does."""
        row = self.loaded
        if row is None or [str(pk) for pk in value if pk] != [str(row.pk)]:
            return super().optgroups(name, value, attrs)
        chosen = self.create_option(name, row.pk, str(row), True, 0)
        empty = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        return [(None, [*empty, chosen], 0)]


class InlineRowForm(forms.ModelForm):  # type: ignore[type-arg]
    """A row of an inline: its autocompleted choices are loaded already, and each field has a label of its own.

    The header of a table is no label to axe, and the links to add or change a choice belong to its own page.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field.widget, RelatedFieldWidgetWrapper):
                field.widget.can_add_related = field.widget.can_change_related = False
                field.widget.can_delete_related = field.widget.can_view_related = False
            widget: Any = getattr(field.widget, "widget", field.widget)
            widget.attrs["aria-label"] = str(field.label)
            if isinstance(widget, LoadedAutocomplete) and self.instance.pk:
                widget.loaded = getattr(self.instance, name)


SPARE_ROWS = 10
"""Rows that a form may claim and not send: empty ones of its end."""


class InlineRows(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The rows of an inline; the box for deleting has a label, too."""

    def total_form_count(self) -> int:
        """Return how many rows there are; refuse a form that claims more than it sends.

        Django would make, and show again, as many rows as the form says, up to 2,000.
        """
        total = super().total_form_count()
        if self.is_bound and total > (sent := self._rows_sent()) + SPARE_ROWS:
            raise InvalidRequest(
                f"The form says that it has {total} rows or more, and holds {sent}. Nothing was changed. Go "
                "back, reload the page, and make your change again.",
                f"{self.prefix}: {total} rows were claimed, {sent} sent",
            )
        return total

    def _rows_sent(self) -> int:
        beginning = f"{self.prefix}-"
        numbers = {
            name.removeprefix(beginning).partition("-")[0]
            for name in self.data
            if name.startswith(beginning)
        }
        return sum(number.isdecimal() for number in numbers)

    def add_fields(self, form: forms.ModelForm[Any], index: int | None) -> None:
        super().add_fields(form, index)
        if box := form.fields.get("DELETE"):
            box.widget.attrs["aria-label"] = "Delete this row"


class AutocompletedInline(admin.TabularInline):  # type: ignore[type-arg]
    """An inline with autocompleted choices; its queryset must select the related rows."""

    form = InlineRowForm
    formset = InlineRows
    extra = 0

    def get_extra(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> int:
        """Show one empty row on the page of a new object, none on that of a stored one."""
        return self.extra if obj else 1

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = LoadedAutocomplete(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
