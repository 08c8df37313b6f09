"""Start processes that end together: with the launcher, however it ends, or with the first that dies."""

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

from demo.launcher.network import answers

PATIENCE = 60.0
"""Seconds to wait for a process to answer; a slow machine that compiles everything needs some."""
GRACE = 8.0
"""Seconds between asking processes to stop and stopping them."""
_TAIL = 20

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, prctl(2)


class Died(Exception):
    """A process ended, or never answered; the text ends with the last lines of its log."""


@dataclass(slots=True)
class Child:
    """One of the processes; it leads a group of its own, so that Ctrl-C reaches the launcher alone."""

    name: str
    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def kill_group(self) -> None:
        """End the process and everything it started, at once."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a zombie
            pass

    def failure(self, what: str) -> Died:
        """Say what happened, with the end of the log."""
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL:]
        tail = "\n".join(f"    {line}" for line in lines) or "    (nothing)"
        return Died(f"{self.name} {what}. The end of {self.log}:\n{tail}")


@dataclass(slots=True)
class Family:
    """The processes that run; leaving the `with` block, as Ctrl-C does, ends them all."""

    cwd: Path
    children: list[Child] = field(default_factory=list)
    _stopping: bool = False
    _handlers: dict[signal.Signals, Any] = field(default_factory=dict)

    def start(
        self, name: str, *, command: list[str], environment: dict[str, str], url: str, log: Path
    ) -> None:
        """Start one process; what it writes goes to its log."""
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
        self.children.append(Child(name, url, log, process))

    def wait_until_answering(self) -> None:
        """Wait for each process to answer.

        Raises:
            Died: one ended, or took longer than PATIENCE.
        """
        deadline = time.monotonic() + PATIENCE
        for child in self.children:
            while not answers(child.url):
                self.look()
                if time.monotonic() > deadline:
                    raise child.failure(f"does not answer at {child.url}")
                time.sleep(0.05)

    def look(self) -> None:
        """Raise Died if a process has ended, KeyboardInterrupt if a signal came."""
        if self._stopping:
            raise KeyboardInterrupt
        for child in self.children:
            status = child.process.poll()
            if status is not None:
                raise child.failure(f"ended by itself with status {status}")

    def watch(self) -> None:
        """Stay until a process ends, which raises Died, or a signal comes."""
        while True:
            self.look()
            time.sleep(0.25)

    def __enter__(self) -> Family:
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves SIGHUP
                self._handlers[number] = signal.signal(number, self._stop)
        return self

    def _stop(self, number: int, frame: FrameType | None) -> None:
        # Remembered too: Python drops an exception that falls into the finalizer of an object.
        self._stopping = True
        raise KeyboardInterrupt

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End all processes and all they started; nothing interrupts that."""
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)
        for child in self.children:
            child.process.terminate()
        deadline = time.monotonic() + GRACE
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
    """Let the kernel end a child whose launcher was killed outright; elsewhere than on Linux, nothing does."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def in_child() -> None:
        prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return in_child
