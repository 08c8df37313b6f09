"""Two admins edit one row at once: a form never undoes silently what somebody else has changed since it was opened."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts import moments
from accounts.visible import visible
from portal.admin.history import ShowsHistory
from portal.admin.lookups import CheckedLookups
from portal.admin.snapshots import snapshot

# The hidden form field with the hash of the row as it was shown.
STATE_FIELD = "_state"


class RefusesEditConflicts(ShowsHistory, CheckedLookups):
    """A page whose forms carry a hash of the row they show, and are refused when the stored row differs."""

    # Relations edited inline on this page.
    inline_relations: ClassVar[tuple[str, ...]] = ()
    # The only columns a change writes; None for all.
    written_columns: ClassVar[tuple[str, ...] | None] = None

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Add the check of the hash to the form of a stored row."""
        form = super().get_form(request, obj, change, **kwargs)
        if obj is None or not change:
            return form
        page = self

        class ConflictForm(form):  # type: ignore[misc,valid-type]
            def clean(self) -> Any:
                cleaned = super().clean()
                page.refuse_if_changed(self.instance, state=str(self.data.get(STATE_FIELD, "")))
                return cleaned

        return type(form.__name__, (ConflictForm,), {})

    def refuse_if_changed(self, obj: Any, *, state: str) -> None:
        """Lock the stored row where the database can, and compare its hash with a form's; "" is not compared.

        Raises:
            ValidationError: the row was changed or deleted.
        """
        stored = self.model._default_manager.select_for_update().filter(pk=obj.pk).first()
        if stored is not None and state in ("", self._state_of(stored)):
            return
        latest = self.changes_of(obj).first()
        by = f" by {visible(latest.actor)} on {moments.in_words(latest.at)}" if latest else ""
        raise ValidationError(
            f"This was changed{by} while you had it open. Nothing of yours was saved. Reload the "
            "page and make your change again."
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Put the hash into the form; a form shown again after an error keeps the one it had."""
        obj = context.get("original")
        if obj is not None:
            posted = request.POST.get(STATE_FIELD, "")
            context["row_state"] = posted if request.POST else self._state_of(obj)
        return super().render_change_form(request, context, *args, **kwargs)

    def state_of(self, obj: Any) -> Any:
        """Return what a form shows of a row and can change, ready for JSON."""
        columns = snapshot(obj, self.inline_relations)
        if self.written_columns is not None:
            columns = {name: columns[name] for name in self.written_columns}
        return columns

    def _state_of(self, obj: Any) -> str:
        state = json.dumps(self.state_of(obj), sort_keys=True)
        return hashlib.sha256(state.encode()).hexdigest()
