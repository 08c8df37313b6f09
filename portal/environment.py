"""The environment of the process, with `.env` and NAME_FILE: read here for Django's settings and for gunicorn.conf.py."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

import environ
from environ.fileaware_mapping import FileAwareMapping

ENV_FILE = Path(__file__).resolve().parent.parent / ".env"


class Variables(FileAwareMapping):  # type: ignore[misc]  # It has no types.
    """Variables, in which NAME_FILE may name a file that holds the value of NAME."""

    def __init__(self, variables: MutableMapping[str, str]) -> None:
        super().__init__(variables)
        self.unreadable: list[str] = []

    def __getitem__(self, key: str) -> str:
        try:
            value = str(super().__getitem__(key))
        except (OSError, UnicodeError) as error:
            if (message := f"{key}_FILE names a file that cannot be read") not in self.unreadable:
                self.unreadable.append(message)
            raise KeyError(key) from error
        # Editors leave a newline at the end of a file.
        return value.rstrip("\r\n")


def for_django() -> environ.FileAwareEnv:
    """Return the variables; those of `.env` become variables of this process, where boto3 finds them too."""
    environ.Env.read_env(ENV_FILE)
    return _reader(os.environ)  # noqa: TID251 (the one place)


def for_gunicorn() -> environ.FileAwareEnv:
    """Return the variables as they are now, and change none of the process.

    Workers inherit the variables of gunicorn's first process: a worker started later has to find a changed `.env`.
    """

    class Reader(environ.Env):  # type: ignore[misc]  # It has no types.
        ENVIRON = dict(os.environ)  # noqa: TID251 (the one place)

    Reader.read_env(ENV_FILE)
    return _reader(Reader.ENVIRON)


def _reader(variables: MutableMapping[str, str]) -> environ.FileAwareEnv:
    env = environ.FileAwareEnv()
    env.ENVIRON = Variables(variables)
    return env
