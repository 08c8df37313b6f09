"""Form fields the way people write things: tags as lines, account ids with hyphens, choices found by typing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect, RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, Model
from django.http import HttpRequest


class AccountIdField(forms.CharField):
    """An AWS account id; the hyphens and spaces with which AWS and people write it are dropped."""

    def to_python(self, value: Any) -> str:
        """Return the digits and whatever else was written."""
        return "".join(str(super().to_python(value)).replace("-", "").split())


class TagsField(forms.CharField):
    """Tags, one `key=value` a line."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 50, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Return stored tags as lines; what was just typed stays as it is."""
        if isinstance(value, dict):
            return "\n".join(f"{key}={text}" for key, text in sorted(value.items()))
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare as lines."""
        return _lines(self.prepare_value(initial)) != _lines(data)

    def clean(self, value: Any) -> Any:
        """Return the tags.

        Raises:
            ValidationError: a line is no `key=value`, or a key is given twice; it names the line.
        """
        tags: dict[str, str] = {}
        wrong = []
        for number, line in enumerate(_lines(super().clean(value)), start=1):
            key, equals, text = (part.strip() for part in line.partition("="))
            if not key or not equals:
                wrong.append(f"Line {number}, “{line}”: write it as key=value.")
            elif key in tags:
                wrong.append(f"Line {number}: “{key}” is already given above.")
            tags[key] = text
        if wrong:
            raise forms.ValidationError(wrong)
        return tags


class LinesField(forms.CharField):
    """Several texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 50, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """Return a stored list as lines; what was just typed stays as it is."""
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare as lines."""
        return _lines(self.prepare_value(initial)) != _lines(data)

    def clean(self, value: Any) -> Any:
        """Return each line once."""
        return list(dict.fromkeys(_lines(super().clean(value))))


def _lines(text: Any) -> list[str]:
    return [line.strip() for line in str(text or "").splitlines() if line.strip()]


class Autocomplete(AutocompleteSelect):
    """Autocomplete that looks up no chosen row that cannot be: an address or a form may name anything."""

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        """Render what could be a row."""
        return super().optgroups(name, [one for one in value if self._could_be(one)], attrs)

    def _could_be(self, value: Any) -> bool:
        try:
            self.field.target_field.clean(value, None)
        except ValidationError:
            return False
        return True


class KnownAutocomplete(Autocomplete):
    """Autocomplete that is told its chosen row, so that a page of inlines costs no query a row."""

    known: Model | None = None

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        """Render the known row if it is the chosen one; else look it up as Django does."""
        known = self.known
        if known is None or [str(one) for one in value if one] != [str(known.pk)]:
            return super().optgroups(name, value, attrs)
        chosen = self.create_option(name, known.pk, str(known), True, 0)
        empty = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        return [(None, [*empty, chosen], 0)]


class KnownRowForm(forms.ModelForm):  # type: ignore[type-arg]
    """An inline's row: its autocompleted choices are loaded already, its fields are named for axe's sake.

    A table's head is no label, and the links to add or change a choice belong to its own page.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field.widget, RelatedFieldWidgetWrapper):
                field.widget.can_add_related = field.widget.can_change_related = False
                field.widget.can_delete_related = field.widget.can_view_related = False
            widget: Any = getattr(field.widget, "widget", field.widget)
            widget.attrs["aria-label"] = str(field.label)
            if isinstance(widget, KnownAutocomplete) and self.instance.pk:
                widget.known = getattr(self.instance, name)


class KnownRows(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Rows whose box for deleting is named, too."""

    def add_fields(self, form: forms.ModelForm[Any], index: int | None) -> None:
        """Name it."""
        super().add_fields(form, index)
        if box := form.fields.get("DELETE"):
            box.widget.attrs["aria-label"] = "Delete this row"


class AutocompletedInline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows with autocompleted choices; the queryset must select the related rows."""

    form = KnownRowForm
    formset = KnownRows
    extra = 0

    def get_extra(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> int:
        """Begin what is new with a row to fill in."""
        return self.extra if obj else 1

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Autocomplete with what the row knows."""
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = KnownAutocomplete(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
