"""A portal whose AWS answers: moto's STS and a stand-in for the console, over real sockets."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.emulators import ConsoleEndpoint, Reply, Seen


@pytest.fixture
def aws(
    sts_endpoint: str, console_endpoint: ConsoleEndpoint, settings: Settings
) -> ConsoleEndpoint:
    """The embedded AWS; returns the console's endpoint, which remembers what it was sent."""
    del sts_endpoint
    federate = console_endpoint.answer

    def answer(seen: Seen) -> Reply:
        if seen.method == "GET":
            page = "<!doctype html><title>Console</title>"
            return Reply(body=page, headers={"Content-Type": "text/html"})
        return federate(seen)

    console_endpoint.answer = answer
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url
    return console_endpoint
