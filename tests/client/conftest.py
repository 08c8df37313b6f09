"""The command `gatehouse` beside a portal, an identity provider and an AWS that answer over real sockets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from demo.identity import IdentityProvider, OAuthClient, User
from demo.identity.server import serve
from tests.client.machine import Machine
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
    """The provider with two people, and nobody signed in."""
    identity.people = [
        User("alice", groups=("everyone", "payments"), sub="nw-1001"),
        User("mallory", groups=("visitors",), sub="nw-1004"),
    ]
    for records in (identity.sessions, identity.refresh_tokens, identity.access_tokens):
        records.clear()
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
def machine(tmp_path: Path, provider: IdentityProvider) -> Machine:
    """A machine without a sign-in; its browser signs in as alice."""
    return Machine(tmp_path)


@pytest.fixture
def signed_in(machine: Machine, portal: running.Portal) -> Machine:
    """A machine of one test alone, with alice signed in."""
    done = machine.run("login", portal.url)
    assert done.returncode == 0, done.stderr
    return machine


@pytest.fixture(scope="session")
def shared_machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("alice"))


@pytest.fixture
def alice(shared_machine: Machine, provider: IdentityProvider, portal: running.Portal) -> Machine:
    """A machine with alice signed in, shared by tests that do not change its sign-in."""
    path = shared_machine.sign_in_file(portal.url)
    # A token that may expire during the test cannot be refreshed: `provider` forgets refresh tokens.
    if not path.exists() or json.loads(path.read_text())["expires_at"] < time.time() + 120:
        done = shared_machine.run("login", portal.url)
        assert done.returncode == 0, done.stderr
    (shared_machine.home / "browsed").unlink(missing_ok=True)
    return shared_machine
