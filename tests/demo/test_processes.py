"""Processes of the launcher: ready when they answer, ended together, named with the end of their log."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.launcher.processes import ProcessEnded, ProcessGroup
from tests.emulators import Reply, ScriptedServer
from tests.processes import ROOT

LAUNCHER = """\
import sys
from pathlib import Path

from demo.launcher.processes import ProcessGroup

folder = Path(sys.argv[1])
with ProcessGroup(folder) as processes:
    for name in ("one", "two"):
        command = ["/bin/sh", "-c", "sleep 600 & echo $! $$ > pids-" + name + "; wait"]
        log = folder / f"{name}.log"
        processes.start(name, command=command, environment={}, url=sys.argv[2], log=log)
    processes.wait_until_answering()
    print("ready", flush=True)
    processes.watch()
"""


@pytest.fixture
def url() -> Iterator[str]:
    """A server that answers for all processes."""
    with ScriptedServer(lambda seen: Reply(body="{}")) as server:
        yield server.url


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}/exe").exists()


@pytest.mark.wire
@pytest.mark.skipif(not Path("/proc/self/exe").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, "child"])
def test_all_processes_end_with_the_launcher_or_with_one_of_them(
    tmp_path: Path, url: str, how: signal.Signals | str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(tmp_path), url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == "ready\n"
        pids: list[int] = []
        while len(pids) < 4:
            files = sorted(tmp_path.glob("pids-*"))
            pids = [int(pid) for file in files for pid in file.read_text().split()]
        # The shell of each process and, but for a launcher that was killed, what it started.
        ended = pids if how != signal.SIGKILL else [pids[1], pids[3]]
        assert all(map(is_running, pids))

        if isinstance(how, signal.Signals):
            launcher.send_signal(how)
        else:
            os.kill(pids[1], signal.SIGKILL)
        errors = launcher.communicate(timeout=30)[1]

    deadline = time.monotonic() + 15
    while any(map(is_running, ended)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    if how == "child":
        assert "one ended by itself with status -9. The end of " in errors
    for pid in filter(is_running, pids):
        os.kill(pid, signal.SIGKILL)


def test_a_process_that_cannot_start_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    with ProcessGroup(tmp_path) as processes:
        processes.start(
            "broken",
            command=["/bin/sh", "-c", "echo the reason; exit 7"],
            environment={},
            url="http://localhost:9",
            log=tmp_path / "broken.log",
        )
        with pytest.raises(ProcessEnded) as died:
            processes.wait_until_answering()

    assert "broken ended by itself with status 7" in str(died.value)
    assert "the reason" in str(died.value)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_whose_exception_python_drops_still_ends_the_demo(
    tmp_path: Path, number: signal.Signals
) -> None:
    # A shell's background jobs ignore Ctrl-C, and a suite may be one.
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with ProcessGroup(tmp_path) as processes:
            # As where it falls into the finalizer of an object.
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(number)

            with pytest.raises(KeyboardInterrupt):
                processes.check()
    finally:
        signal.signal(number, before)


def test_signals_mean_what_they_did_after_the_processes_have_ended(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    with ProcessGroup(tmp_path):
        pass

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ProcessGroup(tmp_path) as processes:
            signal.raise_signal(signal.SIGHUP)
            processes.check()
    finally:
        signal.signal(signal.SIGHUP, before)
