"""The command `gatehouse` beside a portal, an identity provider and an AWS that answer over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from demo.identity import IdentityProvider, OAuthClient, User
from demo.identity.server import serve
from tests.client.commands import Commands
from tests.portal import running

AUDIENCE = "gatehouse-api"


@pytest.fixture(scope="session")
def identity() -> Iterator[IdentityProvider]:
    """The demo's identity provider: the portal's client, and a public one for the command line."""
    provider = IdentityProvider(
        people=[],
        clients=[
            OAuthClient("gatehouse", secret=running.CLIENT_SECRET),
            OAuthClient("gatehouse-cli", audience=AUDIENCE),
            OAuthClient("other-cli", audience="another-api"),
        ],
        device_interval=1,
    )
    with serve(provider):
        yield provider


@pytest.fixture
def provider(identity: IdentityProvider) -> IdentityProvider:
    """The provider with its people as they are at first, and nobody signed in."""
    identity.people = [
        User("alice", groups=("everyone", "payments"), sub="nw-1001"),
        User("mallory", groups=("visitors",), sub="nw-1004"),
    ]
    for kept in (identity.sessions, identity.refresh_tokens, identity.access_tokens):
        kept.clear()
    identity.device_codes.clear()
    identity.hits.clear()
    return identity


@pytest.fixture(scope="session")
def portal(
    identity: IdentityProvider, cloud_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[running.Portal]:
    """The portal under gunicorn, with the demo's company."""
    with running.portal(
        tmp_path_factory.mktemp("portal"),
        issuer=identity.issuer,
        API_AUDIENCES=AUDIENCE,
        API_CLIENT_ID="gatehouse-cli",
        API_RATE_LIMIT="100000/minute",
        AWS_ENDPOINT_URL_STS=cloud_url,
        AWS_FEDERATION_ENDPOINT=cloud_url,
    ) as found:
        identity.clients[0] = replace(identity.clients[0], portal=found.url)
        yield found


@pytest.fixture
def commands(tmp_path: Path, provider: IdentityProvider) -> Commands:
    """A machine of somebody who has nothing but the command; its browser signs in as alice."""
    return Commands(tmp_path)


@pytest.fixture
def signed_in(commands: Commands, portal: running.Portal) -> Commands:
    """The same, with alice signed in."""
    done = commands.run("login", portal.url)
    assert done.returncode == 0, done.stderr
    return commands
