"""Sign-in URLs, by mozilla-django-oidc's names, and what the provider calls."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from portal.signin import provider_calls
from portal.signin.views import Authenticate, Callback, Logout

urlpatterns: list[URLPattern | URLResolver] = [
    path("authenticate/", Authenticate.as_view(), name="oidc_authentication_init"),
    path("callback/", Callback.as_view(), name="oidc_authentication_callback"),
    path("backchannel-logout", provider_calls.backchannel_logout, name="backchannel_logout"),
    path("frontchannel-logout", provider_calls.frontchannel_logout, name="frontchannel_logout"),
    path("global-token-revocation", provider_calls.global_token_revocation),
    path("logout/", Logout.as_view(), name="oidc_logout"),
]
