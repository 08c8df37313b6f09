"""The two documents by which AWS verifies the portal's tokens: discovery document and key set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from accounts.models import SigningKey
from accounts.signing.key_states import published

DISCOVERY_PATH = "/.well-known/openid-configuration"
KEY_SET_PATH = "/.well-known/jwks.json"
# What the tokens may hold; AWS wants at least the first four.
CLAIMS = ("aud", "iat", "iss", "sub", "exp", "jti")


@dataclass(frozen=True, slots=True)
class Documents:
    """Discovery document (OpenID Connect Discovery 1.0, section 3) and key set (RFC 7517), as JSON."""

    discovery: bytes
    key_set: bytes


def issuer_url() -> str:
    """Return the `iss` of the tokens: the address of the OIDC provider in each account, without a slash at its end."""
    url: str = settings.TRUST_ISSUER
    return url


def is_published_here() -> bool:
    """Whether AWS reads the documents from this portal, and not from copies elsewhere."""
    return issuer_url() == str(settings.BASE_URL)


def cache_time() -> timedelta:
    """Return for how long AWS may use a key set that it has read."""
    return timedelta(seconds=settings.TRUST_CACHE_TIME)


def build(keys: Sequence[SigningKey], *, now: datetime) -> Documents:
    """Return the documents of these keys. There is no endpoint for signing in: this is no provider for people."""
    shown = published(keys, now=now, cache_time=cache_time())
    return Documents(
        discovery=_json(
            {
                "issuer": issuer_url(),
                "jwks_uri": f"{issuer_url()}{KEY_SET_PATH}",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": sorted({key.algorithm for key in shown}),
                "claims_supported": list(CLAIMS),
            }
        ),
        key_set=_json({"keys": [key.public_jwk for key in shown]}),
    )


def _json(document: dict[str, Any]) -> bytes:
    return f"{json.dumps(document, indent=2)}\n".encode()
