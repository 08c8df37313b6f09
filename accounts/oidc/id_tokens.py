"""Verify an ID token to the letter: OpenID Connect Core 1.0 section 3.1.3.7, RFC 7519, RFC 8725."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any

from django.utils.crypto import constant_time_compare

from accounts.oidc import jwt, keys
from accounts.oidc.jwt import refused
from accounts.oidc.provider import Provider

_OTHER_TYPES = ("at+jwt", "logout+jwt", "application/at+jwt", "application/logout+jwt")


def verify(
    token: object,
    *,
    provider: Provider,
    client_id: str,
    algorithm: str,
    nonce: str,
    access_token: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the claims of an ID token that proves a sign-in at this provider, for us, just now.

    Raises:
        TokenRefused: any rule is broken; the code says which.
        ProviderUnavailable: the keys could not be read.
    """
    claims, typ = jwt.read(token).proven(
        jwks_uri=provider.jwks_uri, algorithm=algorithm, apart=keys.FROM_PROVIDER
    )
    if typ in _OTHER_TYPES:
        raise refused("type", "The token is another kind of token, no ID token.")
    jwt.check_identity(claims, issuer=provider.issuer)
    _check_parties(claims, client_id=client_id)
    jwt.check_times(claims, now=now.timestamp())
    _check_ties(claims, nonce=nonce, access_token=access_token, algorithm=algorithm)
    return claims


def _check_parties(claims: dict[str, Any], *, client_id: str) -> None:
    audiences = jwt.audiences(claims)
    if client_id not in audiences:
        raise refused("aud", "The ID token is for another client.")
    if len(audiences) > 1 and "azp" not in claims:
        raise refused("azp", "The ID token is for several clients, and does not say for which.")
    if "azp" in claims and claims["azp"] != client_id:
        raise refused("azp", "The ID token was issued to another client.")


def _check_ties(claims: dict[str, Any], *, nonce: str, access_token: str, algorithm: str) -> None:
    found = claims.get("nonce")
    if not nonce or not isinstance(found, str) or not constant_time_compare(found, nonce):
        raise refused("nonce", "The ID token answers another sign-in: its nonce differs.")
    if "at_hash" in claims and claims["at_hash"] != _half_hash(access_token, algorithm):
        raise refused("at_hash", "The access token is not the one the ID token came with.")


def _half_hash(text: str, algorithm: str) -> str:
    """Return `at_hash` (section 3.1.3.6); Ed25519 hashes with SHA-512."""
    size = algorithm[-3:] if algorithm[-3:] in ("256", "384", "512") else "512"
    digest = hashlib.new(f"sha{size}", text.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
