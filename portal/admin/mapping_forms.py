"""The form of a mapping, and the rows of its targets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import Account, Mapping, MappingTarget
from accounts.models.mappings import TargetKind
from accounts.patterns import PLACEHOLDERS
from accounts.values_seen import values_seen
from accounts.visible import visible
from portal.admin.account_lines import (
    MOST_ROWS,
    AccountLinesField,
    account_targets,
    accounts_of,
    are_lines,
    lines,
    save_lines,
)
from portal.admin.fields import AutocompletedInline, InlineRowForm, InlineRows

# How many of the latest sign-ins are looked at, and how many values of each claim are suggested.
_SIGN_INS, _VALUES = 1_000, 500


def suggested() -> dict[str, list[tuple[str, str]]]:
    """Return the values that each claim of a mapping had in the latest sign-ins, the most common first.

    Each is a value and a text beside it: which claim it is of, and how many sign-ins had it.
    """
    claims = {"groups", *Mapping.objects.filter(issuer=None).values_list("claim", flat=True)}
    seen = values_seen(sorted(claims), most=_SIGN_INS)
    return {
        claim: [
            (value, f"{claim}, in {number} of the latest sign-ins")
            for value, number in seen.by_claim[claim].most_common(_VALUES)
            if value == visible(value)
        ]
        for claim in sorted(claims)
    }


class TargetForm(InlineRowForm):
    """One target, with examples in the fields that are typed."""

    class Meta:
        widgets = {
            name: AdminTextInputWidget(attrs={"placeholder": example})
            for name, example in (
                ("unit", "Workloads/Payments"),
                ("tag_key", "key: team"),
                ("tag_value", "value: payments"),
            )
        }


class TargetRows(InlineRows):
    """The targets of one mapping, without the accounts that are lines of the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        mapping, targets = kwargs.get("instance"), kwargs.get("queryset")
        self.accounts_are_lines = mapping is not None and are_lines(mapping)
        if self.accounts_are_lines and targets is not None:
            kwargs["queryset"] = targets.exclude(kind=TargetKind.ACCOUNT)
        super().__init__(*args, **kwargs)

    def clean(self) -> None:
        """Refuse two rows with the same accounts, and a row for an account that is a line already."""
        super().clean()
        seen: set[tuple[Any, ...]] = set()
        if self.accounts_are_lines:
            seen.update(
                (TargetKind.ACCOUNT, target.account, None, "", "", "")
                for target in account_targets(self.instance)
            )
        for form in self.forms:
            cleaned = getattr(form, "cleaned_data", None)
            if not cleaned or cleaned.get("DELETE") or form.errors:
                continue
            target = tuple(cleaned.get(name) for name in TargetInline.fields)
            if target in seen:
                form.add_error("kind", f"“{form.instance}” is already listed.")
            seen.add(target)


class TargetInline(AutocompletedInline):
    """The accounts a mapping reaches, on its page."""

    model = MappingTarget
    form = TargetForm
    formset = TargetRows
    verbose_name = "target"
    verbose_name_plural = "targets: it reaches all of these accounts"
    autocomplete_fields = ("account", "environment")
    fields = ("kind", "account", "environment", "unit", "tag_key", "tag_value")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("account", "environment")


class MappingForm(forms.ModelForm):  # type: ignore[type-arg]
    """A mapping; its end is the browser's own date field, in UTC."""

    account_lines = AccountLinesField(
        required=False,
        label="Many accounts",
        help_text="Ids of accounts, one per line, next to the targets below. A mapping that names more than "
        f"{MOST_ROWS} accounts has all of them here.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._before: frozenset[Account] = frozenset()
        if are_lines(self.instance):
            self.initial["account_lines"] = lines(account_targets(self.instance))
            self._before = accounts_of(self.instance)

    def save_accounts(self) -> None:
        """Store the accounts of the lines. A form that was sent without the field leaves them as they are."""
        if self.add_prefix("account_lines") in self.data:
            save_lines(self.instance, self.cleaned_data["account_lines"], before=self._before)

    def add_error(self, field: str | None, error: Any) -> None:
        """Show one error per field: of a refused value the model sees nothing, and would add that it is empty."""
        if field is None and hasattr(error, "error_dict"):
            new = {name: one for name, one in error.error_dict.items() if name not in self.errors}
            if not new:
                return
            error = ValidationError(new)
        super().add_error(field, error)

    class Meta:
        help_texts = {
            "issuer": "Empty: for people. Otherwise only for workloads of this issuer.",
            "claim": "The claim's key as the provider sends it, or a dotted path such as "
            "resource_access.portal.roles; groups.name reads the name of each object in a list.",
            "value": "Exactly as the provider sends it, upper and lower case included. In a pattern, * "
            "stands for any text. In a template, "
            f"{', '.join(f'{{{name}}}' for name in PLACEHOLDERS)} stand for the values of each role and "
            "its account.",
            "permission_set": "May be empty only if the template has {role}.",
            "expires_at": "In UTC. From then on it gives nothing.",
        }
        field_classes = {"expires_at": forms.DateTimeField}
        widgets = {
            "claim": AdminTextInputWidget(attrs={"list": "suggested-claims"}),
            "value": AdminTextInputWidget(
                attrs={"list": "suggested-values", "autocomplete": "off"}
            ),
            "expires_at": forms.DateTimeInput(
                format="%Y-%m-%dT%H:%M:%S", attrs={"type": "datetime-local", "step": 1}
            ),
        }
