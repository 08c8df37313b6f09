"""Somebody's machine with an AWS CLI 2 on it, and a browser that only says where it was sent."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 60
"""Seconds for a command to come to its point, on a busy machine."""


@dataclass(frozen=True)
class AwsCli:
    """A home folder, and the AWS CLI in it; of the environment it sees only `variables`."""

    program: Path
    home: Path
    variables: Mapping[str, str]

    @property
    def _browsed(self) -> Path:
        return self.home / "browsed"

    @property
    def _cache(self) -> Path:
        return self.home / ".aws" / "sso" / "cache"

    def configure(self, *blocks: str) -> None:
        """Add what people copy to ~/.aws/config."""
        config = self.home / ".aws" / "config"
        config.parent.mkdir(exist_ok=True)
        with config.open("a") as file:
            file.writelines(f"{block}\n\n" for block in blocks)

    def environment(self) -> dict[str, str]:
        """The environment there."""
        browser = self.home / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" >> "{self._browsed}"\n')
        browser.chmod(0o755)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "BROWSER": f"{browser} %s",
            "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true",
            # What does not stay on this machine does not leave it.
            "HTTP_PROXY": "http://127.0.0.1:9",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "localhost,127.0.0.1",
            **self.variables,
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start `aws`, with nothing to read."""
        return subprocess.Popen(
            [self.program, *words],
            cwd=self.home,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def starting(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Start `aws`; end it with the block, should it still wait for somebody then."""
        process = self.start(*words)
        try:
            yield process
        finally:
            process.kill()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `aws` to its end."""
        return self.finish(self.start(*words))

    @staticmethod
    def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
        """Wait for the end, and make one."""
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(process.communicate()) from None
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def arn(self, profile: str) -> str:
        """Return who AWS says somebody is with a profile."""
        done = self.run("sts", "get-caller-identity", "--profile", profile, "--output", "json")
        assert done.returncode == 0, done.stderr
        found: str = json.loads(done.stdout)["Arn"]
        return found

    @property
    def browsed(self) -> list[str]:
        """The pages that the browser was started with."""
        return self._browsed.read_text().splitlines() if self._browsed.exists() else []

    def next_page(self, process: subprocess.Popen[str]) -> str:
        """Wait until a command starts the browser; return with which page."""
        before = len(self.browsed)
        deadline = time.monotonic() + PATIENCE
        while len(self.browsed) == before:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(self.finish(process))
            time.sleep(0.05)
        return self.browsed[-1]

    def tokens(self) -> tuple[Path, dict[str, Any]]:
        """Return the file in which the CLI keeps the tokens of its one session, and what it holds."""
        found = {path: json.loads(path.read_text()) for path in self._cache.glob("*.json")}
        ((path, content),) = ((p, c) for p, c in found.items() if "accessToken" in c)
        return path, content

    def expire(self) -> dict[str, Any]:
        """Let the CLI believe that its token is over; return what it keeps, as it was."""
        path, content = self.tokens()
        path.write_text(json.dumps(content | {"expiresAt": "2026-01-01T00:00:00Z"}))
        return content

    def forget_keys(self) -> None:
        """Have the CLI ask for keys again: those that it has stay valid at AWS until they expire."""
        shutil.rmtree(self.home / ".aws" / "cli" / "cache")

    def has_tokens(self) -> bool:
        """Whether somebody is signed in as far as the CLI knows."""
        return any("accessToken" in path.read_text() for path in self._cache.glob("*.json"))

    def copy(self, home: Path) -> AwsCli:
        """Return the same machine once more, elsewhere."""
        shutil.copytree(self.home, home, dirs_exist_ok=True)
        return AwsCli(self.program, home, self.variables)
