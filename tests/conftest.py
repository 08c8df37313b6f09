"""Fixtures for everybody; a guard that keeps tests off the network."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import hypothesis
import pytest

from tests import cast

pytest_plugins = ["tests.browsers", "tests.emulators", "tests.postgresql"]

# A machine that is busy with something else is no reason to fail.
hypothesis.settings.register_profile(
    "gatehouse", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("gatehouse")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep together in one process what shares a costly fixture; pytest-xdist reads this next."""
    folder = item.path.parent.name
    # The demos share the checkout's static files.
    group = folder if folder in ("keycloak", "demo") else f"{folder}-{item.path.stem}"
    item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    turns = ("keycloak", "browser", "wire")
    return next((n for n, name in enumerate(turns) if item.get_closest_marker(name)), len(turns))


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections to anywhere but this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not _is_loopback(address[0]):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture
def northwind(db: None) -> None:
    """The small company of the cast."""
    cast.northwind()
