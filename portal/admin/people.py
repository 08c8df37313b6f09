"""People and their sign-ins: for looking, except that an admin may block a person."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import signins
from accounts.models import Person, SignIn, Token
from accounts.types import Surface
from portal.admin.audited import AuditedAdmin
from portal.admin.read_only import ReadOnlyAdmin
from portal.context import origin_of

# Claims of the protocol, which say nothing about a person.
_PROTOCOL_CLAIMS = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "sid", "jti"})


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whether a person may sign in: all that an admin decides about them."""

    # The admin who fills in the form.
    admin: Person | None = None

    class Meta:
        help_texts = {
            "is_active": "If not, this person is blocked: their open sign-ins end, and the portal refuses "
            "their next request."
        }

    def clean_is_active(self) -> bool:
        """Refuse to block oneself."""
        is_active = bool(self.cleaned_data["is_active"])
        if not is_active and self.instance == self.admin:
            raise ValidationError("You cannot block yourself. Ask another portal admin.")
        return is_active


@admin.register(Person)
class PersonAdmin(AuditedAdmin):
    """Who has signed in. Rights come from claims, so everything but the block is read-only."""

    form = PersonForm
    # A sign-in may be writing the other columns at this moment.
    written_columns = ("is_active",)
    list_display = ("__str__", "name", "is_admin", "is_auditor", "is_active", "last_login")
    list_filter = ("is_active", "is_admin", "is_auditor", "issuer")
    search_fields = ("name", "email", "sub")
    fields = (
        "is_active",
        "name",
        "email",
        "email_verified",
        "issuer",
        "sub",
        "is_admin",
        "is_auditor",
        "first_seen",
        "last_login",
    )
    readonly_fields = tuple(field for field in fields if field != "is_active")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"admin": request.user})

    def save_model(
        self, request: HttpRequest, obj: Person, form: ModelForm[Person], change: bool
    ) -> None:
        """Save; of a blocked person, end the open sign-ins."""
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            open_sign_ins = SignIn.objects.filter(person=obj, ended_at=None)
            for sign_in in open_sign_ins.select_related("person"):
                signins.end(
                    sign_in=sign_in,
                    reason="blocked by an admin",
                    origin=origin_of(request, Surface.ADMIN),
                    now=timezone.now(),
                )
            self._warn_of_machine_tokens(request, obj)

    def _warn_of_machine_tokens(self, request: HttpRequest, person: Person) -> None:
        """Name the machine tokens the person has created: they still work, and the person has seen the secrets."""
        live = Token.objects.filter(
            created_by=person, revoked_at=None, expires_at__gt=timezone.now()
        ).exclude(machine="")
        if number := live.count():
            url = reverse("admin:accounts_token_changelist", current_app=self.admin_site.name)
            messages.warning(
                request,
                format_html(
                    "{} that {} created still {}, and {} knows {}. "
                    '<a href="{}?created_by__exact={}&amp;state=live">Check and revoke</a>',
                    "1 machine token" if number == 1 else f"{number} machine tokens",
                    person,
                    "works" if number == 1 else "work",
                    person,
                    "its secret" if number == 1 else "their secrets",
                    url,
                    person.pk,
                ),
            )


@admin.register(SignIn)
class SignInAdmin(ReadOnlyAdmin):
    """Completed sign-ins. The provider's tokens are never loaded from the database."""

    secret_columns = ("encrypted_id_token", "encrypted_refresh_token")
    list_display = ("person", "started_at", "expires_at", "ended_at", "end_reason", "ip")
    list_select_related = ("person",)
    list_filter = ("started_at", "ended_at")
    search_fields = ("person__name", "person__email", "person__sub", "ip")
    fields = (
        "person",
        "started_at",
        "verified_at",
        "expires_at",
        "ended_at",
        "end_reason",
        "ip",
        "user_agent",
        "auth_time",
        "acr",
        "amr",
        "shown_claims",
    )
    readonly_fields = fields

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
            json.dumps(claims, indent=2, sort_keys=True, ensure_ascii=False),
        )
