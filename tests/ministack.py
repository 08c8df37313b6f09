"""Ministack with authorization, an emulator of AWS that reads trust policies, as a process on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of ministack's IAM and STS. The root user of an account has its id, or test, as access key id."""
    home = tmp_path_factory.mktemp("ministack")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(home),
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "cloudformation,iam,sts",
        "IOT_MTLS_ENABLED": "0",  # it would listen on every interface, whatever BIND_HOST says
        "LOG_LEVEL": "WARNING",
    }
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment, stdout=log, stderr=log, cwd=home
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process, home / "log")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, f"ministack ended:\n{log.read_text()}"
        try:
            if requests.get(f"{url}/_ministack/health", timeout=1).ok:
                return
        except requests.exceptions.ConnectionError:
            time.sleep(0.1)
    pytest.fail(f"ministack did not start:\n{log.read_text()}")
