"""Access tokens of an identity provider, for callers in a few groups and in many."""

from __future__ import annotations

import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

AUDIENCE = "gatehouse-api"
FEW = ("everyone", "engineering", "small-payments-readonly", "small-payments-developer", "vpn")
"""What most people are in."""
MANY = ("large-payments-readonly", *(f"northwind-aws-teams-{n:03}-developer" for n in range(200)))
"""A token with these has 11 KB."""


class Issuer:
    """Signs tokens with a key of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.key = RSAKey.generate_key(2048, {"kid": "bench"})

    def key_set(self) -> dict[str, Any]:
        """Return what it publishes."""
        return {"keys": [self.key.as_dict(private=False, use="sig", alg="RS256")]}

    def token(self, groups: tuple[str, ...]) -> str:
        """Return alice's access token, good for some hours."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "6f1c0c0e-2f5b-4d7a-9a55-6f4a5b0f7c11",
            "aud": AUDIENCE,
            "azp": "token-cli",
            "exp": now + 4 * 3600,
            "iat": now,
            "jti": "b0a6f2f4-3a56-4a3f-9d3e-1f6a1c2d3e4f",
            "name": "Alice Ames",
            "email": "alice@northwind.example",
            "email_verified": True,
            "groups": list(groups),
        }
        header = {"alg": "RS256", "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode(header, claims, self.key)
