"""Blocks of identities that were never seen, and of whoever has a claim value."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from accounts import blocking, blocks
from accounts.models import Block, SignIn
from accounts.types import Surface
from portal.admin.audited import AuditedAdmin
from portal.context import origin_of, sign_in_of


class BlockForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whom to block, and why."""

    # The sign-in of the admin who fills in the form.
    own_sign_in: SignIn | None = None

    def clean(self) -> Any:
        """Refuse to block oneself."""
        cleaned = super().clean()
        block = Block(**{name: self.cleaned_data.get(name, "") for name in _WHOM})
        if self.own_sign_in in blocks.reached_sign_ins(block, now=timezone.now()):
            raise ValidationError("You would block yourself with this. Ask another portal admin.")
        return cleaned


_WHOM = ("issuer", "sub", "claim", "value")


@admin.register(Block)
class BlockAdmin(AuditedAdmin):
    """Blocks apply to sign-ins, pages, the API and command lines at once. To unblock, delete the row."""

    form = BlockForm
    list_display = ("__str__", "reason", "created_by", "created_at")
    search_fields = (*_WHOM, "reason")
    fields = (*_WHOM, "reason", "created_by", "created_at")
    readonly_fields = ("created_by", "created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let nobody turn a block into another one: its row of the audit trail names whom it blocks."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, *_WHOM)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"own_sign_in": sign_in_of(request)})

    def save_model(self, request: HttpRequest, obj: Block, form: Any, change: bool) -> None:
        """Save; of a new block, end the open sign-ins that it reaches, and say whose they were."""
        if not change:
            obj.created_by = str(request.user)[:255]
        super().save_model(request, obj, form, change)
        if change:
            return
        now = timezone.now()
        ended = blocking.end_reached(obj, origin=origin_of(request, Surface.ADMIN), now=now)
        names = "; ".join(sorted({f"{one.person} ({one.person.identity})" for one in ended}))
        until = blocking.alive_until((obj,), now=now)
        done = blocking.in_words(len(ended), until)
        messages.success(
            request,
            f"It reaches {names}: {done}."
            if ended
            else "It reaches nobody who is signed in now, and refuses whoever comes with this from now on."
            + (f" {done[0].upper()}{done[1:]}." if until else ""),
        )
