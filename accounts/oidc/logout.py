"""Where the identity provider signs people out: OpenID Connect RP-Initiated Logout 1.0."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings

from accounts.errors import GatehouseError
from accounts.oidc import discovery

MAX_URL = 4000
"""Characters; longer URLs do not pass common proxies. An ID token with many groups makes them."""
# Cognito publishes an end_session_endpoint that takes none of the specification's parameters:
# https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
_COGNITO = re.compile(r"cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")


@dataclass(frozen=True, slots=True)
class EndSession:
    """Where a provider signs somebody out, "" if nowhere, and the `state` with which it sends them back, if any."""

    url: str
    state: str = ""


def end_session(id_token: str) -> EndSession:
    """Return where the provider signs this person out: nowhere if it has no such address or is down."""
    try:
        provider = discovery.provider()
    except GatehouseError:
        return EndSession("")
    if not provider.end_session_endpoint:
        return EndSession("")
    parts, back = urlsplit(provider.end_session_endpoint), f"{settings.BASE_URL}/"
    parameters = {
        **dict(parse_qsl(parts.query, keep_blank_values=True)),
        "client_id": settings.OIDC_RP_CLIENT_ID,
    }
    if _COGNITO.fullmatch(urlsplit(provider.issuer).netloc):
        query = urlencode(parameters | {"logout_uri": back})
        return EndSession(urlunsplit(parts._replace(query=query)))
    state = secrets.token_urlsafe(16)
    parameters |= {"post_logout_redirect_uri": back, "state": state}
    without_hint = urlunsplit(parts._replace(query=urlencode(parameters)))
    with_hint = urlunsplit(
        parts._replace(query=urlencode(parameters | {"id_token_hint": id_token}))
    )
    fits = id_token and len(with_hint) <= MAX_URL
    return EndSession(with_hint if fits else without_hint, state)
