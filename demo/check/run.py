"""Check the demo that runs, or one that is started for the check with data of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from django.core.management.base import CommandError

from demo.check.command_line import LineFailed
from demo.check.steps import StepFailed, Steps
from demo.launcher.folder import CHECKOUT, FOLDER, DemoFolder
from demo.launcher.processes import START_TIMEOUT

Say = Callable[[str], object]
_COMMAND = [sys.executable, "manage.py", "demo"]


def check(say: Say) -> None:
    """Print each step that succeeds.

    Raises:
        CommandError: a step fails, or the demo does not start.
    """
    ports = FOLDER.running_ports()
    if ports is None:
        say("No demo is running: starting one for this check, on free ports and with its own data.")
        _check_new_demo()
        return
    try:
        for step in Steps(ports).take():
            say(f"ok      {step}")
    except Exception as error:
        # Unexpected errors, such as a reply without a field, are printed in the same form.
        expected = isinstance(error, StepFailed | LineFailed)
        reason = str(error) if expected else f"{type(error).__name__}: {error}"
        raise CommandError(f"FAILED  {reason}") from error


def _check_new_demo() -> None:
    with tempfile.TemporaryDirectory(prefix="gatehouse-demo-") as path:
        environment = os.environ | {"DEMO_DATA": path}
        with (Path(path) / "launcher.log").open("wb") as log:
            launcher = subprocess.Popen(  # noqa: S603
                [*_COMMAND, "--port", "0"],
                cwd=CHECKOUT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait(launcher, DemoFolder(Path(path)))
            done = subprocess.run(  # noqa: S603
                [*_COMMAND, "--check"], cwd=CHECKOUT, env=environment, check=False
            )
        finally:
            launcher.send_signal(signal.SIGTERM)
            launcher.wait()
        if done.returncode:
            raise CommandError("The check failed.")


def _wait(launcher: subprocess.Popen[bytes], folder: DemoFolder) -> None:
    deadline = time.monotonic() + 2 * START_TIMEOUT
    while folder.running_ports() is None:
        if launcher.poll() is not None or time.monotonic() > deadline:
            output = (folder.path / "launcher.log").read_text(errors="replace")
            raise CommandError(f"The demo did not start:\n{output}")
        time.sleep(0.1)
