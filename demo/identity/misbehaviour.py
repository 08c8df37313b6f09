"""Faults of a provider on demand, so that tests meet them over a real socket."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import OctKey, RSAKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Misbehaviour:
    """Faults of a provider; the defaults are none. In the mappings of claims, None removes one.

    Endpoints are named as in `demo.identity.app`: discovery, jwks, authorize, token, userinfo, logout.
    """

    slow: Mapping[str, float] = field(default_factory=dict)
    """Seconds that an endpoint waits before it answers."""
    status: Mapping[str, int] = field(default_factory=dict)
    """The status an endpoint fails with."""
    not_json: frozenset[str] = frozenset()
    """Endpoints that answer 200 with something that is not JSON."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """The JSON an endpoint answers 200 with, whatever it was asked."""
    clock: int = 0
    """Seconds by which the provider's clock is ahead; negative is behind."""
    lifetime: int = 300
    """Seconds an ID token is valid; negative for one that has expired."""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """Claims replaced in, added to or removed from the ID token: iss, aud, azp, nonce, sub, …"""
    userinfo: Mapping[str, Any] = field(default_factory=dict)
    """The same for userinfo."""
    no_refresh_token: bool = False
    """Give no refresh token, as providers do that have to be asked for one."""
    discovery: Mapping[str, Any] = field(default_factory=dict)
    """The same for the discovery document."""
    header: Mapping[str, Any] = field(default_factory=dict)
    """The same for the ID token's header: {"kid": None}, {"kid": "unknown"}."""
    algorithm: str = "RS256"
    """HS256 signs with the client's secret, none signs not at all."""
    foreign_key: bool = False
    """Sign with a key that is not published, under the published `kid`."""


def altered(original: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with changes; None removes a key."""
    return {
        key: value
        for key, value in {**original, **changes}.items()
        if value is not None or key not in changes
    }


def spoil(id_token: str, misbehaviour: Misbehaviour, *, key: RSAKey, secret: str) -> str:
    """Sign an ID token again with these faults."""
    original = jws.extract_compact(id_token.encode())
    header = altered({**original.headers(), "alg": misbehaviour.algorithm}, misbehaviour.header)
    claims = altered(json.loads(original.payload), misbehaviour.claims)
    if misbehaviour.algorithm == "none":
        return f"{_base64url(header)}.{_base64url(claims)}."
    signing_key: RSAKey | OctKey = key
    if misbehaviour.foreign_key:
        signing_key = RSAKey.generate_key(2048)
    elif misbehaviour.algorithm == "HS256":
        signing_key = OctKey.import_key(secret)
    return jwt.encode(header, claims, signing_key, algorithms=[misbehaviour.algorithm])


def _base64url(part: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
