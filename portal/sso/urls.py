"""The addresses that AWS's tools ask at; their paths are AWS's."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from portal.sso import oidc, portal

urlpatterns: list[URLPattern | URLResolver] = [
    path("client/register", oidc.register, name="sso_register"),
    path("device_authorization", oidc.device_authorization, name="sso_device_authorization"),
    path("token", oidc.token, name="sso_token"),
    path("assignment/accounts", portal.accounts, name="sso_accounts"),
    path("assignment/roles", portal.roles, name="sso_roles"),
    path("federation/credentials", portal.credentials, name="sso_credentials"),
    path("logout", portal.logout, name="sso_logout"),
]
