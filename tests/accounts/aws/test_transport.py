"""What boto3's transport does for the portal: kept connections, verified TLS, proxies, no redirects."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from accounts.aws import clients, sts
from accounts.errors import AwsRefused, AwsUnavailable
from accounts.types import Credentials
from tests.accounts.aws.test_sts import ARN, reply
from tests.emulators import Reply, ScriptedServer, aws_environment, sts_at

pytestmark = pytest.mark.wire


def assume() -> Credentials:
    return sts.assume_role(role_arn=ARN, session_name="alice@northwind.example", duration=3600)


def test_200_calls_of_eight_threads_open_eight_connections() -> None:
    with keeping(reply()) as (url, accepted), sts_at(url):
        clients.sts()
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda _: assume(), range(200)))

    assert len(found) == 200
    assert len(accepted) <= 8


def test_calls_go_through_the_proxy_with_its_password() -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as proxy:
        address = proxy.url.replace("//", "//user:p%40ss@")
        with aws_environment(
            AWS_ENDPOINT_URL_STS="http://sts.northwind.example",
            http_proxy=address,
            HTTP_PROXY=None,
            no_proxy=None,
            NO_PROXY=None,
        ):
            assume()
    [seen] = proxy.seen

    assert seen.path == "http://sts.northwind.example/"
    assert seen.headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"


def test_failure_of_a_proxy_repeats_no_password() -> None:
    with (
        aws_environment(
            AWS_ENDPOINT_URL_STS="http://sts.northwind.example",
            http_proxy="http://user:planted@127.0.0.1:9",
            no_proxy=None,
            NO_PROXY=None,
        ),
        pytest.raises(AwsUnavailable) as refused,
    ):
        assume()

    assert refused.value.code == "aws.unreachable"
    assert "planted" not in refused.value.admin_message


def test_certificate_of_nobody_we_know_is_refused(
    certificate: tuple[Path, Path],
) -> None:
    with (
        keeping(reply(), proven_by=certificate) as (url, _),
        aws_environment(AWS_ENDPOINT_URL_STS=url, AWS_CA_BUNDLE=None, REQUESTS_CA_BUNDLE=None),
        pytest.raises(AwsUnavailable) as refused,
    ):
        assume()

    assert refused.value.code == "aws.unreachable"
    assert "SSLError" in refused.value.admin_message


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_authority_that_is_named_is_trusted(
    certificate: tuple[Path, Path],
    variable: str,
) -> None:
    with (
        keeping(reply(), proven_by=certificate) as (url, _),
        aws_environment(
            **{
                "AWS_ENDPOINT_URL_STS": url,
                "AWS_CA_BUNDLE": None,
                "REQUESTS_CA_BUNDLE": "/nowhere",
                variable: str(certificate[0]),
            }
        ),
    ):
        assert assume().access_key_id == "ASIAEXAMPLE"


def test_redirect_is_not_followed() -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as elsewhere:
        away = Reply(307, headers={"Location": elsewhere.url})
        with (
            ScriptedServer(lambda seen: away) as server,
            sts_at(server.url),
            pytest.raises((AwsRefused, AwsUnavailable)),
        ):
            assume()

    assert elsewhere.seen == []


@contextmanager
def keeping(
    body: str, *, proven_by: tuple[Path, Path] | None = None
) -> Iterator[tuple[str, list[socket.socket]]]:
    """Serve one reply over connections that are kept; yield the address and the connections so far."""
    content = body.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(content)}\r\n\r\n"
    answer = head.encode() + content
    accepted: list[socket.socket] = []
    context = None
    if proven_by is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*proven_by)

    def serve(line: socket.socket) -> None:
        try:
            with context.wrap_socket(line, server_side=True) if context else line as talk:
                received = b""
                while chunk := talk.recv(65536):
                    received += chunk
                    if b"\r\n\r\n" in received and b"Version=2011-06-15" in received:
                        received = b""
                        talk.sendall(answer)
        except OSError:
            pass

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            accepted.append(line)
            threading.Thread(target=serve, args=(line,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        scheme = "https" if proven_by else "http"
        yield f"{scheme}://localhost:{listener.getsockname()[1]}", accepted
        listener.shutdown(socket.SHUT_RDWR)
    for line in accepted:
        line.close()
