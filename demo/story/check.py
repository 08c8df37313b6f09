"""Play the story at the demo that runs, or at one that is started for it and has data of its own."""

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

from demo.launcher.home import CHECKOUT, HOME, Home
from demo.launcher.processes import PATIENCE
from demo.story.plot import Failed, Plot

Say = Callable[[str], object]
_COMMAND = [sys.executable, "manage.py", "demo"]


def check(say: Say) -> None:
    """Say each step that holds.

    Raises:
        CommandError: the story does not hold, or the demo does not start.
    """
    ports = HOME.where()
    if ports is None:
        say(
            "No demo runs here: starting one for the check, on free ports and with data of its own."
        )
        _check_a_new_one()
        return
    try:
        for step in Plot(ports).steps():
            say(f"ok      {step}")
    except Exception as error:
        # Whatever it is, a reply that is not as expected included: say it in the same shape.
        why = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        raise CommandError(f"FAILED  {why}") from error


def _check_a_new_one() -> None:
    with tempfile.TemporaryDirectory(prefix="gatehouse-demo-") as folder:
        environment = os.environ | {"DEMO_DATA": folder}
        with (Path(folder) / "launcher.log").open("wb") as log:
            launcher = subprocess.Popen(  # noqa: S603
                [*_COMMAND, "--port", "0"],
                cwd=CHECKOUT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait(launcher, Home(Path(folder)))
            done = subprocess.run(  # noqa: S603
                [*_COMMAND, "--check"], cwd=CHECKOUT, env=environment, check=False
            )
        finally:
            launcher.send_signal(signal.SIGTERM)
            launcher.wait()
        if done.returncode:
            raise CommandError("The story does not hold.")


def _wait(launcher: subprocess.Popen[bytes], home: Home) -> None:
    deadline = time.monotonic() + 2 * PATIENCE
    while home.where() is None:
        if launcher.poll() is not None or time.monotonic() > deadline:
            said = (home.folder / "launcher.log").read_text(errors="replace")
            raise CommandError(f"The demo did not start:\n{said}")
        time.sleep(0.1)
