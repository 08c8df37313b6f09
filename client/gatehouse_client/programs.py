"""Run a program with keys in its environment, and without variables that would override them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from gatehouse_client.errors import CommandFailed, printable
from gatehouse_client.profiles import OVERRIDING_VARIABLES


class ProgramNotFound(CommandFailed):
    """There is no such program; the exit code is that of shells."""

    exit_code = 127


def find(program: str) -> str:
    """Return the path of a program; this is done before keys are requested for it.

    Raises:
        ProgramNotFound: it is not on the PATH.
    """
    if path := shutil.which(program):
        return path
    raise ProgramNotFound(f"There is no program {printable(program)}.")


def run(path: str, command: Sequence[str], *, variables: Mapping[str, str]) -> NoReturn:
    """Replace this process with the program: signals, standard streams and exit code are its own.

    Raises:
        CommandFailed: the operating system cannot run it.
    """
    environment = {
        name: value for name, value in os.environ.items() if name not in OVERRIDING_VARIABLES
    }
    environment |= variables
    sys.stdout.flush()
    if sys.platform == "win32":  # pragma: no cover - there exec returns to the terminal at once
        done = subprocess.run([path, *command[1:]], env=environment, check=False)  # noqa: S603 - what was typed
        sys.exit(done.returncode)
    try:
        os.execve(path, list(command), environment)  # noqa: S606 - no shell is the point
    except OSError as error:
        raise CommandFailed(f"{printable(path)} cannot be run: {error.strerror}") from None
