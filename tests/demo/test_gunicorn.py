"""The shipped gunicorn.conf.py, in a real gunicorn over a real socket."""

from __future__ import annotations

import os
import re
import runpy
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from accounts.concurrency import THREADS
from demo.launcher.folder import CHECKOUT
from demo.launcher.network import choose_ports
from demo.launcher.processes import ProcessGroup

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@contextmanager
def gunicorn(home: Path, *, wait: bool = True, **environment: str) -> Iterator[str]:
    port = choose_ports(0).portal
    with ProcessGroup(CHECKOUT) as processes:
        processes.start(
            "gunicorn",
            command=[sys.executable, "-m", "gunicorn", "tests.demo.echo:app"],
            environment={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "BIND": f"127.0.0.1:{port}",
                "WEB_CONCURRENCY": "1",
                "AWS_EC2_METADATA_DISABLED": "true",
                **environment,
            },
            url=f"http://localhost:{port}/",
            log=home / "log",
        )
        if wait:
            processes.wait_until_answering()
        yield f"http://localhost:{port}"


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    with gunicorn(home) as url:
        yield url


def configuration() -> dict[str, Any]:
    """Read the file as gunicorn does."""
    return runpy.run_path(str(CHECKOUT / "gunicorn.conf.py"))


def get(url: str, **headers: str) -> Any:
    return requests.get(url, headers=headers, timeout=5).json()


def test_nobody_may_set_the_path_by_a_header(url: str) -> None:
    said = get(f"{url}/keys", SCRIPT_NAME="/evil", PATH_INFO="/evil")

    assert (said["script_name"], said["path"]) == ("", "/keys")


def test_the_header_of_awss_own_clients_arrives(url: str) -> None:
    assert get(url, **{"x-amz-sso_bearer_token": "a-token"})["token"] == "a-token"


def test_the_log_of_requests_has_no_query_strings_and_no_forged_lines(url: str, home: Path) -> None:
    get(f"{url}/oidc/callback/?code=HUSHED-CODE&state=HUSHED-STATE")
    get(f"{url}/line%0a127.0.0.1 forged")

    deadline = time.monotonic() + 5
    while "forged" not in (log := (home / "log").read_text()):
        assert time.monotonic() < deadline, log
        time.sleep(0.05)
    assert '"GET /oidc/callback/ HTTP/1.1" 200' in log
    assert "HUSHED" not in log
    assert '"GET /line%0A127.0.0.1%20forged HTTP/1.1" 200' in log


@pytest.mark.parametrize(
    "line",
    [
        b"GET /oidc/callback/?code=HUSHED&said=two words HTTP/1.1",
        b"GET /oidc/callback/?code=HUSHED HTTP/9.9",
        b"GET http://[/oidc/callback/?code=HUSHED HTTP/1.1",
    ],
)
def test_a_request_that_cannot_be_read_is_logged_without_its_query(
    url: str, home: Path, line: bytes
) -> None:
    before = len((home / "log").read_text())
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=10) as wire:
        wire.sendall(line + b"\r\nHost: localhost\r\n\r\n")
        assert b" 400 " in wire.recv(65536)

    deadline = time.monotonic() + 5
    while "Invalid request" not in (log := (home / "log").read_text()[before:]):
        assert time.monotonic() < deadline, log
        time.sleep(0.05)
    assert "HUSHED" not in log


def test_no_format_of_the_log_gets_at_a_header_or_a_query(tmp_path: Path) -> None:
    asked = "%(r)s %(q)s %(f)s %({authorization}i)s %({http_authorization}e)s %(m)s %(s)s %(D)s."
    options = f"--access-logformat '{asked}'"
    with gunicorn(tmp_path, GUNICORN_CMD_ARGS=options) as url:
        get(f"{url}/?code=HUSHED", Authorization="Bearer HUSHED", Referer="https://HUSHED.example")

    log = (tmp_path / "log").read_text()
    assert re.search(r"^- - - - - GET 200 [0-9]+\.$", log, re.MULTILINE)
    assert "HUSHED" not in log


def test_no_socket_for_control_commands_is_opened(url: str, home: Path) -> None:
    assert get(url)
    assert [path for path in home.rglob("*") if path.is_socket()] == []


def test_requests_are_served_by_threads(url: str) -> None:
    assert get(url)["multithread"] is True


def test_a_request_line_that_is_too_long_is_refused(url: str) -> None:
    assert requests.get(f"{url}/?{'a' * 9000}", timeout=5).status_code in (400, 414)


def test_a_header_that_is_too_long_is_refused(url: str) -> None:
    refused = requests.get(url, headers={"Cookie": "a" * 17000}, timeout=5)

    assert refused.status_code in (400, 431)


def test_number_of_workers_does_not_follow_the_cores_of_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)

    assert configuration()["workers"] == 2

    monkeypatch.setenv("WEB_CONCURRENCY", "5")
    assert configuration()["workers"] == 5


def test_threads_are_as_many_as_the_bound_on_calls_to_aws_counts_with() -> None:
    assert configuration()["threads"] == THREADS


def test_start_up_objects_are_frozen_for_the_garbage_collector(url: str) -> None:
    assert get(url)["frozen_objects"] > 10_000
