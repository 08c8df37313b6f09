"""Mappings, with a preview of what each one gives and to whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.mapping_findings import Found, findings
from accounts.mapping_values import hint
from accounts.models import Mapping, MappingTarget, PermissionSet
from accounts.patterns import Match
from accounts.preview import preview
from accounts.rules import all_rules_in_force
from accounts.visible import visible
from accounts.vouched_claims import NOT_VERIFIED_HINT, is_email_claim
from portal.admin.account_lines import account_targets, are_lines, lines
from portal.admin.mapping_bulk import ChangesSeveral
from portal.admin.mapping_forms import MappingForm, TargetInline, suggested
from portal.admin.reaching import ReachedAccountFilter, ReachedEnvironmentFilter
from portal.admin.tasks import THIS_WEEK, expiring
from portal.templatetags.shown import moment

# How many rows of a preview the change page and the preview page show, and how many targets a list's cell.
CHANGE_PAGE_ROWS, PREVIEW_PAGE_ROWS, CELL_TARGETS = 20, 500, 3
FINDINGS_SHOWN = 200
"""How many mappings the page of findings lists of each kind."""
# A mapping that expires within this time is in the filter "expires soon".
EXPIRES_SOON = timedelta(days=30)


class MappingStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [
            ("force", "in force"),
            ("week", "expires this week"),
            ("soon", f"expires within {EXPIRES_SOON.days} days"),
            ("expired", "expired"),
            ("disabled", "disabled"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> QuerySet[Mapping]:
        now = timezone.now()
        match self.value():
            case "force":
                return queryset.filter(
                    Q(expires_at=None) | Q(expires_at__gt=now),
                    Q(issuer=None) | Q(issuer__enabled=True),
                    enabled=True,
                )
            case "soon":
                return expiring(queryset, EXPIRES_SOON, now)
            case "week":
                return expiring(queryset, THIS_WEEK, now)
            case "expired":
                return queryset.filter(expires_at__lte=now)
            case "disabled":
                return queryset.filter(enabled=False)
        return queryset


class GivesFilter(admin.SimpleListFilter):
    """Mappings that can give a permission set: templates that take it from the claim can give each of them."""

    title = "permission set"
    parameter_name = "gives"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        sets = PermissionSet.objects.order_by("name").values_list("pk", "name")
        return [(str(number), name) for number, name in sets]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> QuerySet[Mapping]:
        if (chosen := self.value()) is None:
            return queryset
        if chosen not in {number for number, _ in self.lookup_choices}:
            return queryset.none()
        return queryset.filter(Q(permission_set=chosen) | Q(permission_set=None))


@admin.register(Mapping)
class MappingAdmin(ChangesSeveral):
    """A mapping: claim value -> permission set -> accounts."""

    form = MappingForm
    inlines = (TargetInline,)
    inline_relations = ("targets",)
    change_form_template = "admin/accounts/mapping/change_form.html"
    change_list_template = "admin/accounts/mapping/change_list.html"
    list_display = ("name", "claim_value", "permission_set", "reaches", "gives", "state")
    list_select_related = ("permission_set", "issuer")
    list_filter = (
        MappingStateFilter,
        ReachedAccountFilter,
        ReachedEnvironmentFilter,
        "claim",
        "match",
        GivesFilter,
        "issuer",
    )
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
    actions = ("change_several", "enable", "disable")
    changes_only_rules = True
    fieldsets = (
        (None, {"fields": ("name",)}),
        ("Who", {"fields": ("issuer", "claim", "split", "match", "value")}),
        ("What", {"fields": ("permission_set", "console", "keys")}),
        ("Where", {"fields": ("account_lines",)}),
        ("When", {"fields": ("enabled", "expires_at")}),
    )

    class Media:
        js = ("portal/admin-targets.js",)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Suggest the claims that mappings read, and the values that these had in the latest sign-ins."""
        context["suggested"] = suggested()
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mapping]:
        targets = MappingTarget.objects.select_related("account", "environment")
        return super().get_queryset(request).prefetch_related(Prefetch("targets", targets))

    @admin.display(description="claim value", ordering="value")
    def claim_value(self, mapping: Mapping) -> str:
        issuer = f"{mapping.issuer}: " if mapping.issuer else ""
        return visible(f"{issuer}{mapping.claim} = {mapping.value}")

    @admin.display(description="accounts")
    def reaches(self, mapping: Mapping) -> str:
        """Return the first targets, and how many more there are."""
        targets = [visible(str(target)) for target in mapping.targets.all()]
        more = len(targets) - CELL_TARGETS
        shown = ", ".join(targets[:CELL_TARGETS]) or "none"
        return f"{shown} and {more} more" if more > 0 else shown

    @admin.display(description="many accounts")
    def account_lines(self, mapping: Mapping) -> str:
        """Return the accounts that are no rows below, for those who only look."""
        return "\n".join(lines(account_targets(mapping))) if are_lines(mapping) else "none"

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the rows of targets, then the accounts that are lines."""
        super().save_formset(request, form, formset, change)
        form.save_accounts()

    @admin.display(description="gives")
    def gives(self, mapping: Mapping) -> str:
        given = {"console": mapping.console, "keys": mapping.keys}
        return " and ".join(name for name, is_given in given.items() if is_given)

    @admin.display(description="state", ordering="expires_at")
    def state(self, mapping: Mapping) -> SafeString | str:
        if not mapping.enabled:
            return "disabled"
        if mapping.issuer is not None and not mapping.issuer.enabled:
            return "issuer disabled"
        if mapping.expires_at is None:
            return "in force"
        state = "until" if mapping.expires_at > timezone.now() else "expired"
        return format_html("{} {}", state, moment(mapping.expires_at))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Warn of a mapping without targets, of a value probably meant otherwise, of access by address."""
        super().save_related(request, form, formsets, change)
        mapping = form.instance
        # Its own `targets` are those from before this form.
        if not MappingTarget.objects.filter(mapping=mapping).exists():
            messages.warning(
                request, "This mapping has no targets, so it gives nothing. Add a target."
            )
        if probably := hint(match=Match(mapping.match), value=mapping.value):
            messages.warning(request, probably)
        if (
            mapping.issuer_id is None
            and is_email_claim(mapping.claim)
            and not settings.OIDC_EMAIL_IS_VERIFIED
        ):
            messages.warning(request, NOT_VERIFIED_HINT)

    def get_urls(self) -> list[URLPattern]:
        preview_page = path(
            "<path:object_id>/preview/",
            self.admin_site.admin_view(self.preview_view),
            name="accounts_mapping_preview",
        )
        findings_page = path(
            "findings/",
            self.admin_site.admin_view(self.findings_view),
            name="accounts_mapping_findings",
        )
        return [findings_page, preview_page, *super().get_urls()]

    def findings_view(self, request: HttpRequest) -> HttpResponse:
        """List the mappings that are probably meant otherwise."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = timezone.now()
        by_kind: dict[str, list[Found]] = {}
        for found in findings(all_rules_in_force(now=now), now=now):
            by_kind.setdefault(found.finding.value, []).append(found)
        context = {
            **self.admin_site.each_context(request),
            "title": "Mappings to look at",
            "opts": self.opts,
            "kinds": [
                (kind, len(found), found[:FINDINGS_SHOWN]) for kind, found in by_kind.items()
            ],
            "shown": FINDINGS_SHOWN,
        }
        return TemplateResponse(request, "admin/accounts/mapping/findings.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what the stored mapping gives below the form."""
        stored = self.get_object(request, unquote(object_id)) if request.method == "GET" else None
        if stored is not None and self.has_view_permission(request, stored):
            extra_context = {
                **(extra_context or {}),
                "preview": preview(mapping=stored, now=timezone.now()),
                "shown": CHANGE_PAGE_ROWS,
            }
        return super().change_view(request, object_id, form_url, extra_context)

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
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
            "shown": PREVIEW_PAGE_ROWS,
        }
        return TemplateResponse(request, "admin/accounts/mapping/preview.html", context)
