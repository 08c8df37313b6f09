"""The URLs: what tests and people's links rely on. Probes are answered in portal/middleware.py."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from accounts.signing.documents import DISCOVERY_PATH, KEY_SET_PATH
from portal import issuer

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("portal.api.urls")),
    path("", include("portal.pages.urls")),
    path("", include("portal.sso.urls")),
    path("oidc/", include("portal.signin.urls")),
    path("admin/", admin.site.urls),
    path(DISCOVERY_PATH.removeprefix("/"), issuer.discovery),
    path(KEY_SET_PATH.removeprefix("/"), issuer.key_set),
]

handler400 = "portal.handlers.bad_request"
handler403 = "portal.handlers.permission_denied"
handler404 = "portal.handlers.page_not_found"
handler500 = "portal.handlers.server_error"
