"""The admin site: who may enter (through the portal's own sign-in), and the first page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.errors import AccessDenied, InvalidRequest
from accounts.models import AuditEvent
from accounts.models.audit import Action
from accounts.types import Surface
from portal.admin.health import health_page
from portal.admin.history import ADMIN_ACTIONS
from portal.admin.organization import organization_page
from portal.admin.plans import plan_page, upload_page
from portal.admin.tasks import tasks
from portal.context import open_sign_in
from portal.verified import verify

# Django's URLs that do not exist here: there are no passwords, and signing out is the portal's page.
_REMOVED_URLS = frozenset({"logout", "password_change", "password_change_done"})
# The order in which people set the tables up; the records come last.
_TABLES = (
    "Account",
    "PermissionSet",
    "AccountRole",
    "Mapping",
    "TrustedIssuer",
    "Environment",
    "Person",
    "Block",
    "SignIn",
    "Token",
    "Revocation",
    "SigningKey",
    "Job",
    "AuditEvent",
)
_LATEST_CHANGES = 10

View = Callable[..., HttpResponse]


class PortalAdminSite(AdminSite):
    """Django's admin, open to portal admins and auditors while their sign-in is open."""

    site_title = "Admin"
    site_header = f"{settings.PORTAL_NAME} admin"
    index_title = "Admin"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the request has an open sign-in of an admin or auditor; a browser session alone is not enough."""
        sign_in = open_sign_in(request)
        return sign_in is not None and sign_in.person.is_staff

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Check the sign-in before Django would show its password form; claims that are too old are verified again.

        For reading too: what an admin or auditor sees here is about everybody.
        """
        inner: View = super().admin_view(view, cacheable)

        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request):
                return self._refuse(request, request.get_full_path())
            verify(request, Surface.ADMIN)
            if not self.has_permission(request):
                return self._refuse(request, request.get_full_path())
            # PostgreSQL accepts no NUL, and Django's filters pass values on unchecked.
            if any("\x00" in value for _, values in request.GET.lists() for value in values):
                raise InvalidRequest("The address holds a character that is not allowed.")
            return inner(request, *args, **kwargs)

        return update_wrapper(checked, view)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the portal's sign-in; there is no login form here."""
        url = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure()):
            url = reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return HttpResponseRedirect(url)
        return self._refuse(request, url)

    def _refuse(self, request: HttpRequest, next_url: str) -> HttpResponse:
        if open_sign_in(request) is not None:
            raise AccessDenied(
                "These pages are for portal admins and auditors. If you should be one, contact your "
                "portal admins, then sign out and in again.",
                f"{request.user} is neither a portal admin nor an auditor: no claim value of theirs "
                "is in ADMIN_VALUES or AUDITOR_VALUES",
                code="admin.denied",
            )
        response = redirect_to_login(next_url, resolve_url(settings.LOGIN_URL))
        add_never_cache_headers(response)
        return response

    def register(self, model_or_iterable: Any, *args: Any, **options: Any) -> None:
        """Leave out Django's groups: groups come from the provider."""
        if model_or_iterable != (Group,):
            super().register(model_or_iterable, *args, **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Add the page Health, and leave out Django's logout and password pages."""
        urls = super().get_urls()
        page = self.admin_view(partial(health_page, site=self))
        urls.insert(0, path("health/", page, name="health"))
        upload = self.admin_view(partial(upload_page, site=self))
        urls.insert(0, path("plans/", upload, name="plans"))
        organization = self.admin_view(partial(organization_page, site=self))
        urls.insert(0, path("organization/", organization, name="organization"))
        plan = self.admin_view(partial(plan_page, site=self))
        urls.insert(0, path("plans/<uuid:pk>/", plan, name="plan"))
        return [url for url in urls if getattr(url, "name", None) not in _REMOVED_URLS]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """List what waits above the tables, and the latest changes by everybody beside them."""
        shown = AuditEvent.objects.filter(action__in=(*ADMIN_ACTIONS, Action.PLAN_APPLIED))
        changes = shown[:_LATEST_CHANGES]
        waiting = tasks(timezone.now())
        context = {"changes": changes, "tasks": waiting, **(extra_context or {})}
        return super().index(request, context)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the tables in the order of _TABLES."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=lambda model: _TABLES.index(model["object_name"]))
        return apps

    def get_log_entries(self, request: HttpRequest) -> Any:
        """Return none: Django's own log is not kept."""
        return ()
