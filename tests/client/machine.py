"""Somebody's machine: a home folder, the command `gatehouse` on the PATH, and a browser that signs them in."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.processes import ROOT

# It follows redirects and presses the button of a person, or cancels for "nobody".
BROWSER = """\
import sys
import requests

log, who, page = sys.argv[1:]
with open(log, "a") as file:
    file.write(page + "\\n")
with requests.Session() as session:
    session.trust_env = False
    shown = session.get(page, timeout=20)
    if "username" in shown.text:
        session.post(shown.url, data={"username": who} if who != "nobody" else {"cancel": "yes"}, timeout=20)
"""
# Variables taken over from the environment of the tests: nothing of the portal, nothing of AWS.
_INHERITED = ("PATH", "LANG", "LC_ALL")


@dataclass
class Machine:
    """A home folder, and what is run there."""

    home: Path
    who: str = "alice"
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        programs = self.home / "bin"
        programs.mkdir(exist_ok=True)
        command = programs / "gatehouse"
        command.write_text(
            f'#!/bin/sh\nPYTHONPATH="{ROOT / "client"}" exec "{sys.executable}" -m gatehouse_client "$@"\n'
        )
        command.chmod(0o755)
        (programs / "browser.py").write_text(BROWSER)

    @property
    def folder(self) -> Path:
        """The folder of the saved sign-ins."""
        return self.home / ".gatehouse"

    @property
    def browsed(self) -> list[str]:
        """The URLs the browser was started with, which everybody on the machine can read."""
        log = self.home / "browsed"
        return log.read_text().splitlines() if log.exists() else []

    def environment(self, **changes: str) -> dict[str, str]:
        browser = f"{sys.executable} {self.home}/bin/browser.py {self.home}/browsed {self.who} %s"
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name in _INHERITED or name.startswith("COVERAGE_")
        }
        variables = {
            **inherited,
            "PATH": f"{self.home}/bin:{os.environ['PATH']}",
            "HOME": str(self.home),
            "BROWSER": browser,
            **self.variables,
            **changes,
        }
        return {name: value for name, value in variables.items() if value}

    def start(self, *words: str, **changes: str) -> subprocess.Popen[str]:
        """Start `gatehouse`, without standard input."""
        return self.start_program(["gatehouse", *words], **changes)

    def start_program(self, command: Sequence[str], **changes: str) -> subprocess.Popen[str]:
        environment = self.environment(**changes)
        return subprocess.Popen(
            command if "/" in command[0] else ["/usr/bin/env", *command],
            cwd=self.home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell's background jobs ignore Ctrl-C, and their children would too.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run `gatehouse` to its end."""
        return self.finish(self.start(*words, **changes))

    def run_program(
        self, command: Sequence[str], **changes: str
    ) -> subprocess.CompletedProcess[str]:
        return self.finish(self.start_program(command, **changes))

    @staticmethod
    def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def sign_in_file(self, url: str) -> Path:
        """Return the file of the sign-in at a portal."""
        return self.folder / f"{urlsplit(url).netloc.replace(':', '_')}.json"

    def edit_sign_in(self, url: str, **changes: Any) -> dict[str, Any]:
        """Change the saved sign-in; return it as it was."""
        path = self.sign_in_file(url)
        before: dict[str, Any] = json.loads(path.read_text())
        path.write_text(json.dumps(before | changes))
        return before


def enter_code(process: subprocess.Popen[str], who: str) -> str:
    """Read the code that `gatehouse login --device` shows and enter it as somebody ("" cancels); return its output."""
    assert process.stderr is not None
    output = ""
    while not (match := re.search(r"Open (http\S+) in any browser, and enter\s+(\S+)\n", output)):
        line = process.stderr.readline()
        assert line, output
        output += line
    form = {"user_code": match[2]} | ({"username": who} if who else {"cancel": "yes"})
    response = requests.post(match[1], data=form, timeout=20)
    assert response.ok, response.text
    return output
