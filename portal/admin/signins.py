"""Sign-ins, to look at and end."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import ending, moments
from accounts.models import Approval, Person, SignIn
from accounts.visible import visible_lines
from portal.admin.access_of_people import end_as_admin, may_end, tell
from portal.admin.read_only import ReadOnlyAdmin

# Claims of the protocol, which say nothing about a person.
_PROTOCOL_CLAIMS = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "sid", "jti"})


class SignInStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [("open", "open"), ("over", "ended or over")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SignIn]) -> QuerySet[SignIn]:
        now = timezone.now()
        match self.value():
            case "open":
                return queryset.filter(pk__in=SignIn.objects.open_at(now))
            case "over":
                return queryset.filter(pk__in=SignIn.objects.over_at(now))
        return queryset


@admin.register(SignIn)
class SignInAdmin(ReadOnlyAdmin):
    """Completed sign-ins. The provider's tokens are never loaded from the database."""

    actions = ("end",)  # type: ignore[assignment]  # ReadOnlyAdmin has none.
    secret_columns = (
        "encrypted_id_token",
        "encrypted_refresh_token",
        "encrypted_access_token",
    )
    list_display = (
        "person",
        "identity",
        "state",
        "started_at",
        "last_used_at",
        "ended_by",
        "end_reason",
        "ip",
    )
    list_select_related = ("person",)
    list_filter = (SignInStateFilter, "ended_by", "started_at", "ended_at")
    search_fields = ("person__name", "person__email", "person__sub", "ip")
    fields = (
        "person",
        "identity",
        "state",
        "started_at",
        "last_used_at",
        "verified_at",
        "expires_at",
        "ended_at",
        "ended_by",
        "end_reason",
        "ip",
        "user_agent",
        "auth_time",
        "acr",
        "amr",
        "command_lines",
        "shown_claims",
    )
    readonly_fields = fields

    @admin.display(description="identity", ordering="person__sub")
    def identity(self, sign_in: SignIn) -> str:
        return sign_in.person.identity

    @admin.display(description="state")
    def state(self, sign_in: SignIn) -> str:
        """Return whether it is open; "over" if it ended by itself."""
        if sign_in.ended_at is not None:
            return "ended"
        return "open" if sign_in.is_open(timezone.now()) else "over"

    @admin.display(description="command lines")
    def command_lines(self, sign_in: SignIn) -> str:
        """Return its live command lines: who asked from where, and when each was last used."""
        found = ending.live_command_lines([sign_in], now=timezone.now())
        return "\n".join(map(_command_line, found)) or "none"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SignIn]:
        return super().get_queryset(request).defer(*self.secret_columns)

    @admin.display(description="claims")
    def shown_claims(self, sign_in: SignIn) -> SafeString:
        """Return the claims as JSON, without those of the protocol."""
        claims = {
            key: value for key, value in sign_in.claims.items() if key not in _PROTOCOL_CLAIMS
        }
        return format_html(
            '<pre class="json" tabindex="0">{}</pre>',
            visible_lines(json.dumps(claims, indent=2, sort_keys=True, ensure_ascii=False)),
        )

    def has_end_permission(self, request: HttpRequest) -> bool:
        return may_end(request)

    @admin.action(description="End the selected sign-ins", permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[SignIn]) -> None:
        """End those that are open, with their command lines and tokens, each with an audit row of its own."""
        chosen = SignIn.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        people = list(Person.objects.filter(sign_ins__in=chosen).distinct())
        tell(request, end_as_admin(request, chosen), people=people)


def _command_line(approval: Approval) -> str:
    used = "not used yet"
    if approval.last_used_at is not None:
        used = f"used {moments.in_words(approval.last_used_at)} from {approval.last_used_ip}"
    return f"{approval}, requested from {approval.requested_from}, {used}"
