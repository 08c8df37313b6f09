"""An organization in moto, and a door in front of it that throttles, leaves out and hangs up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import requests
from moto.server import ThreadedMotoServer

from tests.emulators import Reply, ScriptedServer, Seen, aws_environment

THROTTLED = Reply(
    400,
    '{"__type":"TooManyRequestsException","message":"slow down"}',
    {"Content-Type": "application/x-amz-json-1.1"},
)
_HEADERS = ("x-amz-target", "content-type", "authorization", "x-amz-date")


class Door:
    """Passes requests on to moto; `before` may answer itself, by the operation's name and how many came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.count = 0
        self.before: Callable[[str, int], Reply | None] = lambda operation, count: None

    def __call__(self, seen: Seen) -> Reply:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        self.count += 1
        if (reply := self.before(operation, self.count)) is not None:
            return reply
        passed = {name: headers[name] for name in _HEADERS if name in headers}
        answer = requests.request(
            seen.method, self.url + seen.path, data=seen.body.encode(), headers=passed, timeout=30
        )
        return Reply(
            answer.status_code, answer.text, {"Content-Type": answer.headers["Content-Type"]}
        )


@contextmanager
def emulated(*services: str) -> Iterator[tuple[Door, Callable[[str], Any]]]:
    """Start an empty moto behind a door; yield the door and what makes clients that go past it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    requests.post(f"{url}/moto-api/reset", timeout=10)
    door = Door(url)

    def client(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    with ScriptedServer(door) as front:
        endpoints = {
            f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}": front.url
            for service in services
        }
        with aws_environment(
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
            AWS_REGION="eu-west-1",
            **endpoints,
        ):
            yield door, client
    server.stop()
