"""Fixtures for all tests; a guard that keeps tests off the network."""

from __future__ import annotations

import ipaddress
import os
import socket
import time
from typing import Any

import hypothesis
import pytest

from tests import cast
from tests.examples import LONG, USUAL

pytest_plugins = [
    "pytester",
    "tests.browsers",
    "tests.certificates",
    "tests.emulators",
    "tests.identity",
    "tests.issuer",
    "tests.ministack",
    "tests.parallel",
    "tests.postgresql",
    "tests.secret_scan",
    "tests.strict_aws",
    "tests.real_aws.sandbox",
]

# A machine that is busy with something else is no reason to fail.
patient = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], max_examples=USUAL
)
hypothesis.settings.register_profile("gatehouse", patient)
# For `make test-long`: --hypothesis-profile=long.
hypothesis.settings.register_profile("long", patient, max_examples=LONG)
hypothesis.settings.load_profile("gatehouse")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", action="store_true", help="photograph every page into screenshots/"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how long all of .ci/run took, where this is its last step."""
    if began := os.environ.get("CI_BEGAN"):
        minutes, seconds = divmod(int(time.time()) - int(began), 60)
        terminalreporter.write_line(f".ci/run took {minutes} min {seconds} s")


@pytest.fixture(autouse=True)
def _loopback_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections to anywhere but this machine, except to AWS by the tests of a real account."""
    if request.node.get_closest_marker("aws"):
        return
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not _is_loopback(address[0]):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    """Let no test be refused for requests of the tests before it, nor people count as noted whose rows are gone."""
    from accounts import people
    from portal import limiting

    limiting.reset()
    people.forget_noted()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture
def northwind(db: None) -> None:
    """The small company of the cast."""
    cast.northwind()
