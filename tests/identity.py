"""A real provider over a real socket, and a browser that walks from the portal to it and back."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from django.test import Client as DjangoClient

from accounts.oidc import discovery, key_sets
from demo.identity import IdentityProvider, Misbehaviour, OAuthClient, User
from demo.identity.server import serve
from demo.serving import RunningServer, bind
from tests import cast
from tests.publisher import Publisher

PEOPLE = [User(name, groups=tuple(groups)) for name, groups in cast.GROUPS.items()]


@pytest.fixture(scope="session")
def _served() -> Iterator[tuple[IdentityProvider, RunningServer]]:
    identity = IdentityProvider(people=[], clients=[])
    with serve(identity) as running:
        yield identity, running


@pytest.fixture
def identity(
    _served: tuple[IdentityProvider, RunningServer], settings: Any
) -> Iterator[IdentityProvider]:
    """The provider of the cast, well-behaved and freshly met."""
    served, running = _served
    served.people = list(PEOPLE)
    served.clients = [_client()]
    served.sessions.clear()
    served.misbehaviour = Misbehaviour()
    settings.OIDC_ISSUER = running.url
    settings.OIDC_TIMEOUT = 5
    served.issuer = running.url
    meet_again()
    served.hits.clear()
    yield served
    meet_again()


def _client() -> OAuthClient:
    return OAuthClient(
        "gatehouse", secret="client-secret-of-the-tests", portal="http://localhost:8000"
    )


def meet_again() -> None:
    discovery.clear_cache()
    key_sets.clear_cache()


@dataclass
class Visitor:
    """A browser: Django's test client towards the portal, requests towards the provider."""

    client: DjangoClient = field(default_factory=DjangoClient)
    at_provider: requests.Session = field(default_factory=requests.Session)

    def depart(self, next_url: str = "/") -> str:
        """Press "Sign in"; return the address at the provider."""
        query = urlencode({"next": next_url})
        response = self.client.get(f"/oidc/authenticate/?{query}")
        assert response.status_code == 302, response.content.decode()
        return response["Location"]

    def prove(self, address: str, who: str = "alice", *, cancel: bool = False) -> str:
        """Sign in at the provider; return the callback it sends the browser to, without the origin."""
        form = {"cancel": "yes"} if cancel else {"username": who}
        answer = self.at_provider.post(address, data=form, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        there = urlsplit(answer.headers["Location"])
        return f"{there.path}?{there.query}"

    def walk(self, who: str = "alice", next_url: str = "/") -> Any:
        """Sign in; return the portal's answer to the callback."""
        return self.client.get(self.prove(self.depart(next_url), who))

    @property
    def is_signed_in(self) -> bool:
        """Whether the portal says so."""
        return b"Sign out" in self.client.get("/").content


@pytest.fixture
def visitor(db: None, identity: IdentityProvider) -> Visitor:
    """A browser nobody has signed in with."""
    return Visitor()


def query_of(url: str) -> dict[str, str]:
    """Return a URL's parameters."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.fixture(scope="session")
def _publishing() -> Iterator[Publisher]:
    server = Publisher()
    with bind(server) as running:
        running.start()
        server.url = running.url
        yield server


@pytest.fixture
def publisher(_publishing: Publisher, settings: Any) -> Iterator[Publisher]:
    """A server that answers whatever a test wants."""
    settings.OIDC_TIMEOUT = 5
    _publishing.replies.clear()
    _publishing.hits.clear()
    _publishing.requests.clear()
    meet_again()
    yield _publishing
    meet_again()


@pytest.fixture
def unused_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
