"""Admin pages whose every change leaves an audit row, or does not happen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol, cast

from django.contrib import admin
from django.contrib.admin.utils import NestedObjects, unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts import audit
from accounts.admin.asked import Asked
from accounts.models import Account, AccountRole, AuditEvent, MappingTarget
from accounts.models.audit import Action
from accounts.signins import subject_of
from accounts.types import Origin

Facts = dict[str, Any]
ADMIN_ACTIONS = (Action.ADMIN_ADDED, Action.ADMIN_CHANGED, Action.ADMIN_DELETED)
# How many of the newest changes a history shows.
HISTORY = 100
# The hidden field of a form that says which state of the row it was filled in from.
SEEN = "_seen"


class Site(Protocol):
    """What these pages ask of the admin site."""

    def origin_of(self, request: HttpRequest) -> Origin:
        """Return where a request came from, as the audit trail records it."""
        ...


class AuditedAdmin(Asked):
    """An editable page. Django's own log of actions is not kept: it can be deleted and knows no before and after."""

    # Related rows edited on this page, by the name of the relation.
    parts: ClassVar[tuple[str, ...]] = ()
    # Counts beside filters cost a query each.
    show_facets = admin.ShowFacets.NEVER
    # The only columns a change may write; None for all.
    written: ClassVar[tuple[str, ...] | None] = None
    object_history_template = "admin/accounts/history.html"

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
        latest = self._changes_of(obj).first()
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

    def _changes_of(self, obj: Any) -> models.QuerySet[AuditEvent]:
        return AuditEvent.objects.filter(
            action__in=ADMIN_ACTIONS,
            detail__model=str(self.opts.model_name),
            detail__id=str(obj.pk),
        )

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
        events = self._changes_of(obj)
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


def snapshot(obj: models.Model, parts: Iterable[str] = ()) -> Facts:
    """Return the state of a row and of the rows edited with it, as people read it, ready for JSON."""
    facts = _facts(obj)
    for part in parts:
        related = getattr(obj, part)
        columns = related.model._meta.concrete_fields
        rows = related.select_related(
            *(column.name for column in columns if column.is_relation)
        ).order_by("pk")
        facts[part] = [
            {
                name: value
                for name, value in _facts(row, without=related.field.name).items()
                if value not in (None, "")
            }
            for row in rows
        ]
    return facts


def _facts(obj: models.Model, without: str = "") -> Facts:
    return {
        column.name: _plain(getattr(obj, column.name))
        for column in obj._meta.concrete_fields
        if not column.primary_key and column.name != without
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, models.Model) else value


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


def label(obj: models.Model) -> str:
    """Return what a row is and how people call it."""
    name = f"{obj.mapping}: {obj}" if isinstance(obj, MappingTarget) else str(obj)
    return f"{obj._meta.verbose_name} {name}"


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
