"""Sign tokens, honest and forged, and an issuer that publishes its key over a real socket."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests import cast
from tests.publisher import Publisher

SigningKey = RSAKey | ECKey | OKPKey

AUDIENCE = "gatehouse-api"


class Absent(Enum):
    """Stands for a claim that is left out."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def without_absent(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not ABSENT}


def signed(
    claims: Mapping[str, Any] | bytes,
    *,
    key: SigningKey,
    header: Mapping[str, Any] | None = None,
) -> str:
    """Sign by hand where joserfc would refuse: a test of a guard must get past the signer's own."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    protected = without_absent({"alg": "RS256", "kid": "one", **(header or {})})
    algorithm = jws.JWSRegistry.algorithms[str(protected.get("alg"))]
    signing_input = f"{encoded(json.dumps(protected).encode())}.{encoded(payload)}"
    return f"{signing_input}.{encoded(algorithm.sign(signing_input.encode(), key))}"


@dataclass
class Issuer:
    """Publishes its document and keys, and signs whatever a test wants."""

    publisher: Publisher
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))

    def __post_init__(self) -> None:
        self.publisher.publish(
            "/.well-known/openid-configuration",
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks",
            },
        )
        self.publish_keys()

    @property
    def url(self) -> str:
        """The issuer's name."""
        return self.publisher.url

    def publish_keys(self) -> None:
        """Publish the key that signs now, and no other."""
        self.publisher.publish("/jwks", {"keys": [self.key.as_dict(private=False)]})

    def rotate(self) -> None:
        """Sign with a new key from now on, and withdraw the old one."""
        self.key = RSAKey.generate_key(2048, {"kid": f"after-{self.key.kid}"})
        self.publish_keys()

    def replace_key(self, *, kid: str | None = "one") -> None:
        """Sign with a new key of this name from now on, and withdraw the old one."""
        self.key = RSAKey.generate_key(2048, {"kid": kid} if kid else None)
        self.publish_keys()

    def claims(self, who: str = "alice", **changes: Any) -> dict[str, Any]:
        """Return what an access token about one of the cast says; changes add, replace or drop."""
        now = int(time.time())
        honest = {
            "iss": self.url,
            "sub": f"sub-{who}",
            "aud": AUDIENCE,
            "exp": now + 300,
            "iat": now,
            "azp": "token-cli",
            "name": who.title(),
            "email": f"{who}@northwind.example",
            "email_verified": True,
            "groups": cast.GROUPS.get(who, []),
        }
        return without_absent(honest | changes)

    def token(
        self,
        who: str = "alice",
        *,
        header: Mapping[str, Any] | None = None,
        key: RSAKey | None = None,
        **changes: Any,
    ) -> str:
        """Return an access token about one of the cast."""
        protected = {"typ": "at+jwt", "kid": self.key.kid, **(header or {})}
        return signed(self.claims(who, **changes), key=key or self.key, header=protected)


_KEY = RSAKey.generate_key(2048, {"kid": "one"})


@pytest.fixture
def issuer(publisher: Publisher, settings: Any) -> Issuer:
    """The provider of the cast, trusted for the API."""
    issuer = Issuer(publisher, _KEY)
    settings.OIDC_ISSUER = issuer.url
    settings.API_AUDIENCES = [AUDIENCE]
    return issuer
