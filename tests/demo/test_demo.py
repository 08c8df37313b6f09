"""`manage.py demo` from outside: it starts, its check succeeds, it avoids taken ports, it ends all its processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from demo.check import command_line
from demo.launcher.folder import CHECKOUT, DemoFolder
from demo.launcher.network import DEFAULTS, Ports, PortTaken, choose_ports, is_free, responds
from tests import aws_cli_v2, real_parts

pytestmark = pytest.mark.wire

COMMAND = [sys.executable, "manage.py", "demo"]
TIMEOUT = 120


def environment(folder: Path) -> dict[str, str]:
    """What a newcomer's shell has, and where this demo keeps its data."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"DEMO_DATA": str(folder)}


@contextmanager
def started(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Ports]]:
    """Run a demo on free ports until the block ends."""
    with subprocess.Popen(
        [*COMMAND, "--port", "0"],
        cwd=CHECKOUT,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A shell's background jobs ignore Ctrl-C, and their children would too.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as launcher:
        try:
            yield launcher, wait_for(launcher, folder)
        finally:
            launcher.terminate()
            launcher.communicate(timeout=30)


def wait_for(launcher: subprocess.Popen[str], folder: Path) -> Ports:
    deadline = time.monotonic() + TIMEOUT
    while (ports := DemoFolder(folder).running_ports()) is None:
        assert launcher.poll() is None, launcher.communicate()[0]
        assert time.monotonic() < deadline, "the demo did not start in time"
        time.sleep(0.1)
    return ports


def descendants(pid: int) -> set[int]:
    """Return the processes below one, by what /proc says."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found, size = {pid}, 0
    while size != len(found):
        size = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found - {pid}


def gone(pids: set[int]) -> bool:
    """Whether these processes have ended, or do within a few seconds."""
    deadline = time.monotonic() + 15
    while any(Path(f"/proc/{pid}/exe").exists() for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def free(ports: Ports) -> bool:
    return all(map(is_free, (ports.portal, ports.identity, ports.cloud, ports.issuer)))


def test_the_check_succeeds_in_a_demo_started_for_it(tmp_path: Path) -> None:
    aws = real_parts.aws_cli_v2_path(aws_cli_v2.SUITES[0])
    shell = environment(tmp_path)
    done = subprocess.run(
        [*COMMAND, "--check"],
        cwd=CHECKOUT,
        env={**shell, "PATH": f"{aws.parent}:{shell['PATH']}"},
        capture_output=True,
        text=True,
        timeout=2 * TIMEOUT,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout + done.stderr
    for told in ("alice signs in", "GetCallerIdentity", "console opens", "refused with 403"):
        assert told in done.stdout
    for told in (
        "“aws sso login --profile payments-dev”, and",
        "payments-prod-operator” is refused",
    ):
        assert told in done.stdout


def test_the_check_says_that_lines_are_left_out_where_there_is_no_aws_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, said in enumerate(
        ("aws-cli/1.45.11 Python/3.11", "aws-cli/2.12.7 Python/3.11", "")
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "aws").write_text(f"#!/bin/sh\necho {said}\n")
        (folder / "aws").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/bin")
        assert command_line.aws_cli_2() == "", said
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command_line.aws_cli_2() == ""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="counts processes in /proc")
def test_a_demo_refuses_a_second_one_on_its_data_and_ends_without_a_trace(tmp_path: Path) -> None:
    with started(tmp_path) as (launcher, ports):
        processes = descendants(launcher.pid)
        assert len(processes) >= 4  # two providers, gunicorn and its workers

        second = subprocess.run(
            COMMAND,
            cwd=CHECKOUT,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert second.returncode == 1
        assert f"running already at {ports.portal_url}" in second.stderr
        assert responds(f"{ports.portal_url}/healthz")

        launcher.send_signal(signal.SIGINT)
        output = launcher.communicate(timeout=30)[0]

        assert gone(processes)
        assert free(ports)
        assert launcher.returncode == 0, output
        assert "Its data is kept" in output
    # One of its ports is taken at the next start: it says so at once, and keeps the others.
    with (
        socket.create_server(("127.0.0.1", ports.identity)),
        started(tmp_path) as (launcher, again),
    ):
        assert (again.portal, again.cloud) == (ports.portal, ports.cloud)
        assert again.identity != ports.identity
        launcher.send_signal(signal.SIGINT)
        output = launcher.communicate(timeout=30)[0]
    assert (
        f"Port {ports.identity} is taken: the identity provider uses {again.identity}.\n" in output
    )
    assert "aws sso login --profile" in output


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_was_asked_for_and_is_taken_gets_a_clear_message(
    taken: int, tmp_path: Path
) -> None:
    done = subprocess.run(
        [*COMMAND, "--port", str(taken)],
        cwd=CHECKOUT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )

    assert done.returncode == 1
    assert f"Port {taken} is taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_usual_port_that_is_taken_gets_another(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = replace(DEFAULTS, portal=taken, cloud=taken)
    monkeypatch.setattr("demo.launcher.network.DEFAULTS", usual)

    ports = choose_ports(None)

    assert taken not in (ports.portal, ports.cloud)
    assert free(ports)


def test_ports_of_the_last_start_are_used_again_where_free(taken: int) -> None:
    free_ones = choose_ports(0)
    last = replace(free_ones, cloud=taken)

    for portal in (None, 0):
        again = choose_ports(portal, last)

        assert (again.portal, again.identity) == (last.portal, last.identity)
        assert again.cloud != taken
    other = choose_ports(free_ones.cloud, last)
    assert (other.portal, other.identity) == (free_ones.cloud, last.identity)


def test_the_port_that_was_asked_for_is_the_port() -> None:
    wanted = choose_ports(0).portal

    assert choose_ports(wanted).portal == wanted


def test_ports_are_different_ones() -> None:
    ports = choose_ports(0)

    assert len({ports.portal, ports.identity, ports.cloud, ports.issuer}) == 4


def test_a_taken_port_is_refused_before_anything_starts(taken: int) -> None:
    with pytest.raises(PortTaken, match=str(taken)):
        choose_ports(taken)


def test_number_that_is_no_port_is_refused_as_such() -> None:
    for number in (-1, 65536):
        with pytest.raises(PortTaken, match=f"{number} is not a port"):
            choose_ports(number)


def test_ctrl_c_while_django_is_loading_leaves_no_traceback(tmp_path: Path) -> None:
    early = tmp_path / "early.py"
    early.write_text(
        "import runpy, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'django.core.management':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "sys.argv = ['manage.py', 'demo']\n"
        "runpy.run_path('manage.py', run_name='__main__')\n"
    )

    done = subprocess.run(
        [sys.executable, early],
        cwd=CHECKOUT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
