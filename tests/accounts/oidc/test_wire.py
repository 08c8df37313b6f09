"""Requests to the provider, over a real socket."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from urllib3.connection import HTTPConnection
from werkzeug.wrappers import Request, Response

from accounts import pool
from accounts.oidc import wire
from accounts.oidc.errors import ProviderUnavailable
from tests import certificates
from tests.publisher import Publisher


def read(url: str, limit: int = 1000) -> dict[str, Any]:
    return wire.ask("GET", url, what="the document", limit=limit).document()


def test_a_redirect_is_not_followed(publisher: Publisher) -> None:
    publisher.replies["/here"] = lambda _: Response(status=302, headers={"Location": "/there"})
    publisher.publish("/there", {"a": 1})

    with pytest.raises(ProviderUnavailable, match="status 302"):
        read(f"{publisher.url}/here")
    assert publisher.hits["/there"] == 0


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_a_status_that_is_no_success_is_refused(publisher: Publisher, status: int) -> None:
    publisher.publish("/", {"a": 1}, status=status)

    with pytest.raises(ProviderUnavailable, match=f"status {status}"):
        read(f"{publisher.url}/")


def test_an_answer_longer_than_its_limit_is_refused(publisher: Publisher) -> None:
    publisher.publish("/", {"a": "x" * 1000})

    with pytest.raises(ProviderUnavailable, match="longer than 1000 bytes"):
        read(f"{publisher.url}/")


def test_an_answer_within_its_limit_is_read(publisher: Publisher) -> None:
    publisher.publish("/", {"a": "x" * 900})

    assert read(f"{publisher.url}/") == {"a": "x" * 900}


def test_a_provider_that_is_silent_is_left_after_the_timeout(publisher: Publisher) -> None:
    def late(request: Request) -> Response:
        time.sleep(2)
        return Response("late")

    publisher.replies["/"] = late
    before = time.monotonic()

    with pytest.raises(ProviderUnavailable, match="could not be read"):
        read(f"{publisher.url}/")
    assert time.monotonic() - before < 1.8


def test_a_provider_that_drips_is_left_after_the_timeout(publisher: Publisher) -> None:
    def drip() -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.1)
            yield b" "

    publisher.replies["/"] = lambda _: Response(drip())
    before = time.monotonic()

    with pytest.raises(ProviderUnavailable, match="takes too long"):
        read(f"{publisher.url}/")
    assert time.monotonic() - before < 1.8


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_provider_that_drips_its_headers_is_left_after_the_timeout(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    settings.OIDC_TIMEOUT = 1
    certificate, key = certificates.make(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    hung_up = threading.Event()

    def drip() -> None:
        connection, _ = server.accept()
        if scheme == "https":
            connection = tls.wrap_socket(connection, server_side=True)
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            connection.settimeout(0.1)
            connection.recv(4096)
            for _ in range(600):
                connection.sendall(b"X")
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(4096):
                        break
            else:
                return
        hung_up.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(ProviderUnavailable, match="Timeout"):
            read(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
    assert hung_up.is_set()


def test_a_provider_that_answers_the_hanging_up_with_a_reset_is_late_all_the_same(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OIDC_TIMEOUT = 0.2

    def hung_up_on(connection: HTTPConnection) -> None:
        connection.sock.settimeout(5)  # Not its own timeout is asked here.
        while connection.sock.recv(1):
            """Nothing else comes."""
        raise ConnectionResetError

    monkeypatch.setattr(HTTPConnection, "getresponse", hung_up_on)

    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(ProviderUnavailable, match="Timeout"),
    ):
        read(f"http://127.0.0.1:{server.getsockname()[1]}/")


def test_a_certificate_that_is_not_accepted_is_told_so(publisher: Publisher) -> None:
    with pytest.raises(ProviderUnavailable, match="REQUESTS_CA_BUNDLE"):
        read(publisher.url.replace("http:", "https:"))


def test_no_pooled_connection_is_kept_while_the_provider_is_awaited(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    monkeypatch.setattr(pool, "connection", _PooledConnection(lambda: closed.append(True)))
    publisher.replies["/"] = lambda _: Response(f'{{"closed": {len(closed)}}}')

    assert read(f"{publisher.url}/") == {"closed": 1}


class _PooledConnection:
    settings_dict = {"OPTIONS": {"pool": True}}
    in_atomic_block = False

    def __init__(self, close: Callable[[], None]) -> None:
        self.close = close


def test_a_provider_that_is_not_there_is_told_so(unused_port: int, settings: Any) -> None:
    with pytest.raises(ProviderUnavailable, match="ConnectionError") as caught:
        read(f"http://localhost:{unused_port}/")
    assert "OIDC_ISSUER" in caught.value.user_message


def test_an_answer_that_is_no_http_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ProviderUnavailable):
            read(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()


def test_a_netrc_never_takes_the_place_of_the_access_token(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    publisher.publish("/", {})

    wire.ask(
        "GET",
        f"{publisher.url}/",
        what="it",
        limit=100,
        headers={"Authorization": "Bearer token"},
    )

    assert publisher.requests[0].headers["Authorization"] == "Bearer token"


def test_the_proxy_of_the_environment_is_used(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", publisher.url)
    monkeypatch.setenv("no_proxy", "")
    publisher.publish("/document", {"by": "proxy"})

    assert read("http://id.example/document") == {"by": "proxy"}


def test_an_answer_keeps_its_body_to_itself() -> None:
    answer = wire.Answer(200, "application/json", b'{"access_token": "secret"}', "it")

    assert "secret" not in repr(answer)
