"""The API's URLs, below /api/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from portal.api import original
from portal.api.docs import docs
from portal.api.v1 import surface

urlpatterns: list[URLPattern | URLResolver] = [
    path("credentials", original.credentials, name="credentials"),
    path("login", original.login, name="login"),
    path("docs", docs, name="api_docs"),
    path("v1/", surface.urls()),
]
