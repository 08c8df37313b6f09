"""A portal whose AWS answers: moto's STS and a stand-in for the console's sign-in, over real sockets."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.emulators import ConsoleEndpoint


@pytest.fixture
def aws(
    sts_endpoint: str, console_endpoint: ConsoleEndpoint, settings: Settings
) -> ConsoleEndpoint:
    """The embedded AWS; returns the console's endpoint, which remembers what it was sent."""
    del sts_endpoint
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url
    return console_endpoint
