"""People and their sign-ins: for looking, except that an admin may block a person and their other identities."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import blocks, signins
from accounts.models import Person, SignIn, Token
from accounts.rules import near_misses_of
from accounts.types import Surface
from accounts.visible import visible_lines
from portal.admin.audited import AuditedAdmin
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.snapshots import snapshot
from portal.context import origin_of

# Claims of the protocol, which say nothing about a person.
_PROTOCOL_CLAIMS = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "sid", "jti"})


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whether a person may sign in, and why not: all that an admin decides about them."""

    # The admin who fills in the form.
    admin: Person | None = None

    also = forms.ModelMultipleChoiceField(
        label="The same for",
        queryset=Person.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="These identities have the same e-mail address or user name, so they may be the same human being.",
    )

    class Meta:
        help_texts = {
            "is_active": "If not, this person is blocked: their open sign-ins end, and the portal refuses "
            "their next request, also on the API and from command lines. Keys that AWS has already "
            "given are valid until they expire."
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "also" in self.fields:
            also = self.fields["also"]
            also.queryset = blocks.look_alikes(self.instance)  # type: ignore[attr-defined]
            also.label_from_instance = _identity_and_state  # type: ignore[attr-defined]

    def clean_is_active(self) -> bool:
        """Refuse to block oneself."""
        is_active = bool(self.cleaned_data["is_active"])
        if not is_active and self.instance == self.admin:
            raise ValidationError("You cannot block yourself. Ask another portal admin.")
        return is_active

    def clean_also(self) -> list[Person]:
        """Refuse to block oneself among others."""
        also = list(self.cleaned_data["also"])
        if not self.cleaned_data.get("is_active") and self.admin in also:
            raise ValidationError("You cannot block yourself. Ask another portal admin.")
        return also


@admin.register(Person)
class PersonAdmin(AuditedAdmin):
    """Whom the portal has seen. Rights come from claims, so everything but the block is read-only."""

    form = PersonForm
    # A sign-in may be writing the other columns at this moment.
    written_columns = ("is_active", "block_reason")
    list_display = (
        "__str__",
        "name",
        "identity",
        "is_admin",
        "is_auditor",
        "is_active",
        "last_seen_at",
        "last_seen_via",
    )
    list_filter = ("is_active", "is_admin", "is_auditor", "last_seen_via", "issuer")
    search_fields = ("name", "email", "username", "sub")
    fields = (
        "is_active",
        "block_reason",
        "also",
        "name",
        "email",
        "email_verified",
        "username",
        "issuer",
        "sub",
        "is_admin",
        "is_auditor",
        "first_seen",
        "last_seen_at",
        "last_seen_via",
        "last_login",
        "nearly_matching",
    )
    readonly_fields = fields[3:]

    @admin.display(description="identity", ordering="sub")
    def identity(self, person: Person) -> str:
        """The `sub` and the issuer: two people may have one name, but not these."""
        return person.identity

    @admin.display(description="nearly matching")
    def nearly_matching(self, person: Person) -> str:
        """Return the claim values of the latest sign-in that only look like those of mappings."""
        latest = SignIn.objects.filter(person=person).order_by("-started_at").first()
        if latest is None:
            return "none"
        misses = near_misses_of(signins.subject_of(latest), now=timezone.now())
        return "\n".join(map(str, misses)) or "none"

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"admin": request.user})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the look-alikes out where nobody can choose them."""
        if self.has_change_permission(request, obj):
            return self.fields
        return tuple(name for name in self.fields if name != "also")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Record the change; do the same to the look-alikes that were chosen, and say in words what was done."""
        super().save_related(request, form, formsets, change)
        person = form.instance
        people = [person]
        for other in form.cleaned_data.get("also", ()):
            before = snapshot(other)
            other.is_active, other.block_reason = person.is_active, person.block_reason
            other.save(update_fields=self.written_columns)
            self.record_saved(request, other, before=before)
            people.append(other)
        ended = 0
        for one in people:
            if not one.is_active:
                ended += end_sign_ins(
                    request,
                    SignIn.objects.filter(person=one, ended_at=None).select_related("person"),
                )
                self._warn_of_machine_tokens(request, one)
        if ended or len(people) > 1:
            messages.success(request, _in_words(people, ended=ended))

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
    list_display = (
        "person",
        "identity",
        "started_at",
        "expires_at",
        "ended_at",
        "end_reason",
        "ip",
    )
    list_select_related = ("person",)
    list_filter = ("started_at", "ended_at")
    search_fields = ("person__name", "person__email", "person__sub", "ip")
    fields = (
        "person",
        "identity",
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

    @admin.display(description="identity", ordering="person__sub")
    def identity(self, sign_in: SignIn) -> str:
        return sign_in.person.identity

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


def end_sign_ins(request: HttpRequest, sign_ins: Iterable[SignIn]) -> int:
    """End the sign-ins of people whom an admin blocks, and return how many."""
    number = 0
    for number, sign_in in enumerate(sign_ins, start=1):  # noqa: B007
        signins.end(
            sign_in=sign_in,
            reason="blocked by an admin",
            origin=origin_of(request, Surface.ADMIN),
            now=timezone.now(),
        )
    return number


def _identity_and_state(person: Person) -> str:
    state = "may sign in" if person.is_active else "blocked"
    via = f", last seen via {person.last_seen_via}" if person.last_seen_via else ""
    return f"{person}: {person.identity} ({state}{via})"


def _in_words(people: Sequence[Person], *, ended: int) -> str:
    done = "Unblocked" if people[0].is_active else "Blocked"
    names = "; ".join(f"{one} ({one.identity})" for one in people)
    if not ended:
        return f"{done}: {names}."
    return f"{done}: {names}. {ended} open sign-in{'' if ended == 1 else 's'} ended."
