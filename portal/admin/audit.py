"""The audit trail's pages: all of it, for reading only."""

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
from portal.admin.audited import ReadOnlyAdmin


class ByAccount(admin.SimpleListFilter):
    """Rows about one account, by its id: typed, since a list of all would be longer than the page."""

    title = "account id"
    parameter_name = "account"
    template = "admin/accounts/typed_filter.html"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Return something, or Django leaves the filter out."""
        return [("", "")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow to the account."""
        typed = "".join((self.value() or "").replace("-", "").split())
        return queryset.filter(account_id=typed) if typed else queryset

    def choices(self, changelist: Any) -> Any:
        """Hand the other filters to the template, to be kept."""
        kept = {
            key: value[-1] if isinstance(value, list) else value
            for key, value in changelist.get_filters_params().items()
            if key != self.parameter_name
        }
        if changelist.query:
            kept["q"] = changelist.query
        yield {"kept": kept, "typed": self.value() or "", "name": self.parameter_name}


class ByActorKind(admin.SimpleListFilter):
    """Rows of people, of workloads or of tokens: named here, for looking through all rows would take long."""

    title = "kind of actor"
    parameter_name = "actor_kind"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """What there is to choose."""
        return [(kind.value, kind.value) for kind in ActorKind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow to what was chosen."""
        return queryset.filter(actor_kind=self.value()) if self.value() else queryset


class ByDate(admin.DateFieldListFilter):
    """Rows of a time, under a name people would give it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "date"


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what, when, from where, with which outcome and why."""

    list_display = ("when", "action", "actor", "account_id", "role_name", "about")
    list_display_links = ("when",)
    list_filter = ("action", ByActorKind, ("at", ByDate), ByAccount)
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

    @admin.display(description="at (UTC)", ordering="at")
    def when(self, event: AuditEvent) -> str:
        """To the second, as logs are compared."""
        return f"{event.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="about")
    def about(self, event: AuditEvent) -> str:
        """The object, the reason or the error."""
        return str(event.detail.get("object") or event.reason or event.error_code)[:120]

    @admin.display(description="detail")
    def details(self, event: AuditEvent) -> SafeString:
        """What else was recorded; for an admin's change: before and after."""
        return format_html(
            '<pre class="json" tabindex="0">{}</pre>',
            json.dumps(event.detail, indent=2, ensure_ascii=False),
        )
