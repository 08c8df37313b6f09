"""Posts over kept connections, to real servers that misbehave and through real proxies."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from accounts.aws import curl
from accounts.aws.curl import Answer, Line, NoAnswer
from tests.accounts.aws.test_query import keeping
from tests.accounts.aws.test_sts import reply
from tests.emulators import Reply, ScriptedServer, aws_environment

pytestmark = pytest.mark.wire

BODY = b"Version=2011-06-15"
NONE: Mapping[str, str] = {}


def ask(line: Line, headers: Mapping[str, str] = NONE, *, whole: float = 5) -> Answer:
    return line.post(BODY, headers=headers, connect=2, whole=whole)


def plain(url: str, proxy: str = "") -> Line:
    return Line(url, certificates="nowhere", proxy=proxy)


@pytest.mark.parametrize("status", [200, 301, 403, 503])
def test_whatever_is_answered_is_returned(status: int) -> None:
    with ScriptedServer(lambda seen: Reply(status, "said")) as server:
        asked = ask(plain(f"{server.url}/sts"), {"User-Agent": "gatehouse"})
    [seen] = server.seen

    assert asked == Answer(status, b"said")
    assert (seen.method, seen.path, seen.body) == ("POST", "/sts", BODY.decode())
    assert seen.headers.keys() == {"host", "content-length", "content-type", "user-agent"}
    assert seen.headers["user-agent"] == "gatehouse"


def test_answer_without_end_is_given_up() -> None:
    with (
        answering(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 4096, pause=0) as url,
        pytest.raises(NoAnswer, match="FILESIZE_EXCEEDED") as none,
    ):
        ask(plain(url))

    assert none.value.too_long
    assert not none.value.late


@pytest.mark.parametrize("length", [curl.LONGEST, curl.LONGEST + 1])
def test_answer_that_says_how_long_it_is_may_be_so_long(length: int) -> None:
    with ScriptedServer(lambda seen: Reply(body="x" * length)) as server:
        if length > curl.LONGEST:
            with pytest.raises(NoAnswer, match="FILESIZE_EXCEEDED"):
                ask(plain(server.url))
        else:
            assert len(ask(plain(server.url)).body) == length


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 O", b"HTTP/1.1 200 OK\r\nX", b"HTTP/1.1 200 OK\r\n\r\n"]
)
def test_answer_that_drips_is_late_all_the_same(head: bytes) -> None:
    with answering(head, b"x", pause=0.1) as url:
        begun = time.monotonic()
        with pytest.raises(NoAnswer, match="OPERATION_TIMEDOUT") as none:
            ask(plain(url), whole=0.5)

    assert none.value.late
    assert time.monotonic() - begun < 2


def test_answer_that_breaks_off_is_none() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome"
    with (
        answering(head, b"", pause=0) as url,
        pytest.raises(NoAnswer, match="PARTIAL_FILE") as none,
    ):
        ask(plain(url))

    assert not none.value.late


def test_line_serves_again_after_a_failure() -> None:
    answers = iter([Reply(close=True), Reply(body="said")])
    with ScriptedServer(lambda seen: next(answers)) as server:
        line = plain(server.url)
        with pytest.raises(NoAnswer, match="GOT_NOTHING"):
            ask(line)

        assert ask(line).body == b"said"


def test_header_with_a_line_break_begins_no_other() -> None:
    with ScriptedServer(lambda seen: Reply()) as server:
        ask(plain(server.url), {"Token": "planted\r\nX-Admin: yes\n"})
    [seen] = server.seen

    assert seen.headers["token"] == "planted X-Admin: yes"
    assert "x-admin" not in seen.headers


def test_letters_beyond_ascii_go_as_they_are_signed() -> None:
    with ScriptedServer(lambda seen: Reply()) as server:
        ask(plain(server.url), {"Token": "clé 🔑"})
    [seen] = server.seen

    assert seen.headers["token"].encode("latin-1").decode() == "clé 🔑"


def test_representations_hold_no_secret() -> None:
    line = plain("http://127.0.0.1:9", proxy="http://user:planted@proxy.example")

    assert "planted" not in repr([line, Answer(200, b"planted")])


def test_no_credentials_are_looked_for_and_no_cookie_kept(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password planted\n")
    cookie = Reply(headers={"Set-Cookie": "planted=yes"})
    with ScriptedServer(lambda seen: cookie) as server, aws_environment(HOME=str(tmp_path)):
        line = plain(server.url)
        ask(line)
        ask(line)
    _, seen = server.seen

    assert not {"authorization", "cookie"} & seen.headers.keys()


def test_connection_that_dies_as_it_is_used_again_is_no_failure() -> None:
    with dying() as (url, requests):
        line = plain(url)

        assert [ask(line).body for _ in range(2)] == [b"said"] * 2
    assert requests == [1, 1, 2]


def test_nothing_but_http_is_spoken(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("planted")

    with pytest.raises(NoAnswer, match="UNSUPPORTED_PROTOCOL"):
        ask(plain(secret.as_uri()))


def test_environment_names_no_proxy_that_was_not_asked_for() -> None:
    with (
        ScriptedServer(lambda seen: Reply()) as server,
        aws_environment(http_proxy="http://127.0.0.1:9", all_proxy="http://127.0.0.1:9"),
    ):
        assert ask(plain(server.url)).status == 200


def test_environment_keeps_nobody_from_the_proxy() -> None:
    with (
        ScriptedServer(lambda seen: Reply()) as proxy,
        aws_environment(no_proxy="*", NO_PROXY="*"),
    ):
        ask(plain("http://sts.northwind.example/", proxy=proxy.url))

    assert [seen.path for seen in proxy.seen] == ["http://sts.northwind.example/"]


def test_https_goes_through_a_proxy_that_sees_nothing_of_it(
    certificate: tuple[Path, Path],
) -> None:
    with (
        keeping(reply(), proven_by=certificate) as (url, _),
        tunnel(to=int(url.rpartition(":")[2])) as (proxy, asked),
    ):
        line = Line(
            "https://localhost/",
            certificates=str(certificate[0]),
            proxy=proxy.replace("//", "//user:p%40ss@"),
        )
        answer = ask(line, {"Authorization": "planted"})

    assert answer.body == reply().encode()
    [head] = asked
    assert head.startswith("CONNECT localhost:443 HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in head
    assert "planted" not in head


@contextmanager
def answering(head: bytes, piece: bytes, *, pause: float) -> Iterator[str]:
    """Answer one request with a head, and then with one piece after the other until hung up on; no piece ends it."""

    def answer(line: socket.socket) -> None:
        line.recv(65536)
        line.sendall(head)
        while piece:
            line.sendall(piece)
            time.sleep(pause)

    with _serving(answer) as port:
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def dying() -> Iterator[tuple[str, list[int]]]:
    """Hang up on the second request of the first connection; yield the address, and of each request the connection."""
    requests: list[int] = []
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsaid"

    def serve() -> None:
        with suppress(OSError):
            for number in (1, 2):
                line, _ = listener.accept()
                with line:
                    while line.recv(65536):
                        requests.append(number)
                        if requests == [1, 1]:
                            break
                        line.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", requests


@contextmanager
def tunnel(*, to: int) -> Iterator[tuple[str, list[str]]]:
    """Be a proxy that leads to one port, wherever it is asked to; yield its address and what it was asked."""
    asked: list[str] = []

    def pass_on(line: socket.socket) -> None:
        asked.append(line.recv(65536).decode())
        with socket.create_connection(("localhost", to)) as beyond:
            line.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ends = {line: beyond, beyond: line}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    if not (data := end.recv(65536)):
                        return
                    ends[end].sendall(data)

    with _serving(pass_on) as port:
        yield f"http://127.0.0.1:{port}", asked


@contextmanager
def _serving(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    def accept() -> None:
        with suppress(OSError):
            line, _ = listener.accept()
            with line:
                serve(line)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
