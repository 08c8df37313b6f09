"""Start the real parts as processes of their own, wait until they answer, and stop them."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """Return a port of this machine nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@cache
def static_files() -> dict[str, str]:
    """Collect the static files, once for this process; return the variables that make portals serve those.

    A set of its own for each process that runs tests: in the checkout, one would write over the files that
    the portals of another are reading.
    """
    folder = scratch_folder()
    settings = f"from portal.settings import *\n\nSTATIC_ROOT = {str(folder / 'static')!r}\n"
    (folder / "with_static_files.py").write_text(settings)
    variables = {"DJANGO_SETTINGS_MODULE": "with_static_files", "PYTHONPATH": str(folder)}
    manage({"PATH": os.environ["PATH"], **variables}, "collectstatic", "--no-input")
    return variables


def scratch_folder() -> Path:
    """Return a new folder that goes when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def manage(environment: Mapping[str, str], *command: str) -> None:
    """Run one of the product's commands."""
    subprocess.run(
        [sys.executable, "manage.py", *command, "--verbosity", "0"],
        cwd=ROOT,
        env=environment,
        check=True,
    )


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    answers: str,
    within: float = 30,
) -> Iterator[None]:
    """Run a command until the block ends; enter it when the URL `answers` answers 200.

    The command sees no variables but PATH, HOME, coverage's and those of `environment`; it writes to `log`.

    Raises:
        AssertionError: it ended or did not answer `within` seconds; the text is the end of the log.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME", "LANG") or name.startswith("COVERAGE_")
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**inherited, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(process, answers=answers, within=within, log=log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], *, answers: str, within: float, log: Path) -> None:
    deadline = time.monotonic() + within
    while not _ok(answers):
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            end = log.read_text(errors="replace")[-4000:]
            how = f"ended with {process.returncode}" if ended else f"did not answer in {within} s"
            raise AssertionError(f"{process.args!r} {how}:\n{end}")
        time.sleep(0.2)


def _ok(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
