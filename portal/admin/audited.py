"""Editable admin pages: a change and its audit row are one transaction, so there is no change without a record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from django.contrib import admin
from django.contrib.admin.utils import NestedObjects
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import Account, AccountRole
from accounts.models.audit import Action
from accounts.types import Surface
from portal.admin.confirming import ConfirmsAccess
from portal.admin.edit_conflicts import RefusesEditConflicts
from portal.admin.managed import ManagedByFiles
from portal.admin.snapshots import Snapshot, label, snapshot
from portal.context import origin_of, subject_of_request

# The stored row of each form that is being saved, as it was; None for a new one.
_before: WeakKeyDictionary[ModelForm[Any], Snapshot | None] = WeakKeyDictionary()


class AuditedAdmin(ConfirmsAccess, ManagedByFiles, RefusesEditConflicts):
    """An editable page.

    Django's own log of actions is not written: it can be deleted, and does not hold before and after.
    """

    # Counts beside filters cost a query each.
    show_facets = admin.ShowFacets.NEVER

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Take a snapshot of the stored row, locked where the database can, then save."""
        before = None
        if change:
            stored = self.model._default_manager.select_for_update().get(pk=obj.pk)
            before = snapshot(stored, self.inline_relations)
        _before[form] = before
        obj.save(update_fields=self.written_columns if change else None)

    def save_related(
        self, request: HttpRequest, form: ModelForm[Any], formsets: Any, change: bool
    ) -> None:
        """Save the inlines, then record row and inlines; Django holds one transaction around all of it."""
        super().save_related(request, form, formsets, change)
        self.record_saved(request, form.instance, before=_before.pop(form))

    def record_saved(self, request: HttpRequest, obj: Any, before: Snapshot | None) -> None:
        """Record an addition (`before` is None), or a change if anything differs."""
        after = snapshot(self.model._default_manager.get(pk=obj.pk), self.inline_relations)
        if before is None:
            self._record(request, Action.ADMIN_ADDED, obj, before={}, after=after)
        elif before != after:
            changed = sorted(
                key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
            )
            self._record(
                request,
                Action.ADMIN_CHANGED,
                obj,
                before={key: before.get(key) for key in changed},
                after={key: after.get(key) for key in changed},
            )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            self._record_deleted(request, obj)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        with transaction.atomic():
            for obj in queryset:
                self._record_deleted(request, obj)
            super().delete_queryset(request, queryset)

    def _record_deleted(self, request: HttpRequest, obj: Any) -> None:
        self._record(
            request,
            Action.ADMIN_DELETED,
            obj,
            before=snapshot(obj, self.inline_relations),
            after={},
            also_deleted=_deleted_with(obj),
        )

    def _record(
        self,
        request: HttpRequest,
        action: Action,
        obj: Any,
        *,
        before: Snapshot,
        after: Snapshot,
        also_deleted: Sequence[str] = (),
    ) -> None:
        audit.record(
            action=action,
            now=timezone.now(),
            origin=origin_of(request, Surface.ADMIN),
            subject=subject_of_request(request),
            detail={
                "object": label(obj),
                "model": str(self.opts.model_name),
                "id": str(obj.pk),
                "before": {key: audit.recordable(key, value) for key, value in before.items()},
                "after": {key: audit.recordable(key, value) for key, value in after.items()},
                **({"also_deleted": also_deleted} if also_deleted else {}),
            },
            **_audit_columns(obj),
        )

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep no second log."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Keep no second log."""

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> Any:
        """Keep no second log."""


def _deleted_with(obj: models.Model) -> list[str]:
    """Return the labels of the rows that the database deletes with this one."""
    collector = NestedObjects(using="default", origin=obj)
    collector.collect([obj])
    return sorted(label(row) for rows in collector.data.values() for row in rows if row != obj)


def _audit_columns(obj: models.Model) -> dict[str, str]:
    """Return the columns by which the audit trail finds changes to an account or an account role."""
    if isinstance(obj, Account):
        return {"account_id": obj.account_id}
    if isinstance(obj, AccountRole):
        return {
            "account_id": obj.account.account_id,
            "role_name": obj.permission_set.name,
            "role_arn": obj.arn,
        }
    return {}
