"""The mappings' pages, with a preview of what each one gives and to whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from accounts.matching import PLACEHOLDERS
from accounts.models import Mapping, MappingTarget
from accounts.preview import preview
from portal.admin.audited import AuditedAdmin
from portal.admin.fields import AutocompletedInline, KnownRowForm, KnownRows
from portal.admin.snapshots import snapshot

# How much the change page, the preview page and a list's cell show of a long list.
ON_THE_PAGE, ON_ITS_OWN_PAGE, IN_A_CELL = 20, 500, 3
# For how long before its end a mapping is said to end soon.
SOON = timedelta(days=30)


class ByState(admin.SimpleListFilter):
    """Those that give something now, those that end soon, and those that are over or switched off."""

    title = "state"
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """What there is to choose."""
        return [
            ("force", "in force"),
            ("soon", f"ends within {SOON.days} days"),
            ("expired", "expired"),
            ("disabled", "disabled"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> QuerySet[Mapping]:
        """Narrow to what was chosen."""
        now = timezone.now()
        match self.value():
            case "force":
                return queryset.filter(
                    Q(expires_at=None) | Q(expires_at__gt=now),
                    Q(issuer=None) | Q(issuer__enabled=True),
                    enabled=True,
                )
            case "soon":
                return queryset.filter(enabled=True, expires_at__gt=now, expires_at__lte=now + SOON)
            case "expired":
                return queryset.filter(expires_at__lte=now)
            case "disabled":
                return queryset.filter(enabled=False)
        return queryset


class TargetForm(KnownRowForm):
    """One target, with an example in what is written by hand."""

    class Meta:
        widgets = {
            name: AdminTextInputWidget(attrs={"placeholder": example})
            for name, example in (
                ("unit", "Workloads/Payments"),
                ("tag_key", "key: team"),
                ("tag_value", "value: payments"),
            )
        }


class TargetsFormSet(KnownRows):
    """The targets of one mapping."""

    def clean(self) -> None:
        """Refuse to name the same accounts twice."""
        super().clean()
        seen = set()
        for form in self.forms:
            filled = getattr(form, "cleaned_data", None)
            if not filled or filled.get("DELETE") or form.errors:
                continue
            named = tuple(filled.get(name) for name in TargetInline.fields)
            if named in seen:
                form.add_error("kind", f"“{form.instance}” is here twice.")
            seen.add(named)


class TargetInline(AutocompletedInline):
    """The accounts a mapping reaches, on its page."""

    model = MappingTarget
    form = TargetForm
    formset = TargetsFormSet
    verbose_name = "target"
    verbose_name_plural = "targets: the accounts it reaches, added up"
    autocomplete_fields = ("account", "environment")
    fields = ("kind", "account", "environment", "unit", "tag_key", "tag_value")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Load what each row shows at once."""
        return super().get_queryset(request).select_related("account", "environment")


class MappingForm(forms.ModelForm):  # type: ignore[type-arg]
    """A mapping; the date is the browser's own field, in UTC."""

    def add_error(self, field: str | None, error: Any) -> None:
        """Say one thing of each field: of a value that was refused the model sees nothing, and says it is empty."""
        if field is None and hasattr(error, "error_dict"):
            new = {name: one for name, one in error.error_dict.items() if name not in self.errors}
            if not new:
                return
            error = ValidationError(new)
        super().add_error(field, error)

    class Meta:
        help_texts = {
            "value": "Letter by letter as the provider sends it. With * in it, * stands for anything. In a "
            f"template, {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)} stand for what each role and "
            "its account have.",
            "expires_at": "In UTC. From then on it gives nothing.",
        }
        field_classes = {"expires_at": forms.DateTimeField}
        widgets = {
            "expires_at": forms.DateTimeInput(
                format="%Y-%m-%dT%H:%M:%S", attrs={"type": "datetime-local", "step": 1}
            )
        }


@admin.register(Mapping)
class MappingAdmin(AuditedAdmin):
    """Claim value -> permission set -> accounts."""

    form = MappingForm
    inlines = (TargetInline,)
    parts = ("targets",)
    change_form_template = "admin/accounts/mapping/change_form.html"
    list_display = ("name", "reads", "permission_set", "reaches", "gives", "state")
    list_select_related = ("permission_set", "issuer")
    list_filter = (ByState, "claim", "match", "permission_set", "issuer")
    search_fields = (
        "name",
        "claim",
        "value",
        "permission_set__name",
        "targets__account__name",
        "targets__account__account_id",
        "targets__environment__label",
        "targets__unit",
        "targets__tag_value",
    )
    autocomplete_fields = ("permission_set", "issuer")
    actions = ("enable", "disable")
    fieldsets = (
        (None, {"fields": ("name",)}),
        ("Who", {"fields": ("issuer", "claim", "match", "value")}),
        ("Gets what", {"fields": ("permission_set", "console", "keys")}),
        ("When", {"fields": ("enabled", "expires_at")}),
    )

    class Media:
        js = ("portal/admin-targets.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mapping]:
        """Load the targets of all rows at once."""
        targets = MappingTarget.objects.select_related("account", "environment")
        return super().get_queryset(request).prefetch_related(Prefetch("targets", targets))

    @admin.display(description="claim value", ordering="value")
    def reads(self, mapping: Mapping) -> str:
        """Which claim value it matches."""
        of = f"{mapping.issuer}: " if mapping.issuer else ""
        return f"{of}{mapping.claim} = {mapping.value}"

    @admin.display(description="accounts")
    def reaches(self, mapping: Mapping) -> str:
        """Its first targets, and how many more."""
        targets = [str(target) for target in mapping.targets.all()]
        more = len(targets) - IN_A_CELL
        shown = ", ".join(targets[:IN_A_CELL]) or "none"
        return f"{shown} and {more} more" if more > 0 else shown

    @admin.display(description="gives")
    def gives(self, mapping: Mapping) -> str:
        """Console, keys, or both."""
        given = {"console": mapping.console, "keys": mapping.keys}
        return " and ".join(name for name, is_given in given.items() if is_given)

    @admin.display(description="state", ordering="expires_at")
    def state(self, mapping: Mapping) -> str:
        """Whether it gives anything now, and until when."""
        if not mapping.enabled:
            return "disabled"
        if mapping.issuer is not None and not mapping.issuer.enabled:
            return "issuer disabled"
        if mapping.expires_at is None:
            return "in force"
        day = f"{mapping.expires_at:%-d %b %Y}"
        return f"until {day}" if mapping.expires_at > timezone.now() else f"expired {day}"

    @admin.action(description="Enable the selected mappings", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> None:
        """Let them give again."""
        self._switch(request, queryset, enabled=True)

    @admin.action(description="Disable the selected mappings", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> None:
        """From the next request on they give nothing."""
        self._switch(request, queryset, enabled=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Mapping], *, enabled: bool) -> None:
        with transaction.atomic():
            switched = list(queryset.exclude(enabled=enabled))
            for mapping in switched:
                before = snapshot(mapping, self.parts)
                mapping.enabled = enabled
                mapping.save(update_fields=["enabled"])
                self.record_saved(request, mapping, before)
        done = "enabled" if enabled else "disabled"
        messages.success(request, f"Mappings {done}: {len(switched)}.")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Say so where what was saved reaches nothing."""
        super().save_related(request, form, formsets, change)
        if not form.instance.targets.exists():
            messages.warning(request, "It names no accounts, so it gives nothing: add a target.")

    def get_urls(self) -> list[URLPattern]:
        """Add the preview's page."""
        own = path(
            "<path:object_id>/preview/",
            self.admin_site.admin_view(self.preview_view),
            name="accounts_mapping_preview",
        )
        return [own, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show, below the form, what the stored mapping gives."""
        stored = self.get_object(request, unquote(object_id)) if request.method == "GET" else None
        if stored is not None and self.has_view_permission(request, stored):
            extra_context = {
                **(extra_context or {}),
                "preview": preview(mapping=stored, now=timezone.now()),
                "shown": ON_THE_PAGE,
            }
        return super().change_view(request, object_id, form_url, extra_context)

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what a mapping gives, on a page of its own."""
        mapping = self.get_object(request, unquote(object_id))
        if mapping is None:
            raise Http404
        if not self.has_view_permission(request, mapping):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Preview",
            "subtitle": str(mapping),
            "opts": self.opts,
            "original": mapping,
            "preview": preview(mapping=mapping, now=timezone.now()),
            "shown": ON_ITS_OWN_PAGE,
        }
        return TemplateResponse(request, "admin/accounts/mapping/preview.html", context)
