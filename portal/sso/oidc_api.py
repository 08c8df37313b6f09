"""AWS's IAM Identity Center OIDC API (the service sso-oidc): clients and their tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from accounts.sso import authorization_codes, client_tokens, device_codes, registrations
from accounts.sso.errors import ClientRefused, RefusalReason
from accounts.sso.registrations import Grant, RegisteredClient
from accounts.storable import is_storable
from accounts.types import Surface
from portal import limiting
from portal.context import origin_of
from portal.sso.responses import for_aws_clients, read_json

MAX_ITEMS, MAX_LENGTH = 20, 2048
Body = dict[str, Any]

# Guessed credentials: they count against the address that they come from.
_GUESSED = frozenset({RefusalReason.CLIENT, RefusalReason.GRANT})


@for_aws_clients("POST")
def register(request: HttpRequest) -> HttpResponse:
    """RegisterClient."""
    limiting.count_anonymous(request)
    body = read_json(request)
    for opaque in ("issuerUrl", "entitledApplicationArn"):
        _text(body, opaque, "")
    if _text(body, "clientType") != "public":
        raise ClientRefused(RefusalReason.CLIENT_METADATA, "clientType must be public.")
    registration = registrations.register(
        name=_text(body, "clientName"),
        redirect_uris=_texts(body, "redirectUris"),
        scopes=_texts(body, "scopes"),
        grants=_texts(body, "grantTypes"),
        now=timezone.now(),
    )
    return JsonResponse(
        {
            "clientId": registration.client.client_id,
            "clientSecret": registration.secret,
            "clientIdIssuedAt": int(registration.client.issued_at.timestamp()),
            "clientSecretExpiresAt": int(registration.client.expires_at.timestamp()),
            "authorizationEndpoint": f"{settings.BASE_URL}/authorize",
            "tokenEndpoint": f"{settings.BASE_URL}/token",
        }
    )


@for_aws_clients("POST")
def device_authorization(request: HttpRequest) -> HttpResponse:
    """StartDeviceAuthorization. The start URL is not used: there is one portal at this address."""
    limiting.count_anonymous(request)
    body, now = read_json(request), timezone.now()
    _text(body, "startUrl")
    client = _client(body, now)
    codes = device_codes.start(client=client, origin=origin_of(request, Surface.SSO), now=now)
    page = f"{settings.BASE_URL}/device"
    return JsonResponse(
        {
            "deviceCode": codes.device_code,
            "userCode": codes.user_code,
            "verificationUri": page,
            "verificationUriComplete": f"{page}?user_code={codes.user_code}",
            "expiresIn": int(device_codes.LIFETIME.total_seconds()),
            "interval": int(device_codes.INTERVAL.total_seconds()),
        }
    )


@for_aws_clients("POST")
def token(request: HttpRequest) -> HttpResponse:
    """CreateToken."""
    try:
        issued = _exchange(request, read_json(request), timezone.now())
    except ClientRefused as refused:
        if refused.reason in _GUESSED:
            limiting.count_bad_token(request)
        raise
    body = {
        "accessToken": issued.access_token,
        "tokenType": "Bearer",
        "expiresIn": issued.expires_in,
    }
    if issued.refresh_token:
        body["refreshToken"] = issued.refresh_token
    return JsonResponse(body)


def _exchange(request: HttpRequest, body: Body, now: datetime) -> client_tokens.IssuedTokens:
    grant, origin = _text(body, "grantType"), origin_of(request, Surface.SSO)
    client = _client(body, now)
    limiting.count_client(client.digest)
    if grant == Grant.CODE:
        return authorization_codes.redeem(
            client=client,
            code=_text(body, "code"),
            redirect_uri=_text(body, "redirectUri"),
            code_verifier=_text(body, "codeVerifier"),
            origin=origin,
            now=now,
        )
    if grant == Grant.DEVICE:
        return device_codes.redeem(
            client=client, device_code=_text(body, "deviceCode"), origin=origin, now=now
        )
    if grant == Grant.REFRESH:
        return client_tokens.renew(
            client=client, refresh_token=_text(body, "refreshToken"), origin=origin, now=now
        )
    raise ClientRefused(RefusalReason.GRANT_TYPE, f"Grant types here are {', '.join(Grant)}.")


def _client(body: Body, now: datetime) -> RegisteredClient:
    return registrations.authenticate(
        client_id=_text(body, "clientId"), secret=_text(body, "clientSecret"), now=now
    )


def _text(body: Body, name: str, default: str | None = None) -> str:
    value = body.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or len(value) > MAX_LENGTH or not is_storable(value):
        raise ClientRefused(RefusalReason.REQUEST, f"{name} must be a text.")
    return value


def _texts(body: Body, name: str) -> list[str]:
    values = body.get(name)
    if values is None:
        return []
    if not isinstance(values, list) or len(values) > MAX_ITEMS:
        raise ClientRefused(RefusalReason.REQUEST, f"{name} must be a short list of texts.")
    return [_text({name: value}, name) for value in values]
