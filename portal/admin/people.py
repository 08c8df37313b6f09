"""People: for looking, except that an admin may block a person and their other identities, and end their sign-ins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from accounts import blocking, blocks, signins
from accounts.models import AuditEvent, Block, Person, SignIn, Token
from accounts.rules import near_misses_of
from accounts.types import Surface
from portal.admin.access_of_people import ShowsAccess, links_to_cut
from portal.admin.audited import AuditedAdmin
from portal.admin.blocked import ShowsBlocks
from portal.admin.history import ADMIN_ACTIONS
from portal.context import origin_of, subject_of_request


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whether this identity is blocked, and why: all that an admin decides about people."""

    # The admin who fills in the form.
    admin: Person | None = None

    blocked = forms.BooleanField(
        required=False,
        help_text="Their open sign-ins end, and the portal refuses their next request, also on the API and "
        "from command lines. Keys that AWS has already given are valid until they expire.",
    )
    block_reason = forms.CharField(
        label="Why blocked",
        required=False,
        max_length=255,
        widget=AdminTextInputWidget,
        help_text="For other admins and the audit trail.",
    )
    also = forms.ModelMultipleChoiceField(
        label="The same for",
        queryset=Person.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="These identities have the same e-mail address or user name, so they may be the same human being.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = blocks.of_identity(issuer=self.instance.issuer, sub=self.instance.sub)
        self.initial["blocked"] = stored is not None
        self.initial["block_reason"] = "" if stored is None else stored.reason
        if "also" in self.fields:
            look_alikes = blocks.look_alikes(self.instance)
            reached = blocks.of_each(blocks.known_subjects(look_alikes))
            also = self.fields["also"]
            also.queryset = look_alikes  # type: ignore[attr-defined]
            also.label_from_instance = lambda person: _with_state(  # type: ignore[attr-defined]
                person, reached.get(person.pk, [])
            )

    def clean(self) -> Any:
        """Refuse to block oneself, alone or among others, and to block without a reason."""
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("blocked"):
            return cleaned
        if self.admin == self.instance or self.admin in cleaned.get("also", ()):
            raise ValidationError("You cannot block yourself. Ask another portal admin.")
        if not cleaned.get("block_reason"):
            self.add_error("block_reason", "Say why: for other admins and the audit trail.")
        return cleaned


class IdentityBlockedFilter(admin.SimpleListFilter):
    title = "blocked identity"
    parameter_name = "blocked"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [("yes", "yes"), ("no", "no")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Person]) -> QuerySet[Person]:
        blocked = Exists(Block.objects.filter(issuer=OuterRef("issuer"), sub=OuterRef("sub")))
        match self.value():
            case "yes":
                return queryset.filter(blocked)
            case "no":
                return queryset.exclude(blocked)
        return queryset


@admin.register(Person)
class PersonAdmin(ShowsAccess, ShowsBlocks, AuditedAdmin):
    """Whom the portal has seen. Rights come from claims and blocks are rows of their own, so no column is written."""

    form = PersonForm
    written_columns = ()
    list_display = (
        "__str__",
        "name",
        "identity",
        "is_admin",
        "is_auditor",
        "blocked_by",
        "last_seen_at",
        "last_seen_via",
    )
    list_filter = (IdentityBlockedFilter, "is_admin", "is_auditor", "last_seen_via", "issuer")
    search_fields = ("name", "email", "username", "sub")
    form_fields = ("blocked", "block_reason", "also")
    fields = (
        *form_fields,
        "blocked_by",
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
    readonly_fields = fields[len(form_fields) :]

    def blocks_of_each(self, rows: Sequence[Person]) -> dict[Any, list[Block]]:
        return blocks.of_each(blocks.known_subjects(rows))

    @admin.display(description="identity", ordering="sub")
    def identity(self, person: Person) -> str:
        """The `sub` and the issuer: two people may have one name, but not these."""
        return person.identity

    @admin.display(description="blocked by")
    def blocked_by(self, person: Person) -> str:
        """All that refuses them: a block of this identity, and blocks of claim values of their latest sign-in."""
        return _in_words_by(self.blocks_of(person))

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
        """Leave out what nobody without the right to change can fill in."""
        if self.has_change_permission(request, obj):
            return self.fields
        return self.readonly_fields

    def state_of(self, obj: Person) -> Any:
        """Compare the block: it is what the form changes."""
        stored = blocks.of_identity(issuer=obj.issuer, sub=obj.sub)
        return stored and [stored.pk, stored.reason]

    def changes_of(self, obj: Person) -> QuerySet[AuditEvent]:
        """Return the blocks and unblocks of this identity."""
        named = {"issuer": obj.issuer, "sub": obj.sub}
        return AuditEvent.objects.filter(
            Q(**{f"detail__after__{name}": value for name, value in named.items()})
            | Q(**{f"detail__before__{name}": value for name, value in named.items()}),
            action__in=ADMIN_ACTIONS,
            detail__model="block",
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Block or unblock the person and the look-alikes that were chosen, and say in words what was done."""
        super().save_related(request, form, formsets, change)
        if not {*self.form_fields}.intersection(form.changed_data):
            return
        is_blocked = form.cleaned_data["blocked"]
        people = [form.instance, *form.cleaned_data.get("also", ())]
        by, origin = subject_of_request(request), origin_of(request, Surface.ADMIN)
        now, done = timezone.now(), []
        for person in people:
            whom = Block(
                issuer=person.issuer, sub=person.sub, reason=form.cleaned_data["block_reason"]
            )
            if is_blocked:
                done.append(blocking.block(whom, by=by, origin=origin, now=now))
                self._warn_of_machine_tokens(request, person)
            elif stored := blocks.of_identity(issuer=person.issuer, sub=person.sub):
                blocking.unblock(stored, by=by, origin=origin, now=now)
        messages.success(request, _in_words(people, done, is_blocked=is_blocked))

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


def _in_words_by(reaching: Sequence[Block]) -> str:
    """Return "this identity; groups = payments"."""
    return (
        "; ".join("this identity" if block.sub else str(block) for block in reaching) or "nothing"
    )


def _with_state(person: Person, reaching: Sequence[Block]) -> str:
    state = f"blocked by {_in_words_by(reaching)}" if reaching else "not blocked"
    via = f", last seen via {person.last_seen_via}" if person.last_seen_via else ""
    return f"{person}: {person.identity} ({state}{via})"


def _in_words(
    people: Sequence[Person], done: Sequence[blocking.Blocked], *, is_blocked: bool
) -> str:
    names = "; ".join(f"{one} ({one.identity})" for one in people)
    if not is_blocked:
        return f"Unblocked: {names}."
    until = max((one.alive_until for one in done if one.alive_until), default=None)
    ended = sum(len(one.ended) for one in done)
    link = "" if until is None else links_to_cut(people)
    return format_html("Blocked: {}. {}. {}", names, blocking.in_words(ended, until), link)
