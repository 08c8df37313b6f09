"""Fixtures: one Keycloak, one embedded AWS and one portal for the session, by the compose file's own configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgresql, processes
from tests.containers import compose
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
    folder = pytestconfig.cache.mkdir("keycloak")
    log = tmp_path_factory.mktemp("keycloak") / "log"
    with server.keycloak(folder=folder, portal_url=portal_url, log=log) as running:
        yield running


@pytest.fixture(scope="session")
def portal_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database for the portal's own process: beside the suite's where that is PostgreSQL, else SQLite."""
    folder = tmp_path_factory.mktemp("portal")
    with postgresql.database_of_a_portal(folder, name="portal_at_keycloak") as url:
        yield url


@pytest.fixture(scope="session")
def portal_environment(
    portal_url: str, portal_database: str, cloud_url: str, keycloak: server.Keycloak
) -> dict[str, str]:
    """The variables of the portal, by the compose file."""
    environment = compose.portal_environment(
        portal=portal_url, keycloak=keycloak.url, cloud=cloud_url
    )
    return environment | {
        "DATABASE_URL": portal_database,
        "BIND": portal_url.removeprefix("http://"),
        "WEB_CONCURRENCY": "2",
        # Keycloak's first answers take their time on a busy machine.
        "OIDC_TIMEOUT": "30",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        # The second level of the flow that test_step_up.py makes.
        "MFA_ACR_VALUES": "2",
        **processes.static_files(),
    }


@pytest.fixture(scope="session")
def portal(
    portal_url: str,
    portal_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The portal under gunicorn, prepared as the compose file does it; its address."""
    environment = portal_environment
    *shell, prepare = compose.services()["prepare"]["command"]
    subprocess.run([*shell, prepare], cwd=processes.ROOT, env=environment, check=True)
    with processes.running(
        ["gunicorn", "portal.wsgi"],
        log=tmp_path_factory.mktemp("portal") / "log",
        environment=environment,
        answers=portal_url,
    ):
        yield portal_url
