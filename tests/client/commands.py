"""Somebody's machine: a home, the command `gatehouse` on the path, and a browser that signs somebody in."""

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

# It follows every redirect, as browsers do, and presses the button of the person it belongs to.
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
# What a machine has that is not ours: nothing of the portal, nothing of AWS.
_KEPT = ("PATH", "LANG", "LC_ALL")


@dataclass
class Commands:
    """A home folder and what is run there."""

    home: Path
    who: str = "alice"
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        programs = self.home / "bin"
        programs.mkdir()
        command = programs / "gatehouse"
        command.write_text(
            f'#!/bin/sh\nPYTHONPATH="{ROOT / "client"}" exec "{sys.executable}" -m gatehouse_client "$@"\n'
        )
        command.chmod(0o755)
        (programs / "browser.py").write_text(BROWSER)

    @property
    def folder(self) -> Path:
        """Where the client keeps what it keeps."""
        return self.home / ".gatehouse"

    @property
    def browsed(self) -> list[str]:
        """The pages that the browser was started with: everybody on the machine can read these."""
        log = self.home / "browsed"
        return log.read_text().splitlines() if log.exists() else []

    def environment(self, **changes: str) -> dict[str, str]:
        """The environment there."""
        browser = f"{sys.executable} {self.home}/bin/browser.py {self.home}/browsed {self.who} %s"
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in _KEPT or name.startswith("COVERAGE_")
        }
        found = {
            **kept,
            "PATH": f"{self.home}/bin:{os.environ['PATH']}",
            "HOME": str(self.home),
            "BROWSER": browser,
            **self.variables,
            **changes,
        }
        return {name: value for name, value in found.items() if value}

    def start(self, *words: str, **changes: str) -> subprocess.Popen[str]:
        """Start the command, with nothing to read."""
        return self.start_program(["gatehouse", *words], **changes)

    def start_program(self, command: Sequence[str], **changes: str) -> subprocess.Popen[str]:
        """Start any program there."""
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
        """Run the command to its end."""
        return self.finish(self.start(*words, **changes))

    def run_program(
        self, command: Sequence[str], **changes: str
    ) -> subprocess.CompletedProcess[str]:
        """Run any program there to its end."""
        return self.finish(self.start_program(command, **changes))

    @staticmethod
    def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
        """Wait for the end."""
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def kept(self, url: str) -> Path:
        """The file of the sign-in at a portal."""
        return self.folder / f"{urlsplit(url).netloc.replace(':', '_')}.json"

    def change(self, url: str, **changes: Any) -> dict[str, Any]:
        """Change what is kept of a sign-in; return it as it was."""
        path = self.kept(url)
        before: dict[str, Any] = json.loads(path.read_text())
        path.write_text(json.dumps(before | changes))
        return before


def enter_code(process: subprocess.Popen[str], who: str) -> str:
    """Read the code that a sign-in by code shows, and enter it as somebody elsewhere; return all it said."""
    assert process.stderr is not None
    said = ""
    while not (found := re.search(r"Open (http\S+) in any browser, and enter\s+(\S+)\n", said)):
        line = process.stderr.readline()
        assert line, said
        said += line
    form = {"user_code": found[2]} | ({"username": who} if who else {"cancel": "yes"})
    answer = requests.post(found[1], data=form, timeout=20)
    assert answer.ok, answer.text
    return said
