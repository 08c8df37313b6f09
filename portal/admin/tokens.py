"""Tokens of the portal: all of them, for looking at and for revoking. They are made on the portal's own pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import tokens
from accounts.models import Person, Token
from portal.admin.audited import ReadOnlyAdmin, origin_of


class ByState(admin.SimpleListFilter):
    """Those that still open something, and those that are over."""

    title = "state"
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """What there is to choose."""
        return [("live", "live"), ("expired", "expired"), ("revoked", "revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Token]) -> QuerySet[Token]:
        """Narrow to what was chosen."""
        now = timezone.now()
        match self.value():
            case "live":
                return queryset.filter(revoked_at=None, expires_at__gt=now)
            case "expired":
                return queryset.filter(revoked_at=None, expires_at__lte=now)
            case "revoked":
                return queryset.exclude(revoked_at=None)
        return queryset


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    """Whose tokens there are, what for, and when each was last used. Not even their hashes are loaded."""

    kept_apart = ("digest",)
    actions = ("revoke",)  # type: ignore[assignment]  # ReadOnlyAdmin has none.
    list_display = (
        "purpose",
        "acts_as",
        "created_by",
        "state",
        "created_at",
        "expires_at",
        "last_used_at",
    )
    list_select_related = ("created_by",)
    list_filter = (ByState, "audit", "directory", "expires_at", "last_used_at")
    search_fields = (
        "machine",
        "purpose",
        "created_by__name",
        "created_by__email",
        "created_by__sub",
        "last_used_ip",
    )
    fields = (
        "id",
        "created_by",
        "machine",
        "purpose",
        "permission_sets",
        "account_ids",
        "console",
        "keys",
        "directory",
        "audit",
        "created_at",
        "expires_at",
        "last_used_at",
        "last_used_ip",
        "revoked_at",
        "revoked_by",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Token]:
        """Leave the hashes in the database."""
        return super().get_queryset(request).defer(*self.kept_apart)

    @admin.display(description="acts as", ordering="machine")
    def acts_as(self, token: Token) -> str:
        """The machine, or the person who made it."""
        return f"token:{token.machine}" if token.machine else str(token.created_by)

    @admin.display(description="state")
    def state(self, token: Token) -> str:
        """Whether it opens anything, and why not."""
        if token.revoked_at is not None:
            return "revoked"
        if not token.is_live(timezone.now()):
            return "expired"
        return "blocked" if not (token.machine or token.created_by.is_active) else "live"

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """For portal admins; auditors look."""
        return isinstance(request.user, Person) and request.user.is_admin

    @admin.action(description="Revoke the selected tokens for good", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """Revoke each, with its own audit row."""
        now = timezone.now()
        ids = list(queryset.filter(revoked_at=None).values_list("pk", flat=True))
        for token_id in ids:
            tokens.revoke(
                token_id=token_id,
                sign_in=request.sign_in,  # type: ignore[attr-defined]
                origin=origin_of(self, request),
                now=now,
            )
        noun = "token" if len(ids) == 1 else "tokens"
        messages.success(request, f"Revoked {len(ids)} {noun}.")
