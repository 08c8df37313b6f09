"""An issuer of tokens over a real socket, and a program that calls the API with them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from joserfc.jwk import RSAKey

from portal import limiting
from tests import cast
from tests.accounts.oidc.test_id_tokens import ABSENT, signed
from tests.identity import (  # noqa: F401 - fixtures
    _publishing,
    publisher,
)
from tests.publisher import Publisher

AUDIENCE = "gatehouse-api"


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    """Count requests anew: tests send more of them in a minute than programs should."""
    limiting.forget()


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
            "groups": cast.GROUPS.get(who, []),
        } | changes
        return {name: value for name, value in honest.items() if value is not ABSENT}

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
def issuer(publisher: Publisher, settings: Any) -> Issuer:  # noqa: F811 - a fixture
    """The provider of the cast, trusted for the API."""
    found = Issuer(publisher, _KEY)
    settings.OIDC_ISSUER = found.url
    settings.API_AUDIENCES = [AUDIENCE]
    return found


@dataclass
class Program:
    """Something that is no browser: no cookies, no redirects, a bearer token."""

    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, token: str | None = None, **query: str) -> HttpResponse:
        """Ask, with a token or without."""
        return self.send("GET", path, token, query)

    def send(
        self, method: str, path: str, token: str | None = None, data: Any = None, **more: Any
    ) -> HttpResponse:
        """Send any request."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        headers |= more.pop("headers", {})
        if method not in ("GET", "HEAD"):
            more.setdefault("content_type", "application/json")
        found: HttpResponse = getattr(self.client, method.lower())(
            path, data, headers=headers, **more
        )
        return found


@pytest.fixture
def program() -> Program:
    """A program."""
    return Program()
