"""What a file manages is read-only here, until an admin releases it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from accounts import audit
from accounts.models import AccountRole
from accounts.models.audit import Action
from accounts.models.managed import Managed
from accounts.types import Surface
from portal.admin.snapshots import label
from portal.context import origin_of, subject_of_request


def manager_of(obj: Any) -> str:
    """Return the file that manages a row, or the account that a role is of; "" if none does."""
    if isinstance(obj, AccountRole):
        return obj.account.managed_by
    return str(getattr(obj, "managed_by", ""))


class ManagedByFiles(admin.ModelAdmin):  # type: ignore[type-arg]
    """Refuses to change and delete what a file manages, names the file, and releases rows from it."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not manager_of(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not manager_of(obj)

    def get_urls(self) -> list[URLPattern]:
        if not issubclass(self.model, Managed):
            return super().get_urls()
        release = path(
            "<path:object_id>/release/",
            self.admin_site.admin_view(self.release_view),
            name=f"accounts_{self.opts.model_name}_release",
        )
        return [release, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Name the file above the form."""
        obj = context.get("original")
        if obj is not None and (file := manager_of(obj)):
            context["managed_by"] = file
            if super().has_change_permission(request, obj) and hasattr(obj, "managed_by"):
                context["release_url"] = reverse(
                    f"{self.admin_site.name}:accounts_{self.opts.model_name}_release",
                    args=(obj.pk,),
                )
        return super().render_change_form(request, context, *args, **kwargs)

    def release_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then take a row out of its file's hands."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None or not getattr(obj, "managed_by", ""):
            raise Http404
        if not super().has_change_permission(request, obj):
            raise PermissionDenied
        page = reverse(
            f"{self.admin_site.name}:accounts_{self.opts.model_name}_change", args=(obj.pk,)
        )
        if request.method == "POST":
            with transaction.atomic():
                self._release(request, obj)
            messages.success(request, "Released. You can change it here now.")
            return HttpResponseRedirect(page)
        context = {
            **self.admin_site.each_context(request),
            "title": "Release from its file",
            "opts": self.opts,
            "object": label(obj),
            "file": obj.managed_by,
            "page": page,
        }
        return TemplateResponse(request, "admin/plans/release.html", context)

    def _release(self, request: HttpRequest, obj: Any) -> None:
        self.model._default_manager.filter(pk=obj.pk).update(managed_by="")
        audit.record(
            action=Action.ADMIN_CHANGED,
            now=timezone.now(),
            origin=origin_of(request, Surface.ADMIN),
            subject=subject_of_request(request),
            detail={
                "object": label(obj),
                "model": str(self.opts.model_name),
                "id": str(obj.pk),
                "before": {"managed_by": obj.managed_by},
                "after": {"managed_by": ""},
            },
        )
