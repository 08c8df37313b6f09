"""The shipped gunicorn.conf.py, in a real gunicorn over a real socket."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.launcher.home import CHECKOUT
from demo.launcher.network import choose
from demo.launcher.processes import Family

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    port = choose(0).portal
    with Family(CHECKOUT) as family:
        family.start(
            "gunicorn",
            command=[sys.executable, "-m", "gunicorn", "tests.demo.echo:app"],
            environment={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "BIND": f"127.0.0.1:{port}",
                "WEB_CONCURRENCY": "1",
                "AWS_EC2_METADATA_DISABLED": "true",
            },
            url=f"http://localhost:{port}/",
            log=home / "log",
        )
        family.wait_until_answering()
        yield f"http://localhost:{port}"


def get(url: str, **headers: str) -> Any:
    return requests.get(url, headers=headers, timeout=5).json()


def test_nobody_may_set_the_path_by_a_header(url: str) -> None:
    said = get(f"{url}/keys", SCRIPT_NAME="/evil", PATH_INFO="/evil")

    assert (said["script_name"], said["path"]) == ("", "/keys")


def test_the_header_of_awss_own_clients_arrives(url: str) -> None:
    assert get(url, **{"x-amz-sso_bearer_token": "a-token"})["token"] == "a-token"


def test_the_log_of_requests_has_no_query_strings_and_no_forged_lines(url: str, home: Path) -> None:
    get(f"{url}/oidc/callback/?code=SECRET-CODE&state=SECRET-STATE")
    get(f"{url}/line%0a127.0.0.1 forged")

    deadline = time.monotonic() + 5
    while "forged" not in (log := (home / "log").read_text()):
        assert time.monotonic() < deadline, log
        time.sleep(0.05)
    assert '"GET /oidc/callback/ HTTP/1.1" 200' in log
    assert "SECRET" not in log
    assert '"GET /line%0A127.0.0.1%20forged HTTP/1.1" 200' in log


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
