"""The audit trail, for reading only."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import audit
from accounts.audit import AuditSearch
from accounts.aws.limits import NEARLY_FULL
from accounts.models import AuditEvent
from accounts.models.audit import AuditOutcome
from accounts.types import ActorKind
from accounts.visible import visible, visible_lines
from portal.admin.read_only import ReadOnlyAdmin
from portal.templatetags.shown import moment


class TypedFilter(admin.SimpleListFilter):
    """Filter by a text that is typed into a field: a list of all choices would be too long."""

    template = "admin/accounts/typed_filter.html"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Return one dummy choice; without any, Django hides the filter."""
        return [("", "")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return audit.search(self.search_for(self.value() or ""), within=queryset)

    def search_for(self, typed: str) -> AuditSearch:
        """Return what to search for."""
        raise NotImplementedError

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


class PersonFilter(TypedFilter):
    """Filter by who did it: part of a name, or a `sub`."""

    title = "person"
    parameter_name = "person"

    def search_for(self, typed: str) -> AuditSearch:
        return AuditSearch(person=typed.strip())


class AccountFilter(TypedFilter):
    """Filter by the account's id or part of its name."""

    title = "account"
    parameter_name = "account"

    def search_for(self, typed: str) -> AuditSearch:
        return AuditSearch(account=typed.strip())


class OutcomeFilter(admin.SimpleListFilter):
    """Filter by how it ended, which is part of the action."""

    title = parameter_name = "outcome"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [(str(value), str(words)) for value, words in AuditOutcome.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return audit.search(AuditSearch(outcome=self.value() or ""), within=queryset)


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
    list_display = ("when", "action", "actor", "identity", "account", "role_name", "about")
    list_display_links = ("when",)
    list_filter = (
        PersonFilter,
        AccountFilter,
        OutcomeFilter,
        "action",
        ActorKindFilter,
        ("at", DateFilter),
    )
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
            if field.name not in ("at", "account_id", "detail")
        ),
        "account",
        "size",
        "details",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        return audit.with_account_names(super().get_queryset(request))

    @admin.display(description="time", ordering="at")
    def when(self, event: AuditEvent) -> SafeString | str:
        return moment(event.at, seconds=True)

    @admin.display(description="identity", ordering="sub")
    def identity(self, event: AuditEvent) -> str:
        """The `sub` and the issuer: two people may have one name, but not these."""
        return visible(f"{event.sub} at {event.issuer}") if event.sub else ""

    @admin.display(description="account", ordering="account_id")
    def account(self, event: AuditEvent) -> str:
        """The account's name now beside its id; the id alone for accounts that are not in the directory."""
        name = visible(event.account_name)  # type: ignore[attr-defined]
        return f"{name} ({event.account_id})" if name else event.account_id

    @admin.display(description="about")
    def about(self, event: AuditEvent) -> str:
        """The object, else the reason, else the error."""
        return visible(str(event.detail.get("object") or event.reason or event.error_code)[:120])

    @admin.display(description="size at AWS")
    def size(self, event: AuditEvent) -> str:
        """How much of AWS's limits a session took; beyond them AWS refuses."""
        packed, token = (
            event.detail.get(key) for key in ("packed_policy_size", "token_utilization")
        )
        parts = [
            f"{packed} % of the packed size of session tags and policies"
            if packed is not None
            else "",
            f"{token} % of the session token" if token is not None else "",
        ]
        shown = ", ".join(filter(None, parts))
        if packed is not None and packed >= NEARLY_FULL:
            shown += ". Nearly full: at 100 % AWS refuses. Use fewer or shorter tags and policies."
        return shown

    @admin.display(description="detail")
    def details(self, event: AuditEvent) -> SafeString:
        """The detail as JSON; of an admin's change: before and after."""
        return format_html(
            '<pre class="json" tabindex="0">{}</pre>',
            visible_lines(json.dumps(event.detail, indent=2, ensure_ascii=False)),
        )
