"""The mappings' pages, with a preview of what each one gives and to whom."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from accounts.admin.audited import AuditedAdmin, snapshot
from accounts.admin.fields import AutocompletedInline
from accounts.models import Mapping, MappingTarget
from accounts.preview import preview

# How much the change page, the preview page and a list's cell show of a long list.
ON_THE_PAGE, ON_ITS_OWN_PAGE, IN_A_CELL = 20, 500, 3


class TargetInline(AutocompletedInline):
    """The accounts a mapping reaches, on its page."""

    model = MappingTarget
    verbose_name = "target"
    verbose_name_plural = "targets: the accounts it reaches, added up"
    autocomplete_fields = ("account", "environment")
    fields = ("kind", "account", "environment", "unit", "tag_key", "tag_value")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Load what each row shows at once."""
        return super().get_queryset(request).select_related("account", "environment")


class MappingForm(forms.ModelForm):  # type: ignore[type-arg]
    """A mapping; the date is the browser's own field, in UTC."""

    class Meta:
        help_texts = {"expires_at": "In UTC. From then on it gives nothing."}
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
    list_display = ("name", "reads", "permission_set", "reaches", "gives", "expires_at", "enabled")
    list_select_related = ("permission_set", "issuer")
    list_filter = ("claim", "match", "permission_set", "issuer", "enabled")
    search_fields = ("name", "claim", "value", "permission_set__name")
    autocomplete_fields = ("permission_set", "issuer")
    actions = ("enable", "disable")
    fieldsets = (
        (None, {"fields": ("name",)}),
        ("Who", {"fields": ("issuer", "claim", "match", "value")}),
        ("Gets what", {"fields": ("permission_set", "console", "keys")}),
        ("When", {"fields": ("enabled", "expires_at")}),
    )

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
