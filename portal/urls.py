"""The URLs: what tests and people's links rely on."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.pages.urls")),
    path("oidc/", include("portal.signin.urls")),
    path("admin/", admin.site.urls),
]
