"""The keys that sign the portal's web identity tokens, for looking only: `manage.py signing_keys` changes them."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import SigningKey
from accounts.signing import stored_keys
from accounts.signing.documents import cache_time
from accounts.signing.key_states import state_of
from portal.admin.read_only import ReadOnlyAdmin
from portal.templatetags.shown import moment


@admin.register(SigningKey)
class SigningKeyAdmin(ReadOnlyAdmin):
    """All keys with their state. Their private halves are never loaded from the database."""

    secret_columns = ("encrypted_private_key",)
    list_display = (
        "number",
        "state",
        "algorithm",
        "kid",
        "created",
        "published",
        "signs",
        "withdrawn",
    )
    fields = (
        "number",
        "state",
        "algorithm",
        "kid",
        "public_key",
        "created",
        "published",
        "signs",
        "withdrawn",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[SigningKey]:
        return super().get_queryset(request).defer(*self.secret_columns)

    @admin.display(description="state")
    def state(self, key: SigningKey) -> str:
        """The state now; it depends on the other keys, of which there are a handful."""
        return state_of(
            key, stored_keys.public_keys(), now=timezone.now(), cache_time=cache_time()
        ).value

    @admin.display(description="public key")
    def public_key(self, key: SigningKey) -> SafeString:
        """The public half as it is published."""
        text = json.dumps(key.public_jwk, indent=2)
        return format_html('<pre class="json" tabindex="0">{}</pre>', text)

    @admin.display(description="created", ordering="created_at")
    def created(self, key: SigningKey) -> SafeString | str:
        return moment(key.created_at)

    @admin.display(description="published", ordering="published_at")
    def published(self, key: SigningKey) -> SafeString | str:
        return moment(key.published_at)

    @admin.display(description="signs from", ordering="signs_from")
    def signs(self, key: SigningKey) -> SafeString | str:
        return moment(key.signs_from)

    @admin.display(description="withdrawn", ordering="withdrawn_at")
    def withdrawn(self, key: SigningKey) -> SafeString | str:
        return moment(key.withdrawn_at)
