"""The API's URLs, below /api/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from portal.api import original

urlpatterns: list[URLPattern | URLResolver] = [
    path("credentials", original.credentials, name="credentials"),
    path("login", original.login, name="login"),
]
