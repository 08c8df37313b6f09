"""A real nginx with the shipped configuration in front of the portal: slow clients keep nobody else waiting."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from accounts.concurrency import THREADS
from tests import nginx
from tests.demo.test_gunicorn import gunicorn
from tests.nginx import Front
from tests.portal import running
from tests.processes import free_port

pytestmark = pytest.mark.wire

MANY = 2 * THREADS
LONG = 60
"""Seconds; many times what the slow ones here may take of nginx."""
HEAD = "POST /client/register HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n"
STATIC = "GET /static/portal/portal.css HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A portal of one worker behind nginx."""
    port = free_port()
    with (
        running.portal(
            tmp_path_factory.mktemp("portal"),
            issuer="http://localhost:9",
            prepared=False,
            BASE_URL=f"https://localhost:{port}",
            TRUSTED_PROXIES="127.0.0.1",
        ) as portal,
        nginx.running(
            tmp_path_factory.mktemp("nginx"),
            port=port,
            upstream=portal.port,
            client_header_timeout="2s",
            client_body_timeout="2s",
            send_timeout="2s",
        ) as front,
    ):
        yield front


def connect(front: Front) -> ssl.SSLSocket:
    trusted = ssl.create_default_context(cafile=str(front.certificate))
    plain = socket.socket()
    plain.settimeout(LONG)
    # A small window, so that an answer that is not read soon fills it.
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.connect(("127.0.0.1", front.port))
    return trusted.wrap_socket(plain, server_hostname="localhost")


def everything_from(line: socket.socket) -> bytes:
    answer = bytearray()
    while piece := line.recv(65536):
        answer += piece
    return bytes(answer)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("", id="nothing"),
        pytest.param("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-More: ", id="half a head"),
        pytest.param(f"{HEAD}{{", id="half a body"),
        pytest.param(STATIC * 500, id="all, and they read no answer"),
    ],
)
def test_others_are_answered_however_slow_some_are(front: Front, sent: str) -> None:
    with ExitStack() as stack, front.browser() as other:
        for _ in range(MANY):
            stack.enter_context(connect(front)).sendall(sent.encode())

        assert other.get(f"{front.url}/healthz", timeout=LONG).elapsed.total_seconds() < 1


def test_request_that_comes_byte_by_byte_is_answered(front: Front) -> None:
    with connect(front) as line:
        for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n":
            line.sendall(bytes([byte]))
        answer = everything_from(line)

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'{"status": "ok"}' in answer


@pytest.mark.parametrize("sent", ["GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-M", f"{HEAD}{{"])
def test_client_that_never_finishes_its_request_is_dropped(front: Front, sent: str) -> None:
    with connect(front) as line:
        line.sendall(sent.encode())
        answer = everything_from(line)

    assert b" 200 " not in answer


def test_more_than_the_portal_takes_is_refused(front: Front) -> None:
    with front.browser() as browser:
        answer = browser.post(f"{front.url}/client/register", data=b"x" * 300_000, timeout=LONG)

    assert answer.status_code == 413


def test_portal_knows_that_it_is_asked_over_https(front: Front) -> None:
    with front.browser() as browser:
        answer = browser.get(f"{front.url}/healthz", timeout=LONG)
        page = browser.get(f"{front.url}/oidc/callback/", timeout=LONG)

    assert answer.status_code == 200
    assert "Strict-Transport-Security" in page.headers


def test_log_of_nginx_has_no_query_strings(front: Front) -> None:
    with front.browser() as browser:
        headers = {"Referer": "https://localhost/?code=HUSHED"}
        browser.get(f"{front.url}/oidc/callback/?code=HUSHED", headers=headers, timeout=LONG)

    assert '"GET /oidc/callback/ HTTP/1.1"' in front.logged()
    assert "HUSHED" not in front.logged()


def test_headers_arrive_as_the_portal_needs_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        gunicorn(tmp_path_factory.mktemp("echo")) as url,
        nginx.running(
            tmp_path_factory.mktemp("nginx"),
            port=free_port(),
            upstream=int(url.rpartition(":")[2]),
        ) as front,
        front.browser() as browser,
    ):
        forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
        aws = {"x-amz-sso_bearer_token": "a-token"}
        seen = browser.get(f"{front.url}/keys", headers=forged | aws, timeout=LONG).json()

    assert seen["token"] == "a-token"
    assert seen["forwarded_for"] == "127.0.0.1"
    assert seen["scheme"] == "https"
    assert seen["host"] == f"localhost:{front.port}"
