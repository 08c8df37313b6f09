"""People and their sign-ins: for looking, but for one act, to say whether a person may sign in."""

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
from portal.admin.audited import AuditedAdmin, ReadOnlyAdmin, origin_of

# Claims that belong to the protocol and say nothing about a person.
_PROTOCOL = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "sid", "jti"})


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """The one thing an admin decides about a person."""

    me: Person | None = None

    class Meta:
        help_texts = {
            "is_active": "Without it nothing of the portal opens for this person, from the next "
            "request on, and the sign-ins that are open now end."
        }

    def clean_is_active(self) -> bool:
        """Refuse to lock oneself out."""
        may = bool(self.cleaned_data["is_active"])
        if not may and self.instance == self.me:
            raise ValidationError("You cannot block yourself; ask another portal admin.")
        return may


@admin.register(Person)
class PersonAdmin(AuditedAdmin):
    """Who has signed in. Rights come from claims, so all but the block is for reading."""

    form = PersonForm
    # A sign-in may be writing the rest at this moment.
    written = ("is_active",)
    list_display = ("__str__", "name", "is_admin", "is_auditor", "is_active", "last_login")
    list_filter = ("is_active", "is_admin", "is_auditor", "issuer")
    search_fields = ("name", "email", "sub")
    fields = (
        "is_active",
        "name",
        "email",
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
        """Tell the form who is asking."""
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"me": request.user})

    def save_model(
        self, request: HttpRequest, obj: Person, form: ModelForm[Person], change: bool
    ) -> None:
        """Write the block, and end what is open."""
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            for sign_in in SignIn.objects.select_related("person").filter(
                person=obj, ended_at=None
            ):
                signins.end(
                    sign_in=sign_in,
                    reason="blocked by an admin",
                    origin=origin_of(self, request),
                    now=timezone.now(),
                )
            self._tell_of_machines(request, obj)

    def _tell_of_machines(self, request: HttpRequest, person: Person) -> None:
        """A machine's token outlives who made it, and they have seen its secret."""
        live = Token.objects.filter(
            created_by=person, revoked_at=None, expires_at__gt=timezone.now()
        ).exclude(machine="")
        if number := live.count():
            listed = reverse("admin:accounts_token_changelist", current_app=self.admin_site.name)
            messages.warning(
                request,
                format_html(
                    "{} of machines that {} made and has seen still {} something. "
                    '<a href="{}?created_by__exact={}&amp;state=live">Revoke what they should not have.</a>',
                    "1 token" if number == 1 else f"{number} tokens",
                    person,
                    "opens" if number == 1 else "open",
                    listed,
                    person.pk,
                ),
            )


@admin.register(SignIn)
class SignInAdmin(ReadOnlyAdmin):
    """Completed sign-ins. The provider's tokens are not even loaded."""

    kept_apart = ("encrypted_id_token", "encrypted_access_token", "encrypted_refresh_token")
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
        "claims_that_count",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[SignIn]:
        """Leave the encrypted tokens in the database."""
        return super().get_queryset(request).defer(*self.kept_apart)

    @admin.display(description="claims")
    def claims_that_count(self, sign_in: SignIn) -> SafeString:
        """What the provider said of the person, without what belongs to the protocol."""
        claims = {key: value for key, value in sign_in.claims.items() if key not in _PROTOCOL}
        return format_html(
            '<pre class="json" tabindex="0">{}</pre>',
            json.dumps(claims, indent=2, sort_keys=True, ensure_ascii=False),
        )
