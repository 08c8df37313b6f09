"""The URLs of the AWS SSO wire; the paths are AWS's."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from portal.sso import oidc_api, portal_api

urlpatterns: list[URLPattern | URLResolver] = [
    path("client/register", oidc_api.register, name="sso_register"),
    path("device_authorization", oidc_api.device_authorization, name="sso_device_authorization"),
    path("token", oidc_api.token, name="sso_token"),
    path("assignment/accounts", portal_api.list_accounts, name="sso_accounts"),
    path("assignment/roles", portal_api.list_account_roles, name="sso_roles"),
    path("federation/credentials", portal_api.get_role_credentials, name="sso_credentials"),
    path("logout", portal_api.logout, name="sso_logout"),
]
