"""Verify an ID token: OpenID Connect Core 1.0 section 3.1.3.7, RFC 7519, RFC 8725."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any

from django.utils.crypto import constant_time_compare

from accounts.oidc import jwt, key_sets
from accounts.oidc.discovery import ProviderMetadata
from accounts.oidc.jwt import invalid

_OTHER_TYPES = ("at+jwt", "logout+jwt", "application/at+jwt", "application/logout+jwt")


def verify(
    token: object,
    *,
    provider: ProviderMetadata,
    client_id: str,
    algorithm: str,
    nonce: str,
    access_token: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the claims of an ID token that proves a sign-in at this provider, for us, just now.

    Raises:
        InvalidToken: the token breaks a rule.
        ProviderUnavailable: the keys could not be read.
    """
    claims = _verified(token, provider, client_id, algorithm, access_token, now)
    _check_nonce(claims, nonce=nonce)
    return claims


def verify_refreshed(
    token: object,
    *,
    previous: str,
    sub: str,
    provider: ProviderMetadata,
    client_id: str,
    algorithm: str,
    access_token: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the claims of an ID token that came with a refresh: section 12.2.

    It is about the person of the sign-in (`sub`), and answers the same sign-in as the `previous` ID token, which
    was verified when it came.

    Raises:
        InvalidToken: the token breaks a rule.
        ProviderUnavailable: the keys could not be read.
    """
    claims = _verified(token, provider, client_id, algorithm, access_token, now)
    before = jwt.parse(previous).unverified_claims
    if claims["sub"] != sub:
        raise invalid("sub", "The refreshed ID token is about somebody else.")
    for name in ("nonce", "auth_time"):
        if name in claims and claims[name] != before.get(name, claims[name]):
            raise invalid(
                name, f"The refreshed ID token answers another sign-in: its {name} differs."
            )
    return claims


def _verified(
    token: object,
    provider: ProviderMetadata,
    client_id: str,
    algorithm: str,
    access_token: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the claims of an ID token of this provider for us; which sign-in it answers is not checked."""
    claims, typ = jwt.parse(token).verify_signature(
        jwks_uri=provider.jwks_uri, algorithm=algorithm, reload_interval=key_sets.AT_ONCE
    )
    # joserfc does not check `typ`, `azp`, `nonce` and `at_hash`.
    if typ in _OTHER_TYPES:
        raise invalid("type", "The token is another kind of token, no ID token.")
    jwt.check_claims(claims, issuer=provider.issuer, audiences=(client_id,), now=now)
    _check_azp(claims, client_id=client_id)
    if "at_hash" in claims and claims["at_hash"] != _half_hash(access_token, algorithm):
        raise invalid("at_hash", "The access token is not the one the ID token came with.")
    return claims


def _check_azp(claims: dict[str, Any], *, client_id: str) -> None:
    """Check the authorized party, which a token for several clients must name."""
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and "azp" not in claims:
        raise invalid("azp", "The ID token is for several clients, and does not say for which.")
    if "azp" in claims and claims["azp"] != client_id:
        raise invalid("azp", "The ID token was issued to another client.")


def _check_nonce(claims: dict[str, Any], *, nonce: str) -> None:
    claimed = claims.get("nonce")
    if not nonce or not isinstance(claimed, str) or not constant_time_compare(claimed, nonce):
        raise invalid("nonce", "The ID token answers another sign-in: its nonce differs.")


def _half_hash(text: str, algorithm: str) -> str:
    """Return `at_hash` (section 3.1.3.6); Ed25519 hashes with SHA-512."""
    size = algorithm[-3:] if algorithm[-3:] in ("256", "384", "512") else "512"
    digest = hashlib.new(f"sha{size}", text.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
