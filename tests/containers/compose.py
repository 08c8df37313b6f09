"""The compose file as values, for the tests that judge it and the portal that runs by it."""

from __future__ import annotations

from typing import Any

import yaml

from tests.processes import ROOT

COMPOSE = ROOT / "docker-compose.yml"


def services() -> dict[str, dict[str, Any]]:
    """Return the services by name, anchors resolved."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def portal_environment(**moved: str) -> dict[str, str]:
    """Return the portal's environment, with the addresses that begin with a key of `moved` moved there.

    Keys are the names `portal`, `keycloak` and `cloud`, values the addresses they have in the test.
    """
    published = {
        "portal": "http://localhost:8000",
        "keycloak": "http://localhost:8080",
        "cloud": "http://localhost:8002",
    }
    environment: dict[str, str] = dict(services()["portal"]["environment"])
    for name, address in moved.items():
        environment = {
            variable: value.replace(published[name], address)
            for variable, value in environment.items()
        }
    return environment
