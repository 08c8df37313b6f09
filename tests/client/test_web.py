"""How the client asks: verified, bounded, never elsewhere; over real sockets."""

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

from gatehouse_client import web
from gatehouse_client.errors import Failed
from tests.emulators import Reply, ScriptedServer, Seen
from tests.processes import free_port

SECRET = "a-token-that-stays-here"


@pytest.mark.parametrize(
    "url",
    [
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
    ],
)
def test_address_that_tokens_must_not_be_sent_to_is_not_safe(url: object) -> None:
    assert not web.is_safe(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://aws.example.com",
        "http://localhost:8000/x",
        "http://127.0.0.1/",
        "http://127.8.9.1/",
        "http://[::1]:8000/",
    ],
)
def test_address_by_https_or_on_this_machine_is_safe(url: str) -> None:
    assert web.is_safe(url)


def test_nothing_is_sent_by_plain_http() -> None:
    with pytest.raises(Failed, match="nothing is sent there"):
        web.ask("http://aws.example.com/api", bearer=SECRET)


@pytest.mark.wire
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(status: int) -> None:
    with (
        ScriptedServer(lambda seen: Reply(body="{}")) as elsewhere,
        ScriptedServer(lambda seen: Reply(status, headers={"Location": elsewhere.url})) as server,
    ):
        with pytest.raises(Failed, match="leads elsewhere"):
            web.ask(f"{server.url}/x", bearer=SECRET)

        assert len(server.seen) == 1
        assert elsewhere.seen == []


@pytest.mark.wire
def test_answer_that_is_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LARGEST", 1000)
    with (
        ScriptedServer(lambda seen: Reply(body="x" * 1001)) as server,
        pytest.raises(Failed, match="more than"),
    ):
        web.ask(server.url)


@pytest.fixture
def drip() -> Iterator[str]:
    """A server that sends a byte now and then, and never ends."""
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
def test_answer_that_drips_is_left_in_time(drip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PATIENCE", 0.3)

    with pytest.raises(web.TimedOut, match="did not answer in time"):
        web.ask(drip)


@contextmanager
def repeating(first: bytes, again: bytes) -> Iterator[str]:
    """A server that says the same again and again, and never ends, be it in the middle of a header."""
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
def test_server_that_never_comes_to_the_end_is_left_in_time(
    first: bytes, again: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "PATIENCE", 0.3)

    with repeating(first, again) as url, pytest.raises(web.TimedOut):
        web.ask(url)


@pytest.mark.wire
@pytest.mark.parametrize("location", ["http://[", "file:///etc/passwd", "https://x.example:port/"])
def test_redirect_to_nowhere_is_said_to_be_one(location: str) -> None:
    with (
        ScriptedServer(lambda seen: Reply(302, headers={"Location": location})) as server,
        pytest.raises(Failed, match="leads elsewhere"),
    ):
        web.ask(server.url)


@pytest.mark.wire
@pytest.mark.parametrize(
    "body", ["", "<p>Hello from a proxy</p>", "[]", "null", "\xff", '{"a": "\\ud800"}', "[" * 10**6]
)
def test_answer_that_is_no_json_object_is_said(body: str) -> None:
    with (
        ScriptedServer(lambda seen: Reply(body=body)) as server,
        pytest.raises(Failed, match="not in JSON"),
    ):
        web.ask(server.url).json()


def test_server_that_is_not_there_is_said_without_the_secret() -> None:
    with pytest.raises(Failed, match="cannot be reached") as caught:
        web.ask(f"http://127.0.0.1:{free_port()}/?code={SECRET}", bearer=SECRET)

    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.wire
@pytest.mark.parametrize("reply", [Reply(close=True)])
def test_server_that_hangs_up_is_said(reply: Reply) -> None:
    with (
        ScriptedServer(lambda seen: reply) as server,
        pytest.raises(Failed, match="cannot be reached"),
    ):
        web.ask(server.url)


def test_token_that_no_header_can_hold_is_said_without_the_token() -> None:
    with pytest.raises(Failed) as caught:
        web.ask(f"http://127.0.0.1:{free_port()}/", bearer=f"{SECRET}\r\nX-Other: y")

    assert SECRET not in str(caught.value)


@pytest.mark.wire
def test_bearer_is_in_the_header_and_nowhere_else() -> None:
    with ScriptedServer(lambda seen: Reply(body="{}")) as server:
        web.ask(f"{server.url}/keys", content={"role_name": "ReadOnly"}, bearer=SECRET)

        [seen] = server.seen
    assert isinstance(seen, Seen)
    assert seen.headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in seen.path + seen.body
    assert seen.headers["user-agent"].startswith("gatehouse-client/")


@pytest.mark.wire
def test_proxy_of_the_environment_is_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")

    with ScriptedServer(lambda seen: Reply(body="{}")) as server:
        assert web.ask(server.url).status == 200


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
def test_certificate_that_nobody_vouches_for_is_refused(https: tuple[str, list[str]]) -> None:
    url, seen = https

    with pytest.raises(Failed, match=r"certificate is not trusted.*SSL_CERT_FILE"):
        web.ask(url, bearer=SECRET)

    assert seen == []


@pytest.mark.wire
def test_certificate_of_the_companys_own_authority_is_trusted(
    https: tuple[str, list[str]],
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, seen = https
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    assert web.ask(url, bearer=SECRET).status == 200
    assert seen == [f"Bearer {SECRET}"]
