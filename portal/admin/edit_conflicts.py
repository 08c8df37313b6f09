"""Admins who edit the same row at once: no form undoes in silence what somebody else has changed since."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest

from accounts.models import AuditEvent
from accounts.models.audit import Action
from portal.admin.lookups import Asked
from portal.admin.snapshots import snapshot

ADMIN_ACTIONS = (Action.ADMIN_ADDED, Action.ADMIN_CHANGED, Action.ADMIN_DELETED)
# The hidden field of a form that says which state of the row it was filled in from.
SEEN = "_seen"


class Together(Asked):
    """A page whose forms carry a mark of the state that they show."""

    # Related rows edited on this page, by the name of the relation.
    parts: ClassVar[tuple[str, ...]] = ()
    # The only columns a change may write; None for all.
    written: ClassVar[tuple[str, ...] | None] = None

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Refuse a form that was filled in from what somebody else has changed since: it would undo their change."""
        form = super().get_form(request, obj, change, **kwargs)
        if obj is None or not change:
            return form
        page = self

        class Guarded(form):  # type: ignore[misc,valid-type]
            def clean(self) -> Any:
                cleaned = super().clean()
                page.refuse_if_changed(self.instance, seen=str(self.data.get(SEEN, "")))
                return cleaned

        return type(form.__name__, (Guarded,), {})

    def refuse_if_changed(self, obj: Any, *, seen: str) -> None:
        """Lock the stored row where the database can, and compare it with what a form has seen; "" has seen none.

        Raises:
            ValidationError: it is another now, or gone.
        """
        stored = self.model._default_manager.select_for_update().filter(pk=obj.pk).first()
        if stored is not None and seen in ("", self._mark(stored)):
            return
        latest = self.changes_of(obj).first()
        by = f" by {latest.actor} at {latest.at:%H:%M} UTC" if latest else ""
        raise ValidationError(
            f"This was changed{by} while you had it open, and nothing of yours was saved. "
            "Open the page anew, and make your change to what is there now."
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Say in the form which state of the row it shows; a refused form keeps what it said."""
        obj = context.get("original")
        if obj is not None:
            context["seen"] = request.POST.get(SEEN, "") if request.POST else self._mark(obj)
        return super().render_change_form(request, context, *args, **kwargs)

    def _mark(self, obj: Any) -> str:
        facts = snapshot(obj, self.parts)
        if self.written is not None:
            facts = {name: facts[name] for name in self.written}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def changes_of(self, obj: Any) -> models.QuerySet[AuditEvent]:
        """Return what the audit trail says was changed in a row, newest first."""
        return AuditEvent.objects.filter(
            action__in=ADMIN_ACTIONS,
            detail__model=str(self.opts.model_name),
            detail__id=str(obj.pk),
        )
