"""The audit trail, for reading only."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import AuditEvent
from accounts.types import ActorKind
from portal.admin.read_only import ReadOnlyAdmin


class AccountIdFilter(admin.SimpleListFilter):
    """Filter by account id, typed into a field: a list of all accounts would be too long."""

    title = "account id"
    parameter_name = "account"
    template = "admin/accounts/typed_filter.html"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Return one dummy choice; without any, Django hides the filter."""
        return [("", "")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        account_id = "".join((self.value() or "").replace("-", "").split())
        return queryset.filter(account_id=account_id) if account_id else queryset

    def choices(self, changelist: Any) -> Any:
        """Return what the template shows: the typed id, and the other filters as hidden fields."""
        others = {
            key: value[-1] if isinstance(value, list) else value
            for key, value in changelist.get_filters_params().items()
            if key != self.parameter_name
        }
        if changelist.query:
            others["q"] = changelist.query
        yield {"others": others, "typed": self.value() or "", "name": self.parameter_name}


class ActorKindFilter(admin.SimpleListFilter):
    """Filter by kind of actor; the choices come from the code, because distinct values of all rows would be slow."""

    title = "kind of actor"
    parameter_name = "actor_kind"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [(kind.value, kind.value) for kind in ActorKind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(actor_kind=self.value()) if self.value() else queryset


class DateFilter(admin.DateFieldListFilter):
    """Django's filter by date, with a plain title."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "date"


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("when", "action", "actor", "account_id", "role_name", "about")
    list_display_links = ("when",)
    list_filter = ("action", ActorKindFilter, ("at", DateFilter), AccountIdFilter)
    search_fields = (
        "actor",
        "sub",
        "account_id",
        "role_name",
        "role_arn",
        "reason",
        "access_key_id",
        "session_name",
        "request_id",
        "aws_request_id",
        "detail__object",
    )
    date_hierarchy = "at"
    list_per_page = 50
    fields: ClassVar[tuple[str, ...]] = (
        "when",
        *(
            field.name
            for field in AuditEvent._meta.concrete_fields
            if field.name not in ("at", "detail")
        ),
        "details",
    )
    readonly_fields = fields

    @admin.display(description="time (UTC)", ordering="at")
    def when(self, event: AuditEvent) -> str:
        return f"{event.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="about")
    def about(self, event: AuditEvent) -> str:
        """The object, else the reason, else the error."""
        return str(event.detail.get("object") or event.reason or event.error_code)[:120]

    @admin.display(description="detail")
    def details(self, event: AuditEvent) -> SafeString:
        """The detail as JSON; of an admin's change: before and after."""
        return format_html(
            '<pre class="json" tabindex="0">{}</pre>',
            json.dumps(event.detail, indent=2, ensure_ascii=False),
        )
