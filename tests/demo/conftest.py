"""The demo's identity provider and cloud over real sockets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.identity import IdentityProvider, OAuthClient, User
from demo.identity.server import serve
from demo.serving import RunningServer
from tests.demo.relying_party import RelyingParty


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[IdentityProvider, RunningServer]]:
    """A provider that knows alice and mallory, and one client."""
    provider = IdentityProvider(
        people=[], clients=[OAuthClient("gatehouse", secret="s3cret: of tests")]
    )
    with serve(provider) as running:
        yield provider, running


@pytest.fixture
def provider(served: tuple[IdentityProvider, RunningServer]) -> IdentityProvider:
    """The provider with its people as they are at first, and nobody signed in."""
    provider, _ = served
    provider.people = [User("alice", groups=("payments",)), User("mallory")]
    provider.sessions.clear()
    return provider


@pytest.fixture
def rp(provider: IdentityProvider) -> Iterator[RelyingParty]:
    """An honest application with a browser of its own."""
    with RelyingParty(provider) as party:
        yield party
