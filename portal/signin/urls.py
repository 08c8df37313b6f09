"""Sign-in URLs, by mozilla-django-oidc's names."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from portal.signin.views import Authenticate, Callback, Logout

urlpatterns: list[URLPattern | URLResolver] = [
    path("authenticate/", Authenticate.as_view(), name="oidc_authentication_init"),
    path("callback/", Callback.as_view(), name="oidc_authentication_callback"),
    path("logout/", Logout.as_view(), name="oidc_logout"),
]
