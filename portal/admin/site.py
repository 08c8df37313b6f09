"""The admin's site: who may enter, through our sign-in, and where a change came from."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.errors import AccessDenied, InvalidRequest
from accounts.models import AuditEvent
from accounts.models.audit import Action
from accounts.types import Origin, Surface
from portal.context import origin_of

# There are no passwords, and signing out is the portal's own.
_NOT_OURS = frozenset({"logout", "password_change", "password_change_done"})
_ADMIN_ACTIONS = (
    Action.ADMIN_ADDED,
    Action.ADMIN_CHANGED,
    Action.ADMIN_DELETED,
    Action.PLAN_APPLIED,
)
_ORDER = (
    "Account",
    "PermissionSet",
    "AccountRole",
    "Mapping",
    "TrustedIssuer",
    "Environment",
    "Person",
    "SignIn",
    "Token",
    "AuditEvent",
)
# How many of the newest changes the first page lists.
_NEWEST = 10

View = Callable[..., HttpResponse]


class PortalAdminSite(AdminSite):
    """Django's admin for portal admins and auditors, by the rights of their sign-in."""

    site_title = "Admin"
    site_header = f"{settings.PORTAL_NAME} admin"
    index_title = "Admin"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether there is an open sign-in of a portal admin or auditor; a browser session alone is not enough."""
        sign_in = getattr(request, "sign_in", None)
        return sign_in is not None and sign_in.person.is_staff

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Turn away at the door, before Django would show its password form."""
        inside: View = super().admin_view(view, cacheable)

        def at_the_door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if self.has_permission(request):
                # PostgreSQL takes no NUL, and the admin's filters hand on what they are given.
                if any("\x00" in value for values in request.GET.lists() for value in values[1]):
                    raise InvalidRequest("The address holds a character that no page takes.")
                return inside(request, *args, **kwargs)
            return self._turn_away(request, request.get_full_path())

        return update_wrapper(at_the_door, view)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to our own sign-in; there is no form here."""
        index = reverse("admin:index", current_app=self.name)
        asked = request.GET.get("next", "")
        following = (
            asked
            if url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure())
            else index
        )
        if self.has_permission(request):
            return HttpResponseRedirect(following)
        return self._turn_away(request, following)

    def _turn_away(self, request: HttpRequest, following: str) -> HttpResponse:
        if getattr(request, "sign_in", None) is not None:
            raise AccessDenied(
                "These pages are for portal admins and auditors. If you should be one, ask the "
                "people who run this portal, then sign out and in again.",
                f"{request.user} is neither a portal admin nor an auditor: ADMIN_VALUES and "
                "AUDITOR_VALUES name the claim values that make one",
                code="admin.denied",
            )
        response = redirect_to_login(following, resolve_url(settings.LOGIN_URL))
        add_never_cache_headers(response)
        return response

    def register(self, model_or_iterable: Any, *args: Any, **options: Any) -> None:
        """Leave out Django's table of groups: groups are what the provider says."""
        if model_or_iterable != (Group,):
            super().register(model_or_iterable, *args, **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Leave out what belongs to passwords, so that nothing answers there."""
        return [url for url in super().get_urls() if getattr(url, "name", None) not in _NOT_OURS]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """List the newest changes by everybody beside the tables."""
        changes = AuditEvent.objects.filter(action__in=_ADMIN_ACTIONS)[:_NEWEST]
        return super().index(request, {"changes": changes, **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """List the tables in the order in which people set them up, the records last."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=lambda model: _ORDER.index(model["object_name"]))
        return apps

    def get_log_entries(self, request: HttpRequest) -> Any:
        """Return none: Django's own log is not kept."""
        return ()

    def origin_of(self, request: HttpRequest) -> Origin:
        """Return where a change came from, as the audit trail records it."""
        return origin_of(request, Surface.ADMIN)
