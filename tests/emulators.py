"""Real servers on loopback that stand in for AWS: moto's STS, scripted replies, console sign-in."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import boto3
import pytest
from moto.server import ThreadedMotoServer

from accounts.aws import clients
from tests import processes


@pytest.fixture(scope="session")
def sts_endpoint() -> Iterator[str]:
    """The address of moto's STS; the portal's clients go there until the session ends."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with sts_at(url):
        yield url
    server.stop()


@pytest.fixture
def console_endpoint() -> Iterator[ConsoleEndpoint]:
    """A federation endpoint that gives every caller a token; see what it was sent in `seen`."""
    with ConsoleEndpoint() as endpoint:
        yield endpoint


def whose_keys(url: str, *, access_key_id: str, secret_access_key: str, session_token: str) -> str:
    """Return the ARN that STS at a URL says these keys are of, asked by boto3."""
    sts = boto3.client(
        "sts",
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
    )
    return sts.get_caller_identity()["Arn"]


@contextmanager
def sts_at(url: str) -> Iterator[None]:
    """Send the portal's calls of STS and IAM to a URL, by boto3's own variables."""
    with aws_environment(AWS_ENDPOINT_URL_STS=url, AWS_ENDPOINT_URL_IAM=url):
        yield


@contextmanager
def aws_environment(**changes: str | None) -> Iterator[None]:
    """Change the environment boto3 reads (None removes a name), and have its clients made anew."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in changes.items():
            if value is None:
                patch.delenv(name, raising=False)
            else:
                patch.setenv(name, value)
        clients.reset()
        yield
    clients.reset()


@dataclass(frozen=True)
class Seen:
    """One request as a server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form in the body, each with its first value."""
        fields = parse_qs(self.body, keep_blank_values=True)
        return {name: values[0] for name, values in fields.items()}


@dataclass(frozen=True)
class Reply:
    """What a server answers; `close` hangs up instead."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    close: bool = False


class ScriptedServer:
    """An HTTP server on a free port that remembers its requests and answers as told."""

    def __init__(self, answer: Callable[[Seen], Reply]) -> None:
        self.seen: list[Seen] = []
        self.answer = answer
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(self.command, self.path, headers, body)
                server.seen.append(seen)
                self._send(server.answer(seen))

            do_GET = do_POST

            def _send(self, reply: Reply) -> None:
                self.close_connection = True
                if reply.close:
                    return
                content = reply.body.encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


class ConsoleEndpoint(ScriptedServer):
    """AWS's federation endpoint as far as the door needs it: getSigninToken gives `token`."""

    token = "a-sign-in-token-of-the-stand-in"

    def __init__(self) -> None:
        super().__init__(self._give_token)

    def __enter__(self) -> ConsoleEndpoint:
        super().__enter__()
        return self

    def _give_token(self, seen: Seen) -> Reply:
        if seen.method != "POST" or seen.path != "/federation":
            return Reply(404)
        if seen.form.get("Action") != "getSigninToken":
            return Reply(400)
        return Reply(body=json.dumps({"SigninToken": self.token}))


@pytest.fixture(scope="session")
def cloud_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded AWS as a process of its own."""
    port = processes.free_port()
    url = f"http://localhost:{port}"
    command = [sys.executable, "-m", "demo.cloud", "--trusting", "--port", str(port)]
    log = tmp_path_factory.mktemp("cloud") / "log"
    with processes.running(command, log=log, environment={}, answers=url):
        yield url
