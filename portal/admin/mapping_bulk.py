"""Change several mappings at once: when they end, their values, their targets, and whether they are enabled."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.models import Account, Environment, Mapping, MappingTarget
from accounts.models.mappings import TargetKind
from accounts.visible import visible
from portal.admin.audited import AuditedAdmin
from portal.admin.fields import AccountIdField
from portal.admin.snapshots import snapshot

MOST_AT_ONCE = 1_000
_COMPLAINTS_SHOWN = 10
_APPLY = "apply"


class SeveralForm(forms.Form):
    """What to change in all chosen mappings; what stays empty stays as it is."""

    expiry = forms.ChoiceField(
        label="When they end",
        choices=[("", "stays"), ("set", "at this moment:"), ("never", "never")],
        required=False,
    )
    expires_at = forms.DateTimeField(
        label="Moment",
        required=False,
        help_text="In UTC. From then on they give nothing.",
        widget=forms.DateTimeInput(
            format="%Y-%m-%dT%H:%M:%S", attrs={"type": "datetime-local", "step": 1}
        ),
    )
    find = forms.CharField(
        label="Replace in the values",
        required=False,
        max_length=512,
        strip=False,
        help_text="This text, letter by letter. Values without it stay.",
    )
    replace = forms.CharField(label="with", required=False, max_length=512, strip=False)
    targets = forms.ChoiceField(
        label="Targets",
        choices=[
            ("", "stay"),
            ("add", "add this one:"),
            ("remove", "remove this one:"),
            ("only", "replace all by this one:"),
        ],
        required=False,
    )
    kind = forms.ChoiceField(
        label="Target", choices=[("", "none"), *TargetKind.choices], required=False
    )
    account = AccountIdField(label="Account id", required=False)
    environment = forms.ModelChoiceField(Environment.objects.all(), required=False)
    unit = forms.CharField(label="Organizational unit", required=False, max_length=255)
    tag_key = forms.CharField(required=False, max_length=128)
    tag_value = forms.CharField(required=False, max_length=256)

    def clean_account(self) -> Account | None:
        if not (account_id := self.cleaned_data["account"]):
            return None
        account = Account.objects.filter(account_id=account_id).first()
        if account is None:
            raise ValidationError("There is no account with this id.")
        return account

    def clean(self) -> dict[str, Any]:
        """Check that something is changed, and that all of it is said."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("expiry") == "set" and not cleaned.get("expires_at"):
            self.add_error("expires_at", "Say when they end.")
        if not (cleaned.get("expiry") or cleaned.get("find") or cleaned.get("targets")):
            raise ValidationError("Choose what to change.")
        if cleaned.get("targets") and not self.errors:
            try:
                self.target().clean_fields(exclude=["mapping"])
                self.target().clean()
            except ValidationError as error:
                self.add_error(None, error)
        return cleaned

    def target(self) -> MappingTarget:
        """Return the target that is named, of no mapping yet."""
        names = ("kind", "account", "environment", "unit", "tag_key", "tag_value")
        return MappingTarget(**{name: self.cleaned_data.get(name) for name in names})

    def change(self, mapping: Mapping) -> None:
        """Make the change in one mapping, and store it.

        Raises:
            ValidationError: the mapping would not be valid.
        """
        chosen = self.cleaned_data
        if chosen["expiry"]:
            mapping.expires_at = chosen["expires_at"] if chosen["expiry"] == "set" else None
        if chosen["find"]:
            mapping.value = mapping.value.replace(chosen["find"], chosen["replace"])
        mapping.full_clean(validate_unique=False, validate_constraints=False)
        mapping.save(update_fields=["expires_at", "value"])
        if not chosen["targets"]:
            return
        target = self.target()
        same = {
            name: getattr(target, name)
            for name in ("kind", "account", "environment", "unit", "tag_key", "tag_value")
        }
        stored = MappingTarget.objects.filter(mapping=mapping)
        if chosen["targets"] == "remove":
            stored.filter(**same).delete()
            return
        if chosen["targets"] == "only":
            stored.exclude(**same).delete()
        if not stored.filter(**same).exists():
            target.mapping = mapping
            target.save()


class ChangesSeveral(AuditedAdmin):
    """A list of mappings with actions that change the chosen ones. Those that a file manages stay."""

    @admin.action(description="Enable the selected mappings", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> None:
        self._switch(request, queryset, enabled=True)

    @admin.action(description="Disable the selected mappings", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> None:
        self._switch(request, queryset, enabled=False)

    @admin.action(
        description="Change end, values or targets of the selected mappings", permissions=["change"]
    )
    def change_several(
        self, request: HttpRequest, queryset: QuerySet[Mapping]
    ) -> HttpResponse | None:
        """Ask what to change, then change it in all chosen mappings or in none."""
        chosen = self._of_no_file(request, queryset)
        if len(chosen) > MOST_AT_ONCE:
            messages.error(
                request, f"Choose {MOST_AT_ONCE:,} mappings at most. Nothing was changed."
            )
            return None
        if not chosen:
            return None
        form = SeveralForm(request.POST if _APPLY in request.POST else None)
        if form.is_valid() and not (complaints := self._change_all(request, form, chosen)):
            messages.success(request, f"Changed {_number(len(chosen))}.")
            return None
        if form.is_valid():
            form.add_error(None, [ValidationError(one) for one in complaints])
        context = {
            **self.admin_site.each_context(request),
            "title": f"Change {_number(len(chosen))}",
            "opts": self.opts,
            "form": form,
            "chosen": chosen,
            "action": "change_several",
            "checkbox": helpers.ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/accounts/mapping/several.html", context)

    def _change_all(
        self, request: HttpRequest, form: SeveralForm, chosen: list[Mapping]
    ) -> list[str]:
        """Return complaints; if there is one, nothing is changed."""
        complaints = []
        with transaction.atomic():
            for mapping in chosen:
                before = snapshot(mapping, self.inline_relations)
                try:
                    form.change(mapping)
                except ValidationError as error:
                    complaints.append(f"{visible(mapping.name)}: {' '.join(error.messages)}")
                    continue
                self.record_saved(request, mapping, before)
            if complaints:
                transaction.set_rollback(True)
        more = len(complaints) - _COMPLAINTS_SHOWN
        return complaints[:_COMPLAINTS_SHOWN] + ([f"And {more:,} more."] if more > 0 else [])

    def _switch(self, request: HttpRequest, queryset: QuerySet[Mapping], *, enabled: bool) -> None:
        with transaction.atomic():
            switched = self._of_no_file(request, queryset.exclude(enabled=enabled))
            for mapping in switched:
                before = snapshot(mapping, self.inline_relations)
                mapping.enabled = enabled
                mapping.save(update_fields=["enabled"])
                self.record_saved(request, mapping, before)
        done = "Enabled" if enabled else "Disabled"
        messages.success(request, f"{done} {_number(len(switched))}.")

    def _of_no_file(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> list[Mapping]:
        """Return those of the chosen mappings that no file manages, and say how many are left out."""
        rows = list(queryset)
        chosen = [mapping for mapping in rows if self.has_change_permission(request, mapping)]
        if left := len(rows) - len(chosen):
            messages.warning(
                request, f"Left as they are, because files manage them: {_number(left)}."
            )
        return chosen


def _number(count: int) -> str:
    return "1 mapping" if count == 1 else f"{count:,} mappings"
