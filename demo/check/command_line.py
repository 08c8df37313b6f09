"""The printed lines of the command line, run as they stand: by a shell, with an AWS CLI 2 and a browser that is played."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.check.browser import Browser
from demo.launcher.first_minute import FirstMinute

PATIENCE = 60
"""Seconds for a command to come to its end, on a busy machine."""
# 2.13 is the first that reads the endpoints of a profile.
_OLDEST = 13


class LineFailed(Exception):
    """A printed line did not do what it should."""


def aws_cli_2() -> str:
    """Return what the AWS CLI on the PATH calls itself; "" if there is none, or one that knows no endpoints of its own."""
    program = shutil.which("aws")
    if program is None:
        return ""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.match(r"aws-cli/2\.([0-9]+)\.\S+", done.stdout)
    return found[0] if found and int(found[1]) >= _OLDEST else ""


class Machine:
    """A newcomer's machine: an empty home, a shell, and a browser that only says where it was sent."""

    def __init__(self, home: Path, lines: FirstMinute) -> None:
        self._home, self._lines = home, lines
        self._opened = home / "opened"
        browser = home / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" >> "{self._opened}"\n')
        browser.chmod(0o755)
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "BROWSER": f"{browser} %s",
            "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def sign_in(self, person: Browser, *, username: str, provider: str) -> None:
        """Run the line that signs in, and be the person at the browser that it opens: they sign in, and allow it.

        Raises:
            LineFailed: the AWS CLI opens no browser, or does not come to its end.
        """
        with self._started(self._lines.sign_in) as process:
            page = person.get(self._address(process))
            if page.url.startswith(provider):
                page = person.send(page.form("/authorize"), username=username)
            # Before 2.22 the AWS CLI shows a code, and the page asks for it first.
            path = "/device" if "/device" in page.url else "/authorize"
            if path == "/device":
                page = person.send(page.form(path))
            person.send(page.form(path), answer="allow")
            status, said = _end(process)
        if status:
            raise LineFailed(f"“{self._lines.sign_in}” ended with {status}: {said}")

    def run(self, line: str) -> tuple[int, str]:
        """Run a line to its end; return its status, and all that it said."""
        with self._started(line) as process:
            return _end(process)

    @contextmanager
    def _started(self, line: str) -> Iterator[subprocess.Popen[str]]:
        # The lines are the demo's own, with its paths quoted.
        process = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", f"{self._lines.setting}\n{line}"],
            cwd=self._home,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _address(self, process: subprocess.Popen[str]) -> str:
        """Wait until the browser is opened; return at which address."""
        deadline = time.monotonic() + PATIENCE
        while not (self._opened.exists() and self._opened.read_text().endswith("\n")):
            if process.poll() is not None:
                raise LineFailed(f"“{self._lines.sign_in}” opened no browser: {_end(process)[1]}")
            if time.monotonic() > deadline:
                raise LineFailed(f"“{self._lines.sign_in}” opened no browser in {PATIENCE} seconds")
            time.sleep(0.05)
        return self._opened.read_text().splitlines()[-1]


def _end(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        said = process.communicate(timeout=PATIENCE)[0]
    except subprocess.TimeoutExpired:
        raise LineFailed(f"a line did not end within {PATIENCE} seconds") from None
    return process.returncode, said.strip()
