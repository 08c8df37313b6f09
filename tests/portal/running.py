"""A portal as people run it: gunicorn, the shipped settings, a database and a log of its own."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import requests

from demo.launcher.folder import CHECKOUT, COMPANY
from demo.launcher.network import choose_ports
from demo.launcher.processes import ProcessGroup
from tests import secret_scan
from tests.processes import manage, scratch_folder, static_files

SECRET_KEY = "wire-only-key-1f0c9a7d5e3b8246-kept-out-of-every-log"
CLIENT_SECRET = "wire-only-client-secret-77d1c2"
HUB_SECRET = "wire-only-hub-secret-access-key-5512"


@dataclass
class Portal:
    """A running portal: where it answers, what it logs, where it keeps its rows."""

    url: str
    port: int
    log: Path
    database: Path

    def read_log(self) -> str:
        """Return the log so far."""
        return self.log.read_text(errors="replace")

    def rows(self, table: str) -> str:
        """Return everything a table holds, as text."""
        with closing(sqlite3.connect(self.database)) as connection:
            return "\n".join(map(repr, connection.execute(f"SELECT * FROM {table}")))

    def raw(self, request: bytes) -> bytes:
        """Send bytes as they are; return all that is answered before the portal hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as line:
            line.sendall(request)
            answer = bytearray()
            while chunk := line.recv(65536):
                answer += chunk
        return bytes(answer)


@contextmanager
def portal(
    folder: Path, *, issuer: str, port: int | None = None, prepared: bool = True, **changes: str
) -> Iterator[Portal]:
    """Run a portal, with the demo's company in its database unless that is not `prepared`, until the block ends."""
    port = port or choose_ports(0).portal
    database = folder / "portal.sqlite3"
    variables = {**environment(database, issuer=issuer, port=port), **changes}
    if prepared and "DATABASE_URL" in changes:
        prepare(variables)
    elif prepared:
        copy(northwind_database(), database)
    url = f"http://localhost:{port}"
    with ProcessGroup(CHECKOUT) as processes:
        processes.start(
            "gunicorn",
            command=[sys.executable, "-m", "gunicorn", "portal.wsgi"],
            environment=variables,
            url=f"{url}/healthz",
            log=folder / "log",
        )
        processes.wait_until_answering()
        try:
            yield Portal(url, port, folder / "log", database)
        finally:
            secret_scan.look_into_files(folder)


def environment(database: Path, *, issuer: str, port: int) -> dict[str, str]:
    """Return the variables of a portal."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(database.parent),
        "SECRET_KEY": SECRET_KEY,
        "BASE_URL": f"http://localhost:{port}",
        "BIND": f"127.0.0.1:{port}",
        "WEB_CONCURRENCY": "1",
        "LOG_LEVEL": "DEBUG",
        "DATABASE_URL": f"sqlite:///{database}",
        "OIDC_ISSUER": issuer,
        "OIDC_RP_CLIENT_ID": "gatehouse",
        "OIDC_RP_CLIENT_SECRET": CLIENT_SECRET,
        "ADMIN_VALUES": "portal-admins",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIAWIREWIREWIREWIRE",
        "AWS_SECRET_ACCESS_KEY": HUB_SECRET,
        **static_files(),
    }


@cache
def northwind_database() -> Path:
    """Return a SQLite database with the demo's company in it, made once for this process: for copies."""
    database = scratch_folder() / "northwind.sqlite3"
    prepare(environment(database, issuer="http://localhost:9", port=8000))
    return database


def prepare(environment: Mapping[str, str]) -> None:
    """Make the tables of a portal, and put the demo's company into them."""
    manage(environment, "migrate", "--no-input")
    manage(environment, "apply", str(COMPANY))


def copy(database: Path, to: Path) -> None:
    """Copy a SQLite database, with whatever its log still holds."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def browser(**headers: str) -> requests.Session:
    """Return a browser: cookies, no proxy, no netrc."""
    session = requests.Session()
    session.trust_env = False
    session.headers.update(headers)
    return session


def token_in(page: str) -> str:
    """Return the CSRF token of a page's form."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, page
    return found[1]


def wait_until(true: Callable[[], bool], explain: Callable[[], str]) -> None:
    """Wait until something is true, for 20 seconds at most."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.05)


def status_of(answer: bytes) -> int:
    """Return the status of an answer as it came over the wire."""
    return int(answer.split(b" ", 2)[1])
