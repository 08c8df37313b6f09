"""The API's URLs, below /api/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from portal.api import credentials_issuer
from portal.api.docs import docs
from portal.api.v1 import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("credentials", credentials_issuer.credentials, name="credentials"),
    path("login", credentials_issuer.login, name="login"),
    path("docs", docs, name="api_docs"),
    path("v1/", api.urls()),
]
