"""The history of a row: what the audit trail says was changed in it, newest first."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString

from accounts.models import AuditEvent
from accounts.models.audit import Action
from accounts.visible import visible
from portal.admin.snapshots import Snapshot
from portal.templatetags.shown import moment

ADMIN_ACTIONS = (Action.ADMIN_ADDED, Action.ADMIN_CHANGED, Action.ADMIN_DELETED)
MAX_SHOWN = 100
# A moment as `portal.admin.snapshots` and plans record it.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")


def changes_of(obj: models.Model) -> models.QuerySet[AuditEvent]:
    """Return the audit rows of an admin's changes to this row, newest first."""
    return AuditEvent.objects.filter(
        action__in=ADMIN_ACTIONS,
        detail__model=str(obj._meta.model_name),
        detail__id=str(obj.pk),
    )


class ShowsHistory(admin.ModelAdmin):  # type: ignore[type-arg]
    """A page whose history comes from the audit trail; Django's own log is not written."""

    object_history_template = "admin/accounts/history.html"

    def changes_of(self, obj: Any) -> models.QuerySet[AuditEvent]:
        """Return the audit rows that this page's history shows, newest first."""
        return changes_of(obj)

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        events = self.changes_of(obj)[:MAX_SHOWN]
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {obj}",
            "subtitle": None,
            "opts": self.opts,
            "object": obj,
            "changes": [(event, _table(event.detail)) for event in events],
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template, context)


def _table(detail: Snapshot) -> list[tuple[str, SafeString, SafeString]]:
    """Return a recorded change as rows of (column, before, after), in words."""
    before, after = detail.get("before", {}), detail.get("after", {})
    return [
        (name.replace("_", " "), _in_words(before.get(name)), _in_words(after.get(name)))
        for name in sorted(before.keys() | after.keys())
    ]


def _in_words(value: Any) -> SafeString:
    if isinstance(value, bool):
        return conditional_escape("yes" if value else "no")
    if value in (None, "", [], {}):
        return conditional_escape("none")
    if isinstance(value, list):
        return format_html_join("; ", "{}", ((_in_words(part),) for part in value))
    if isinstance(value, dict):
        parts = ((visible(key), _in_words(part)) for key, part in sorted(value.items()))
        return format_html_join(", ", "{}={}", parts)
    text = str(value)
    if _MOMENT.fullmatch(text):
        with suppress(ValueError):
            return conditional_escape(moment(datetime.fromisoformat(text), seconds=True))
    return conditional_escape(visible(text))
