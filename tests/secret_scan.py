"""Fails each test that prints, logs or stores a secret that was handed out in it: a plugin for the whole run.

Secrets are noted where the portal makes or receives them, and where the emulators issue them. Looked through at
the end of each test: what it and the portal wrote to stdout, stderr and the log, at DEBUG; what was written into
the test database, row by row; log and database of each portal that ran as a process of its own. JSON Web Tokens
and the portal's own tokens are known by their form, whoever made them.

A test about a leak, or one that has to write like one, is marked `shows_secrets` with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography.fernet import MultiFernet
from django.contrib.sessions.backends.base import SessionBase
from django.db import connections
from django.db.backends.signals import connection_created

from accounts import bearer_secrets

SHORTEST = 16
"""Characters: what is shorter is no secret but a test's stand-in for one."""
_RUNS = re.compile(rf"[\w+/=.~-]{{{SHORTEST},}}", re.ASCII)
_FORMS = {
    "a JSON Web Token": re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}", re.ASCII),
    "a token of the portal": bearer_secrets.PATTERN,
    "a private key": re.compile(r"-----BEGIN (?:\w+ )?PRIVATE KEY-----\s*\S{16}"),
}


class Secrets:
    """What must be seen nowhere, each with what it is; found in any text, as it is or escaped for an address."""

    def __init__(self) -> None:
        self._by_beginning: dict[str, dict[str, str]] = {}

    def add(self, kind: str, secret: object) -> None:
        """Note a secret; nothing is noted of what is no text, too short, or one character again and again.

        The last is Hypothesis's simplest text, such as 64 zeros, which other rows hold rightly.
        """
        if isinstance(secret, str) and len(secret) >= SHORTEST and len({*secret}) > 1:
            self._by_beginning.setdefault(secret[:SHORTEST], {})[secret] = kind

    def found_in(self, text: str) -> set[str]:
        """Name the kinds of secrets that a text holds."""
        if "%" in text:
            text = f"{text}\n{unquote(text)}"
        found = {kind for kind, form in _FORMS.items() if form.search(text)}
        for run in set(_RUNS.findall(text)):
            for start in range(len(run) - SHORTEST + 1):
                for secret, kind in self._by_beginning.get(
                    run[start : start + SHORTEST], {}
                ).items():
                    if run.startswith(secret, start):
                        found.add(kind)
        return found


SECRETS = Secrets()
_findings: list[str] = []


def look_into(what: str, text: str) -> None:
    """Note for the running test what a text holds that it must not."""
    _findings.extend(f"{kind} in {what}" for kind in sorted(SECRETS.found_in(text)))


def take_findings() -> list[str]:
    """Return what was noted, each once, and forget it."""
    found, _findings[:] = sorted(set(_findings)), []
    return found


def look_into_files(folder: Path) -> None:
    """Look through the log and the database of a portal that ran in a folder."""
    for path in folder.glob("*"):
        if path.is_file() and (path.name == "log" or ".sqlite3" in path.name):
            look_into(f"the file {path.name} of a portal", path.read_bytes().decode("latin1"))


@contextmanager
def noting_secrets() -> Iterator[None]:
    """Note what the portal makes, encrypts and receives, and what the emulators issue in this process."""
    from accounts.oidc.token_endpoint import TokenAnswer
    from accounts.types import Credentials
    from demo.cloud.federation import Cloud

    with pytest.MonkeyPatch.context() as patch:
        _note_results(patch, bearer_secrets, "generate", "a token or code of the portal")
        _note_results(patch, SessionBase, "_get_new_session_key", "a session cookie")
        _note_results(patch, Cloud, "sign_in_token", "a sign-in token of AWS")
        _note_fields(patch, Credentials, "secret_access_key", "session_token")
        _note_fields(patch, TokenAnswer, "id_token", "access_token", "refresh_token")
        encrypt = MultiFernet.encrypt

        def noted(self: MultiFernet, data: bytes) -> bytes:
            SECRETS.add("something that is encrypted at rest", data.decode(errors="replace"))
            return encrypt(self, data)

        patch.setattr(MultiFernet, "encrypt", noted)
        yield


def _note_results(patch: pytest.MonkeyPatch, owner: Any, name: str, kind: str) -> None:
    make: Callable[..., Any] = getattr(owner, name)

    def noted(*args: Any, **kwargs: Any) -> Any:
        secret = make(*args, **kwargs)
        SECRETS.add(kind, secret)
        return secret

    patch.setattr(owner, name, noted)


def _note_fields(patch: pytest.MonkeyPatch, of: Any, *names: str) -> None:
    make = of.__init__

    def noted(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        for name in names:
            SECRETS.add(f"the {name} of {of.__name__}", getattr(self, name))

    patch.setattr(of, "__init__", noted)


def _watch_rows(connection: Any, **_: Any) -> None:
    if _look_at_rows not in connection.execute_wrappers:
        connection.execute_wrappers.append(_look_at_rows)


def _look_at_rows(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    if sql.lstrip().startswith(("INSERT", "UPDATE")):
        look_into(f"a row: {sql.lstrip()[:60]}", "\n".join(_texts(params)))
    return execute(sql, params, many, context)


def _texts(params: Any) -> Iterable[str]:
    match params:
        case str():
            yield params
        case bytes():
            yield params.decode("latin1")
        case list() | tuple():
            for one in params:
                yield from _texts(one)
        case dict():
            yield from _texts([*params.values()])
        case None | bool() | int() | float():
            pass
        case _:
            yield str(getattr(params, "obj", params))


@pytest.fixture(autouse=True, scope="session")
def _secrets_are_noted() -> Iterator[None]:
    """Watch what this process makes and stores, from its first test to its last."""
    connection_created.connect(_watch_rows)
    for connection in connections.all(initialized_only=True):
        _watch_rows(connection)
    with noting_secrets():
        yield
    connection_created.disconnect(_watch_rows)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test, when all of it is over, that showed a secret."""
    report = yield
    if report.when == "teardown":
        for section, text in report.sections:
            look_into(section, text)
        found = take_findings()
        if found and not item.get_closest_marker("shows_secrets") and not report.failed:
            report.outcome = "failed"
            report.longrepr = "secrets are shown: " + "; ".join(found)
    return report
