"""The HTTP client: bounded, guarded and without memory, against real servers."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import accounts
from accounts import http
from tests.emulators import Reply, ScriptedServer

pytestmark = pytest.mark.wire


def get(url: str, **options: Any) -> http.Response:
    return http.fetch("GET", url, **{"total": 10.0, "limit": 1000, **options})


def refused(url: str, kind: type[http.HttpError], **options: Any) -> str:
    """Return what the error says, having seen that nothing planted shows."""
    with pytest.raises(http.HttpError) as caught:
        get(url, **options)
    assert type(caught.value) is kind
    assert "planted" not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


@contextmanager
def talking(
    talk: Callable[[socket.socket], None], *, tls: tuple[Path, Path] | None = None
) -> Iterator[str]:
    """Have a function talk on each connection, in a thread; yield the address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if tls:
        context.load_cert_chain(*tls)

    def serve(line: socket.socket) -> None:
        with (
            suppress(OSError),
            context.wrap_socket(line, server_side=True) if tls else line as wrapped,
        ):
            talk(wrapped)

    def accept() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(line,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        scheme = "https" if tls else "http"
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def drip(line: socket.socket, beginning: bytes) -> None:
    line.recv(4096)
    line.sendall(beginning)
    while True:
        time.sleep(0.05)
        line.sendall(b"x")


def answer(line: socket.socket) -> None:
    line.recv(4096)
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")


def test_answer_is_returned_whatever_its_status() -> None:
    reply = Reply(404, "nothing here", {"Content-Type": "Text/HTML; charset=utf-8", "X-Id": "42"})
    with ScriptedServer(lambda seen: reply) as server:
        got = get(f"{server.url}/path?query")

    assert (got.status, got.body, got.content_type) == (404, b"nothing here", "text/html")
    assert got.headers["x-id"] == "42"
    [seen] = server.seen
    assert (seen.method, seen.path, seen.body) == ("GET", "/path?query", "")
    assert seen.headers["user-agent"] == f"gatehouse/{accounts.__version__}"


def test_body_and_headers_are_sent_each_header_in_one_line() -> None:
    with ScriptedServer(lambda seen: Reply()) as server:
        http.fetch(
            "POST",
            server.url,
            total=10,
            limit=0,
            headers={"Authorization": "Bearer é\r\nX-Evil: yes"},
            body="naïve".encode(),
        )

    [seen] = server.seen
    assert (seen.method, seen.body) == ("POST", "naïve")
    assert seen.headers["authorization"].encode("latin-1").decode() == "Bearer é X-Evil: yes"
    assert "x-evil" not in seen.headers
    assert "expect" not in seen.headers


def test_redirect_is_not_followed() -> None:
    with ScriptedServer(lambda seen: Reply()) as elsewhere:
        away = Reply(302, headers={"Location": elsewhere.url})
        with ScriptedServer(lambda seen: away) as server:
            assert get(server.url).status == 302

    assert elsewhere.seen == []


def test_body_is_read_up_to_its_limit_and_no_further() -> None:
    with ScriptedServer(lambda seen: Reply(body="x" * 1000)) as server:
        assert len(get(server.url, limit=1000).body) == 1000
        assert refused(server.url, http.TooLarge, limit=999) == "over 999 bytes"


def test_compressed_body_is_read_and_counted_as_it_is_without() -> None:
    body = gzip.compress(b"x" * 100_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)

    def send(line: socket.socket) -> None:
        line.recv(4096)
        line.sendall(head + body)

    with talking(send) as url:
        assert get(url, limit=100_000).body == b"x" * 100_000
        refused(url, http.TooLarge, limit=99_999)


@pytest.mark.parametrize("tls", [False, True])
def test_answer_that_drips_is_left_after_the_whole_time(
    tls: bool, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    late = []
    for beginning in (b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"):
        with talking(
            lambda line, beginning=beginning: drip(line, beginning),  # type: ignore[misc]
            tls=certificate if tls else None,
        ) as url:
            begun = time.monotonic()
            refused(url, http.Timeout, total=0.5)
            late.append(time.monotonic() - begun)

    assert max(late) < 2, late


def test_answer_that_does_not_come_is_left_after_the_whole_time() -> None:
    with talking(lambda line: time.sleep(2)) as url:
        refused(url, http.Timeout, total=0.2)


def test_certificate_is_verified_by_the_authorities_that_are_known(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with talking(answer, tls=certificate) as url:
        refused(url, http.TlsRefused)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
        refused(url, http.TlsRefused)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
        assert get(url).body == b"hello"
        # The certificate is for localhost and 127.0.0.1.
        refused(url.replace("127.0.0.1", "other.localhost"), http.TlsRefused)


def test_address_that_is_not_allowed_is_not_connected_to() -> None:
    connected: list[socket.socket] = []
    with talking(connected.append) as url:
        by_name = url.replace("127.0.0.1", "localhost")
        for address in (url, by_name):
            with pytest.raises(http.AddressRefused) as caught:
                get(address, allow_address=lambda address: False)
            assert caught.value.address in ("127.0.0.1", "::1")

    assert connected == []


def test_only_allowed_addresses_of_a_name_are_connected_to() -> None:
    with talking(answer) as url:
        by_name = url.replace("127.0.0.1", "localhost")

        assert get(by_name, allow_address=lambda address: address == "127.0.0.1").status == 200


def test_allowed_address_that_does_not_answer_is_unreachable_and_not_refused(
    unused_port: int,
) -> None:
    refused(f"http://127.0.0.1:{unused_port}", http.Unreachable, allow_address=lambda address: True)


def test_proxy_of_the_environment_is_used_and_decides_on_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ScriptedServer(lambda seen: Reply(body="by proxy")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//user:p%40ss@"))
        monkeypatch.setenv("no_proxy", "direct.localhost")

        got = get("http://id.example/document", allow_address=lambda address: False)
        with talking(answer) as url:
            directly = get(url.replace("127.0.0.1", "direct.localhost"))

    assert (got.body, directly.body) == (b"by proxy", b"hello")
    [seen] = proxy.seen
    assert seen.path == "http://id.example/document"
    assert seen.headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"


def test_proxy_that_fails_shows_no_password(
    monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("all_proxy", f"http://user:planted@127.0.0.1:{unused_port}")

    refused("https://id.example/?token=planted", http.Unreachable)


def test_no_netrc_is_read_and_no_cookie_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (".netrc", "netrc"):
        (tmp_path / name).write_text("default login somebody password else\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    cookie = Reply(headers={"Set-Cookie": "session=alice; Path=/"})
    with ScriptedServer(lambda seen: cookie) as server:
        get(server.url)
        get(server.url)

    assert len(server.seen) == 2
    for seen in server.seen:
        assert not {"authorization", "cookie"} & set(seen.headers)


def test_headers_before_the_answer_are_not_the_answers() -> None:
    def send(line: socket.socket) -> None:
        line.recv(4096)
        line.sendall(b"HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\n")
        line.sendall(b"HTTP/1.1 200 OK\r\nX-Late: yes\r\nContent-Length: 0\r\n\r\n")

    with talking(send) as url:
        got = get(url)

    assert (got.status, "x-early" in got.headers, got.headers["x-late"]) == (200, False, "yes")


def test_what_cannot_be_fetched_is_unreachable(unused_port: int) -> None:
    for url in (
        f"http://127.0.0.1:{unused_port}",
        "http://",
        "ftp://127.0.0.1",
        "file:///etc/hosts",
    ):
        refused(url, http.Unreachable)
    with talking(lambda line: line.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")) as url:
        refused(url, http.Unreachable)
    with talking(lambda line: None) as url:
        refused(url, http.Unreachable)


def test_response_shows_nothing_that_may_be_secret() -> None:
    shown = repr(http.Response(200, {"set-cookie": "planted"}, b"planted"))

    assert shown == "Response(status=200)"


def test_threads_fetch_at_the_same_time() -> None:
    with (
        ScriptedServer(lambda seen: Reply(body=seen.path)) as server,
        ThreadPoolExecutor(8) as threads,
    ):
        bodies = list(threads.map(lambda n: get(f"{server.url}/{n}").body, range(80)))

    assert bodies == [f"/{n}".encode() for n in range(80)]
