"""The service sso-oidc: register a client, begin a sign-in by code, exchange what either flow ends with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from accounts.sso import browser, devices, registrations, tokens
from accounts.sso.refusals import Refused, Why
from accounts.sso.registrations import Client, Grant
from accounts.storable import is_storable
from accounts.types import Surface
from portal import limiting
from portal.context import origin_of
from portal.sso.answers import for_aws_clients, read_json

MOST_WORDS, LONGEST_WORD = 20, 2048
Body = dict[str, Any]

# What proves nothing: these count against the address they come from.
_PROVES_NOTHING = frozenset({Why.CLIENT, Why.GRANT})


@for_aws_clients("POST")
def register(request: HttpRequest) -> HttpResponse:
    """RegisterClient."""
    limiting.count_anonymous(request)
    body = read_json(request)
    for opaque in ("issuerUrl", "entitledApplicationArn"):
        _word(body, opaque, "")
    if _word(body, "clientType") != "public":
        raise Refused(Why.CLIENT_METADATA, "clientType is public.")
    made = registrations.register(
        name=_word(body, "clientName"),
        redirect_uris=_words(body, "redirectUris"),
        scopes=_words(body, "scopes"),
        grants=_words(body, "grantTypes"),
        now=timezone.now(),
    )
    return JsonResponse(
        {
            "clientId": made.client.client_id,
            "clientSecret": made.secret,
            "clientIdIssuedAt": int(made.client.issued_at.timestamp()),
            "clientSecretExpiresAt": int(made.client.expires_at.timestamp()),
            "authorizationEndpoint": f"{settings.BASE_URL}/authorize",
            "tokenEndpoint": f"{settings.BASE_URL}/token",
        }
    )


@for_aws_clients("POST")
def device_authorization(request: HttpRequest) -> HttpResponse:
    """StartDeviceAuthorization. The start URL says nothing here: there is one portal at this address."""
    limiting.count_anonymous(request)
    body, now = read_json(request), timezone.now()
    _word(body, "startUrl")
    client = _client(body, now)
    given = devices.ask(client=client, origin=origin_of(request, Surface.SSO), now=now)
    page = f"{settings.BASE_URL}/device"
    return JsonResponse(
        {
            "deviceCode": given.device_code,
            "userCode": given.user_code,
            "verificationUri": page,
            "verificationUriComplete": f"{page}?user_code={given.user_code}",
            "expiresIn": int(devices.LIFETIME.total_seconds()),
            "interval": int(devices.INTERVAL.total_seconds()),
        }
    )


@for_aws_clients("POST")
def token(request: HttpRequest) -> HttpResponse:
    """CreateToken."""
    try:
        issued = _exchange(request, read_json(request), timezone.now())
    except Refused as refused:
        if refused.why in _PROVES_NOTHING:
            limiting.count_bad_token(request)
        raise
    answer = {
        "accessToken": issued.access_token,
        "tokenType": "Bearer",
        "expiresIn": issued.expires_in,
    }
    if issued.refresh_token:
        answer["refreshToken"] = issued.refresh_token
    return JsonResponse(answer)


def _exchange(request: HttpRequest, body: Body, now: datetime) -> tokens.Issued:
    grant, origin = _word(body, "grantType"), origin_of(request, Surface.SSO)
    client = _client(body, now)
    limiting.count_client(client.digest)
    if grant == Grant.CODE:
        return browser.redeem(
            client=client,
            code=_word(body, "code"),
            redirect_uri=_word(body, "redirectUri"),
            code_verifier=_word(body, "codeVerifier"),
            origin=origin,
            now=now,
        )
    if grant == Grant.DEVICE:
        return devices.redeem(
            client=client, device_code=_word(body, "deviceCode"), origin=origin, now=now
        )
    if grant == Grant.REFRESH:
        return tokens.renew(
            client=client, refresh_token=_word(body, "refreshToken"), origin=origin, now=now
        )
    raise Refused(Why.GRANT_TYPE, f"Grant types here are {', '.join(Grant)}.")


def _client(body: Body, now: datetime) -> Client:
    return registrations.proven(
        client_id=_word(body, "clientId"), secret=_word(body, "clientSecret"), now=now
    )


def _word(body: Body, name: str, default: str | None = None) -> str:
    found = body.get(name)
    if found is None and default is not None:
        return default
    if not isinstance(found, str) or len(found) > LONGEST_WORD or not is_storable(found):
        raise Refused(Why.REQUEST, f"{name} is a text.")
    return found


def _words(body: Body, name: str) -> list[str]:
    found = body.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or len(found) > MOST_WORDS:
        raise Refused(Why.REQUEST, f"{name} is a short list of texts.")
    return [_word({name: each}, name) for each in found]
