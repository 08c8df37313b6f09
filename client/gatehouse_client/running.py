"""Run a program with keys in its environment, and with nothing there that would contradict them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from gatehouse_client.errors import Failed, plain
from gatehouse_client.profiles import CONTRADICTING


class NoSuchProgram(Failed):
    """There is no such program; shells end with this code then."""

    exit_code = 127


def find(program: str) -> str:
    """Return where a program is, before any keys are made for it.

    Raises:
        NoSuchProgram: nowhere.
    """
    if found := shutil.which(program):
        return found
    raise NoSuchProgram(f"There is no program {plain(program)}.")


def run(path: str, command: Sequence[str], *, added: Mapping[str, str]) -> NoReturn:
    """Become the program: signals, standard streams and exit code are its own.

    Raises:
        Failed: the system does not let it run.
    """
    environment = {name: value for name, value in os.environ.items() if name not in CONTRADICTING}
    environment |= added
    sys.stdout.flush()
    if sys.platform == "win32":  # pragma: no cover - there exec gives the terminal back at once
        done = subprocess.run([path, *command[1:]], env=environment, check=False)  # noqa: S603 - what was typed
        sys.exit(done.returncode)
    try:
        os.execve(path, list(command), environment)  # noqa: S606 - no shell is the point
    except OSError as error:
        raise Failed(f"{plain(path)} cannot be run: {error.strerror}") from None
