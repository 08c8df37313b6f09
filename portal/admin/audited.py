"""Admin pages whose every change leaves an audit row, or does not happen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, cast

from django.contrib import admin
from django.contrib.admin.utils import NestedObjects, unquote
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts import audit
from accounts.models import Account, AccountRole
from accounts.models.audit import Action
from accounts.signins import subject_of
from accounts.types import Origin
from portal.admin.edit_conflicts import Together
from portal.admin.lookups import Asked
from portal.admin.snapshots import Facts, label, snapshot

# How many of the newest changes a history shows.
HISTORY = 100


class Site(Protocol):
    """What these pages ask of the admin site."""

    def origin_of(self, request: HttpRequest) -> Origin:
        """Return where a request came from, as the audit trail records it."""
        ...


class AuditedAdmin(Together):
    """An editable page. Django's own log of actions is not kept: it can be deleted and knows no before and after."""

    # Counts beside filters cost a query each.
    show_facets = admin.ShowFacets.NEVER
    object_history_template = "admin/accounts/history.html"

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Remember what was stored, then save; the row is locked where the database can."""
        before = None
        if change:
            stored = self.model._default_manager.select_for_update().get(pk=obj.pk)
            before = snapshot(stored, self.parts)
        form.audited_before = before  # type: ignore[attr-defined]
        obj.save(update_fields=self.written if change else None)

    def save_related(
        self, request: HttpRequest, form: ModelForm[Any], formsets: Any, change: bool
    ) -> None:
        """Save the inlines, then record the whole; Django holds one transaction around all of it."""
        super().save_related(request, form, formsets, change)
        self.record_saved(
            request,
            form.instance,
            before=form.audited_before,  # type: ignore[attr-defined]
        )

    def record_saved(self, request: HttpRequest, obj: Any, before: Facts | None) -> None:
        """Record an addition, or a change if there is one."""
        after = snapshot(self.model._default_manager.get(pk=obj.pk), self.parts)
        if before is None:
            self._record(request, Action.ADMIN_ADDED, obj, before={}, after=after)
        elif before != after:
            changed = [
                key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
            ]
            self._record(
                request,
                Action.ADMIN_CHANGED,
                obj,
                before={key: before.get(key) for key in sorted(changed)},
                after={key: after.get(key) for key in sorted(changed)},
            )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Record, then delete."""
        with transaction.atomic():
            self._record_deleted(request, obj)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Record each, then delete them together."""
        with transaction.atomic():
            for obj in queryset:
                self._record_deleted(request, obj)
            super().delete_queryset(request, queryset)

    def _record_deleted(self, request: HttpRequest, obj: Any) -> None:
        self._record(
            request,
            Action.ADMIN_DELETED,
            obj,
            before=snapshot(obj, self.parts),
            after={},
            also_deleted=_would_go_with(obj),
        )

    def _record(
        self,
        request: HttpRequest,
        action: Action,
        obj: Any,
        *,
        before: Facts,
        after: Facts,
        also_deleted: Sequence[str] = (),
    ) -> None:
        audit.record(
            action=action,
            now=timezone.now(),
            origin=origin_of(self, request),
            subject=subject_of(request.sign_in),  # type: ignore[attr-defined]
            detail={
                "object": label(obj),
                "model": str(self.opts.model_name),
                "id": str(obj.pk),
                "before": {key: audit.recordable(key, value) for key, value in before.items()},
                "after": {key: audit.recordable(key, value) for key, value in after.items()},
                **({"also_deleted": also_deleted} if also_deleted else {}),
            },
            **_columns(obj),
        )

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep no second log."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep no second log."""

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> Any:
        """Keep no second log."""

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what the audit trail says was changed here, newest first."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        events = self.changes_of(obj)
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {obj}",
            "subtitle": None,
            "opts": self.opts,
            "object": obj,
            "changes": [(event, _sides(event.detail)) for event in events[:HISTORY]],
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template, context)


class ReadOnlyAdmin(Asked):
    """A page for looking only: nobody adds, changes or deletes, whatever their rights."""

    actions = None
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    change_form_template = "admin/accounts/record.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Refuse."""
        return False

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """What cannot change has no history."""
        raise Http404


def origin_of(page: admin.ModelAdmin[Any], request: HttpRequest) -> Origin:
    """Return where a request to an admin page came from."""
    return cast(Site, page.admin_site).origin_of(request)


def _sides(detail: Facts) -> list[tuple[str, str, str]]:
    """Lay a recorded change out for people: what, before, after."""
    before, after = detail.get("before", {}), detail.get("after", {})
    names = sorted(before.keys() | after.keys())
    return [
        (name.replace("_", " "), _said(before.get(name)), _said(after.get(name))) for name in names
    ]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(_said, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}={_said(one)}" for key, one in sorted(value.items())) or "none"
    return "none" if value in (None, "") else str(value)


def _would_go_with(obj: models.Model) -> list[str]:
    doomed = NestedObjects(using="default", origin=obj)
    doomed.collect([obj])
    return sorted(label(row) for rows in doomed.data.values() for row in rows if row != obj)


def _columns(obj: models.Model) -> dict[str, str]:
    if isinstance(obj, Account):
        return {"account_id": obj.account_id}
    if isinstance(obj, AccountRole):
        return {
            "account_id": obj.account.account_id,
            "role_name": obj.permission_set.name,
            "role_arn": obj.arn,
        }
    return {}
