"""A database that goes away under a running portal: a clear page, no stale grant, and no way back needed but its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
import pytest
import requests

from demo.cloud import Cloud
from demo.cloud.server import serve as serve_cloud
from demo.identity import IdentityProvider, OAuthClient
from demo.identity.server import serve as serve_identity
from demo.identity.users import load_users
from demo.launcher.folder import PEOPLE
from demo.launcher.network import choose_ports
from tests.portal import running
from tests.portal.running import CLIENT_SECRET, Portal

pytestmark = [pytest.mark.wire, pytest.mark.postgresql]

ROLE = {"account_id": "210987654321", "role_name": "Developer"}
PATIENCE = 15
"""Seconds within which everybody must have an answer."""


class Line:
    """A line to a server that can be cut, and mended."""

    def __init__(self, host: str, port: int) -> None:
        self.server = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.whole = True
        self.carried: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Hang up on everybody, and on whoever calls from now on."""
        self.whole = False
        for end in self.carried:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let calls through again."""
        self.whole = True

    def close(self) -> None:
        """Hang up for good."""
        self.cut()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        if not self.whole:
            near.close()
            return
        with near, socket.create_connection(self.server) as far:
            self.carried += [near, far]
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@dataclass
class Outage:
    """A portal whose line to the database can be cut, and alice, who has signed in."""

    portal: Portal
    line: Line
    alice: requests.Session
    password: str
    database: str

    def ask_for_keys(self) -> requests.Response:
        """Send the form for keys with the token of a page that alice opened before."""
        return self.alice.post(
            f"{self.portal.url}/keys",
            data={"csrfmiddlewaretoken": self.alice.cookies["gatehouse-csrf"], **ROLE},
            timeout=60,
        )

    def get(self, path: str) -> requests.Response:
        """Ask for a page."""
        return self.alice.get(f"{self.portal.url}{path}", timeout=60, allow_redirects=False)


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory, postgresql_url: str) -> Iterator[Outage]:
    """alice at a portal on PostgreSQL; the line is whole."""
    server = urlsplit(postgresql_url)
    line = Line(str(server.hostname), server.port or 5432)
    port = choose_ports(0).portal
    client = OAuthClient("gatehouse", secret=CLIENT_SECRET, portal=f"http://localhost:{port}")
    identity = IdentityProvider(people=load_users(PEOPLE), clients=[client])
    with (
        serve_identity(identity) as op,
        serve_cloud(Cloud(trusting=True)) as cloud,
        running.portal(
            tmp_path_factory.mktemp("portal"),
            issuer=op.url,
            port=port,
            DATABASE_URL=f"postgres://{server.username}:{server.password}@127.0.0.1:{line.port}/postgres",
            AWS_ENDPOINT_URL_STS=cloud.url,
        ) as portal,
        running.browser() as alice,
    ):
        departure = alice.get(f"{portal.url}/oidc/authenticate/")
        alice.post(departure.url, data={"username": "alice"})
        yield Outage(portal, line, alice, str(server.password), postgresql_url)
    line.close()


def timed(ask: Callable[[], requests.Response]) -> tuple[requests.Response, float]:
    began = time.monotonic()
    return ask(), time.monotonic() - began


def test_while_the_database_is_down_everybody_is_told_and_nothing_is_given(outage: Outage) -> None:
    assert outage.ask_for_keys().status_code == 200

    outage.line.cut()
    # More than the pool has connections, so that some have to wait for a new one.
    asks = 2 * (
        outage.ask_for_keys,
        lambda: outage.get("/"),
        lambda: outage.get("/oidc/authenticate/"),
    )
    with ThreadPoolExecutor(len(asks)) as crowd:
        answers = list(crowd.map(timed, asks))
    for answer, seconds in answers:
        assert answer.status_code == 503
        assert seconds < PATIENCE
        assert "cannot reach its database" in answer.text
        assert "ASIA" not in answer.text
        for detail in (outage.password, "127.0.0.1", "psycopg", "Traceback", str(outage.line.port)):
            assert detail not in answer.text
    assert outage.get("/healthz").status_code == 200
    assert outage.get("/readyz").status_code == 503
    assert outage.password not in outage.portal.read_log()

    outage.line.mend()
    wait_until(lambda: outage.get("/").status_code == 200)
    assert outage.ask_for_keys().status_code == 200


def test_aws_can_verify_tokens_while_the_database_is_down(outage: Outage) -> None:
    """For longer than this test waits: tests/portal/test_issuer.py has a clock of its own."""
    wait_until(lambda: outage.get("/.well-known/jwks.json").status_code == 200)
    before = outage.get("/.well-known/jwks.json")

    outage.line.cut()
    answers = [
        timed(lambda path=path: outage.get(path))  # type: ignore[misc]
        for path in ("/.well-known/jwks.json", "/.well-known/openid-configuration")
    ]
    outage.line.mend()

    assert [answer.status_code for answer, _ in answers] == [200, 200]
    assert answers[0][0].content == before.content
    assert max(seconds for _, seconds in answers) < 5  # AWS waits no longer.
    wait_until(lambda: outage.get("/").status_code == 200)


def test_a_portal_heals_by_itself_when_its_connections_were_cut(outage: Outage) -> None:
    with ThreadPoolExecutor(12) as crowd:  # So that the pool has several connections.
        answers = list(crowd.map(outage.get, ["/"] * 48))
    assert {answer.status_code for answer in answers} == {200}
    assert len(outage.line.carried) > 2

    outage.line.cut()
    outage.line.mend()
    statuses = [outage.get("/").status_code for _ in range(16)]

    assert statuses == [200] * 16
    assert outage.ask_for_keys().status_code == 200


def test_a_database_that_is_read_only_is_a_clear_503_and_aws_is_not_asked(outage: Outage) -> None:
    with psycopg.connect(outage.database, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        admin.execute("SELECT pg_reload_conf()")
        try:
            wait_until(lambda: outage.get("/readyz").status_code == 503)
            readiness = outage.get("/readyz").json()
            answers = [outage.ask_for_keys(), outage.get("/oidc/authenticate/")]
            reading = outage.get("/")
        finally:
            admin.execute("SET default_transaction_read_only = off")
            admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
            admin.execute("SELECT pg_reload_conf()")

    assert readiness["database"] == "read-only"
    assert [answer.status_code for answer in answers] == [503, 503]
    assert "could not be recorded" in answers[0].text
    assert "cannot write to its database" in answers[1].text
    assert reading.status_code == 200
    assert "nothing released: access.keys.failed, no key" in outage.portal.read_log()
    wait_until(lambda: outage.get("/readyz").status_code == 200)
    assert outage.ask_for_keys().status_code == 200


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
