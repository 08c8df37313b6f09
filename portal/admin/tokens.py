"""The portal's tokens, to look at and revoke; they are created on the portal's pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import blocks
from accounts.models import Block, Person, Token
from accounts.portal_tokens import bearers, lifecycle
from accounts.types import Surface
from portal.admin.blocked import ShowsBlocks
from portal.admin.read_only import ReadOnlyAdmin
from portal.context import origin_of, sign_in_of


class TokenStateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [("live", "live"), ("expired", "expired"), ("revoked", "revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Token]) -> QuerySet[Token]:
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
class TokenAdmin(ShowsBlocks, ReadOnlyAdmin):
    """All tokens, and when each was last used. Their hashes are never loaded from the database."""

    secret_columns = ("digest",)
    actions = ("revoke",)  # type: ignore[assignment]  # ReadOnlyAdmin has none.
    list_display = (
        "purpose",
        "acts_as",
        "created_by",
        "identity",
        "state",
        "created_at",
        "expires_at",
        "last_used_at",
    )
    list_select_related = ("created_by",)
    list_filter = (
        TokenStateFilter,
        "audit",
        "directory",
        "read_only",
        "testing",
        "revoking",
        "expires_at",
        "last_used_at",
    )
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
        "identity",
        "machine",
        "purpose",
        "permission_sets",
        "account_ids",
        "console",
        "keys",
        "directory",
        "audit",
        "read_only",
        "testing",
        "revoking",
        "created_at",
        "expires_at",
        "last_used_at",
        "last_used_ip",
        "revoked_at",
        "revoked_by",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Token]:
        return super().get_queryset(request).defer(*self.secret_columns)

    def blocks_of_each(self, rows: Sequence[Token]) -> dict[Any, list[Block]]:
        """Of a machine's token the machine's blocks, of others those of the person."""
        creators = blocks.known_subjects({token.created_by for token in rows})
        claims = {token.pk: creators[token.created_by.pk].claims for token in rows}
        return blocks.of_each(
            {token.pk: bearers.subject_with(token, claims[token.pk]) for token in rows}
        )

    @admin.display(description="identity of the creator", ordering="created_by__sub")
    def identity(self, token: Token) -> str:
        return token.created_by.identity

    @admin.display(description="acts as", ordering="machine")
    def acts_as(self, token: Token) -> str:
        return f"token:{token.machine}" if token.machine else str(token.created_by)

    @admin.display(description="state")
    def state(self, token: Token) -> str:
        if token.revoked_at is not None:
            return "revoked"
        if not token.is_live(timezone.now()):
            return "expired"
        return "blocked" if self.blocks_of(token) else "live"

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, Person) and request.user.is_admin

    @admin.action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """Revoke each token, with an audit row of its own."""
        now = timezone.now()
        ids = list(queryset.filter(revoked_at=None).values_list("pk", flat=True))
        for token_id in ids:
            lifecycle.revoke(
                token_id=token_id,
                sign_in=sign_in_of(request),
                origin=origin_of(request, Surface.ADMIN),
                now=now,
            )
        noun = "token" if len(ids) == 1 else "tokens"
        messages.success(request, f"Revoked {len(ids)} {noun}.")
