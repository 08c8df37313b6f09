"""Fixtures: one Keycloak for the session, and the address the portal will have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import processes
from tests.keycloak import server


@pytest.fixture(scope="session")
def portal_url() -> str:
    """The address at which the realm expects the portal."""
    return f"http://localhost:{processes.free_port()}"


@pytest.fixture(scope="session")
def keycloak(
    portal_url: str,
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[server.Keycloak]:
    """A real Keycloak with the shipped realm."""
    folder: Path = pytestconfig.cache.mkdir("keycloak")  # type: ignore[union-attr]
    log = tmp_path_factory.mktemp("keycloak") / "log"
    with server.keycloak(folder=folder, portal_url=portal_url, log=log) as running:
        yield running
