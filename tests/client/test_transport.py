"""HTTP of the client, over real sockets: certificates checked, bounded, no redirects followed."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest

from gatehouse_client import transport
from gatehouse_client.errors import CommandFailed
from tests.emulators import Reply, ScriptedServer, Seen
from tests.processes import free_port

SECRET = "a-token-that-stays-here"


def test_url_that_tokens_must_not_be_sent_to_is_not_safe() -> None:
    for url in (
        "http://aws.example.com/",
        "http://192.0.2.1/",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "https://me@aws.example.com/",
        "https://me:secret@aws.example.com/",
        "ftp://localhost/",
        "file:///etc/passwd",
        "https://",
        "https://[",
        "https://aws.example.com:port/",
        "https://aws.example.com/\x1b[2J",
        "https://aws.example.com/\n",
        "https://aws.example.com/a b",
        "https://aws.example.com/\u202etxt.exe",
        "aws.example.com",
        "",
        None,
        7,
    ):
        assert not transport.is_safe_url(url), url


def test_https_or_this_machine_is_safe() -> None:
    for url in (
        "https://aws.example.com",
        "http://localhost:8000/x",
        "http://127.0.0.1/",
        "http://127.8.9.1/",
        "http://[::1]:8000/",
    ):
        assert transport.is_safe_url(url), url


def test_nothing_is_sent_by_plain_http() -> None:
    with pytest.raises(CommandFailed, match="nothing is sent there"):
        transport.send("http://aws.example.com/api", bearer=SECRET)


@pytest.mark.wire
def test_redirect_is_not_followed() -> None:
    with ScriptedServer(lambda seen: Reply(body="{}")) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            redirect = Reply(status, headers={"Location": elsewhere.url})
            with ScriptedServer(lambda seen, redirect=redirect: redirect) as server:  # type: ignore[misc]
                with pytest.raises(CommandFailed, match="redirects elsewhere"):
                    transport.send(f"{server.url}/x", bearer=SECRET)

                assert len(server.seen) == 1, status
        assert elsewhere.seen == []


@pytest.mark.wire
def test_too_long_a_response_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", 1000)
    with (
        ScriptedServer(lambda seen: Reply(body="x" * 1001)) as server,
        pytest.raises(CommandFailed, match="too long"),
    ):
        transport.send(server.url)


@pytest.fixture
def drip() -> Iterator[str]:
    """A server that sends a byte now and then without end."""
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            while not stop.wait(0.05):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        stop.set()
        server.shutdown()
        thread.join()


@pytest.mark.wire
def test_response_that_drips_ends_in_time(drip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", 0.3)

    with pytest.raises(transport.ServerTimeout, match="did not answer in time"):
        transport.send(drip)


@contextmanager
def repeating(first: bytes, again: bytes) -> Iterator[str]:
    """A server that repeats some bytes without end, even within a header."""
    stop = threading.Event()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                self.wfile.write(first)
                while not stop.wait(0.05):
                    self.wfile.write(again)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        stop.set()
        server.shutdown()


@pytest.mark.wire
@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X: y\r\n"),
    ],
    ids=["status", "headers", "continue", "chunk", "trailers"],
)
def test_response_without_an_end_ends_in_time(
    first: bytes, again: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", 0.3)

    with repeating(first, again) as url, pytest.raises(transport.ServerTimeout):
        transport.send(url)


@pytest.mark.wire
def test_redirect_to_an_impossible_url_is_reported_as_one() -> None:
    locations = ["http://[", "file:///etc/passwd", "https://x.example:port/"]
    with ScriptedServer(lambda seen: Reply(302, headers={"Location": locations[0]})) as server:
        while locations:
            with pytest.raises(CommandFailed, match="redirects elsewhere"):
                transport.send(server.url)
            locations.pop(0)


@pytest.mark.wire
def test_response_that_is_no_json_object_is_refused() -> None:
    html = "<p>Hello from a proxy</p>"
    bodies = ["", html, "[]", "null", "\xff", '{"a": "\\ud800"}', "[" * 10**6]
    with ScriptedServer(lambda seen: Reply(body=bodies[0])) as server:
        while bodies:
            with pytest.raises(CommandFailed, match="not with JSON"):
                transport.send(server.url).json()
            bodies.pop(0)


def test_unreachable_server_is_reported_without_the_secret() -> None:
    with pytest.raises(CommandFailed, match="cannot be reached") as caught:
        transport.send(f"http://127.0.0.1:{free_port()}/?code={SECRET}", bearer=SECRET)

    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.wire
def test_closed_connection_is_reported() -> None:
    with (
        ScriptedServer(lambda seen: Reply(close=True)) as server,
        pytest.raises(CommandFailed, match="cannot be reached"),
    ):
        transport.send(server.url)


def test_token_that_no_header_can_hold_is_reported_without_it() -> None:
    with pytest.raises(CommandFailed) as caught:
        transport.send(f"http://127.0.0.1:{free_port()}/", bearer=f"{SECRET}\r\nX-Other: y")

    assert SECRET not in str(caught.value)


@pytest.mark.wire
def test_bearer_is_in_the_header_and_nowhere_else() -> None:
    with ScriptedServer(lambda seen: Reply(body="{}")) as server:
        transport.send(f"{server.url}/keys", content={"role_name": "ReadOnly"}, bearer=SECRET)

        [seen] = server.seen
    assert isinstance(seen, Seen)
    assert seen.headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in seen.path + seen.body
    assert seen.headers["user-agent"].startswith("gatehouse-client/")


@pytest.mark.wire
def test_proxy_is_not_used_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")

    with ScriptedServer(lambda seen: Reply(body="{}")) as server:
        assert transport.send(server.url).status == 200


# --- TLS ---


@pytest.fixture
def https(certificate: tuple[Path, Path]) -> Iterator[tuple[str, list[str]]]:
    """A server by https, and the tokens it was sent."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization", ""))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"https://localhost:{server.server_port}/", seen
        server.shutdown()
        thread.join()


@pytest.mark.wire
def test_untrusted_certificate_is_refused(https: tuple[str, list[str]]) -> None:
    url, seen = https

    with pytest.raises(CommandFailed, match=r"certificate is not trusted.*SSL_CERT_FILE"):
        transport.send(url, bearer=SECRET)

    assert seen == []


@pytest.mark.wire
def test_certificate_of_a_companys_own_authority_is_trusted(
    https: tuple[str, list[str]],
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, seen = https
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    assert transport.send(url, bearer=SECRET).status == 200
    assert seen == [f"Bearer {SECRET}"]
