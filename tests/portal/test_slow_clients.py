"""A real gunicorn, and clients that take their time: they keep nobody else waiting."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from tests.portal import running
from tests.portal.running import Portal, browser

pytestmark = pytest.mark.wire

MANY = 70
"""More than gunicorn has threads."""
LONG = 90
"""Seconds. Each of the clients here, waited for by itself, would cost everybody else more in all."""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal of one worker."""
    with running.portal(
        tmp_path_factory.mktemp("portal"), issuer="http://localhost:9", prepared=False
    ) as portal:
        yield portal


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("", id="nothing"),
        pytest.param("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-More: ", id="half a head"),
        pytest.param(
            "POST /client/register HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{",
            id="half a body",
        ),
        pytest.param(
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            id="all, and they never hang up",
        ),
        pytest.param("NO REQUEST\r\n\r\n", id="nonsense, and they never hang up"),
        pytest.param(
            "GET /static/portal/portal.css HTTP/1.1\r\nHost: localhost\r\n\r\n" * 400,
            id="all, and they read no answer",
        ),
    ],
)
def test_others_are_answered_however_slow_some_are(portal: Portal, sent: str) -> None:
    with ExitStack() as stack, browser() as other:
        for _ in range(MANY):
            line = socket.create_connection(("127.0.0.1", portal.port), timeout=LONG)
            stack.enter_context(line)
            if sent:
                line.sendall(sent.encode())

        assert other.get(f"{portal.url}/healthz", timeout=LONG).status_code == 200


def test_a_request_that_comes_in_pieces_is_answered(portal: Portal) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    with socket.create_connection(("127.0.0.1", portal.port), timeout=LONG) as line:
        for place in range(0, len(whole), 10):
            line.sendall(whole[place : place + 10])
        answer = bytearray()
        while piece := line.recv(65536):
            answer += piece

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'{"status": "ok"}' in answer


def test_a_slow_client_costs_the_log_no_traceback(portal: Portal) -> None:
    with socket.create_connection(("127.0.0.1", portal.port), timeout=LONG) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-More: ")
        left = line.recv(65536)

    assert left == b""
    assert "Traceback" not in portal.said()
    assert requests.get(f"{portal.url}/healthz", timeout=LONG).ok
