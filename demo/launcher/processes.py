"""Processes that end together: when the launcher ends, in whatever way, or when one of them ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from demo.launcher.network import responds

START_TIMEOUT = 60.0
"""Seconds to wait for a process to answer: a slow machine may compile every module first."""
STOP_TIMEOUT = 8.0
"""Seconds between SIGTERM and SIGKILL."""
_LOG_LINES = 20

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, prctl(2)


class ProcessEnded(Exception):
    """A process ended or did not answer in time; the message ends with the last lines of its log."""


@dataclass(slots=True)
class ChildProcess:
    """One process, in a process group of its own, so that Ctrl-C reaches only the launcher."""

    name: str
    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def kill_group(self) -> None:
        """Kill the process and everything it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a zombie
            pass

    def failure(self, what: str) -> ProcessEnded:
        """Return an error with what happened and the end of the log."""
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        tail = "\n".join(f"    {line}" for line in lines) or "    (nothing)"
        return ProcessEnded(f"{self.name} {what}. The end of {self.log}:\n{tail}")


@dataclass(slots=True)
class ProcessGroup:
    """A context manager of running processes: leaving the block, by Ctrl-C too, ends them all."""

    cwd: Path
    children: list[ChildProcess] = field(default_factory=list)
    _stopping: bool = False
    _handlers: dict[signal.Signals, Any] = field(default_factory=dict)

    def start(
        self, name: str, *, command: list[str], environment: dict[str, str], url: str, log: Path
    ) -> None:
        """Start a process; its output goes to `log`, and it is ready when it answers at `url`, if it has one."""
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=self.cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent(),
            )
        self.children.append(ChildProcess(name, url, log, process))

    def wait_until_answering(self) -> None:
        """Wait until each process answers.

        Raises:
            ProcessEnded: one ended, or did not answer within START_TIMEOUT.
        """
        deadline = time.monotonic() + START_TIMEOUT
        for child in self.children:
            while child.url and not responds(child.url):
                self.check()
                if time.monotonic() > deadline:
                    raise child.failure(f"does not answer at {child.url}")
                time.sleep(0.05)

    def check(self) -> None:
        """Raise ProcessEnded if a process has ended, KeyboardInterrupt if a signal came."""
        if self._stopping:
            raise KeyboardInterrupt
        for child in self.children:
            status = child.process.poll()
            if status is not None:
                raise child.failure(f"ended by itself with status {status}")

    def watch(self) -> None:
        """Wait until a process ends (ProcessEnded) or a signal comes (KeyboardInterrupt)."""
        while True:
            self.check()
            time.sleep(0.25)

    def __enter__(self) -> ProcessGroup:
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves SIGHUP
                self._handlers[number] = signal.signal(number, self._stop)
        return self

    def _stop(self, number: int, frame: FrameType | None) -> None:
        # The flag is needed as well: Python ignores an exception raised within a finalizer.
        self._stopping = True
        raise KeyboardInterrupt

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End all processes and all they started, without interruption."""
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)
        for child in self.children:
            child.process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT
        for child in self.children:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
            child.kill_group()
            child.process.wait()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)


def _end_with_parent() -> Callable[[], None] | None:
    """Return what makes the kernel end a child when the launcher is killed; only Linux can."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def in_child() -> None:
        prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return in_child
