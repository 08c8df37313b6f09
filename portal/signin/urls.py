"""Sign-in URLs, by mozilla-django-oidc's names."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
