"""The URLs: what tests and people's links rely on."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.pages.urls")),
    path("oidc/", include("portal.signin.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]

handler400 = "portal.pages.errors.bad_request"
handler403 = "portal.pages.errors.permission_denied"
handler404 = "portal.pages.errors.page_not_found"
handler500 = "portal.pages.errors.server_error"
