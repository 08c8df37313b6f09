"""How the command `gatehouse` signs people in: public, without a token."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts.errors import GatehouseError
from portal.api.v1.error_schemas import ErrorOut
from portal.api.v1.schemas import ClientOut

router = Router(tags=["Client"])
MAX_AGE = 300
"""Seconds for which the response may be cached."""


class NoClient(GatehouseError):
    """No client at the provider is configured for the command line."""

    code = "client.not_set_up"
    http_status = 404


@router.get(
    "/client",
    response={200: ClientOut, frozenset({404, 422, 429, 503}): ErrorOut},
    auth=None,
    operation_id="client",
    summary="How to sign in on the command line",
)
def client(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """Say how to sign in on the command line. This is public: it needs no token."""
    if not settings.API_CLIENT_ID:
        raise NoClient(
            "This portal has no sign-in for the command line yet. Contact your portal admins: "
            "API_CLIENT_ID names the public client of the identity provider that it needs."
        )
    response["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return {
        "issuer": settings.OIDC_ISSUER,
        "client_id": settings.API_CLIENT_ID,
        "scopes": settings.API_CLIENT_SCOPES.split(),
        "audience": settings.API_CLIENT_AUDIENCE or None,
        "resource": settings.API_CLIENT_RESOURCE or None,
        "token": settings.API_CLIENT_TOKEN,
    }
