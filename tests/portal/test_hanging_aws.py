"""A real gunicorn whose STS answers each call drop by drop, without end: pages and probes still are answered."""

from __future__ import annotations

import socket
import sqlite3
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from accounts.aws.bulkhead import CALLS_AT_ONCE
from accounts.concurrency import THREADS
from demo.cloud import Cloud
from demo.cloud.server import serve as serve_cloud
from demo.identity import IdentityProvider, OAuthClient
from demo.identity.server import serve as serve_identity
from demo.identity.users import load_users
from demo.launcher.folder import PEOPLE
from demo.launcher.network import choose_ports
from tests.portal import running
from tests.portal.running import CLIENT_SECRET, Portal

pytestmark = pytest.mark.wire

ROLE = {"account_id": "210987654321", "role_name": "Developer"}
LONG_ROLE = "/keys?account_id=210987654321&role_name=ReadOnly"
CALLERS = 5 * THREADS // 2
"""More than twice as many as the portal has threads."""
BUDGET = 15
"""Seconds that AWS may cost anybody."""


class Tarpit:
    """Takes connections, and answers each with a header that has no end, a letter at a time.

    Each letter is a read that succeeds: only a deadline for the whole call ends the wait.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._taken: list[socket.socket] = []
        self._closed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()
        threading.Thread(target=self._drip, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                line = self._listener.accept()[0]
                line.sendall(b"HTTP/1.1 200 OK\r\nX-Drop: ")
                self._taken.append(line)
            except OSError:
                return

    def _drip(self) -> None:
        while not self._closed.wait(1):
            for line in list(self._taken):
                with suppress(OSError):  # Who was asking may have gone.
                    line.sendall(b"x")

    @property
    def waiting(self) -> int:
        """How many connections there have been."""
        return len(self._taken)

    def close(self) -> None:
        """Hang up on everybody."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for line in self._taken:
            line.close()


@dataclass
class Answer:
    """What one caller got, and after how many seconds."""

    status: int
    text: str
    seconds: float


@pytest.fixture
def tarpit() -> Iterator[Tarpit]:
    found = Tarpit()
    yield found
    found.close()


@contextmanager
def signed_in(folder: Path, **variables: str) -> Iterator[tuple[Portal, requests.Session]]:
    """alice, signed in at a portal with one worker, and that portal."""
    port = choose_ports(0).portal
    client = OAuthClient("gatehouse", secret=CLIENT_SECRET, portal=f"http://localhost:{port}")
    identity = IdentityProvider(people=load_users(PEOPLE), clients=[client])
    with (
        serve_identity(identity) as op,
        running.portal(folder, issuer=op.url, port=port, prepared=True, **variables) as portal,
        running.browser() as browser,
    ):
        departure = browser.get(f"{portal.url}/oidc/authenticate/")
        browser.post(departure.url, data={"username": "alice"})
        yield portal, browser


def ask(portal: Portal, cookies: dict[str, str], path: str = "/keys") -> Answer:
    begun = time.monotonic()
    with running.browser() as browser:
        browser.cookies.update(cookies)
        answer = browser.post(
            f"{portal.url}{path}",
            data={"csrfmiddlewaretoken": cookies["gatehouse-csrf"], **ROLE},
            timeout=60,
        )
    return Answer(answer.status_code, answer.text, time.monotonic() - begun)


def test_pages_and_probes_are_answered_while_callers_wait_for_aws(
    tarpit: Tarpit, tmp_path: Path
) -> None:
    with signed_in(tmp_path, AWS_ENDPOINT_URL_STS=tarpit.url) as (portal, browser):
        _pages_and_probes_are_answered(portal, browser, tarpit, in_flight=CALLS_AT_ONCE)


def test_pages_and_probes_are_answered_while_the_hubs_credentials_do_not_come(
    tarpit: Tarpit, tmp_path: Path
) -> None:
    variables = {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": tarpit.url,
        "AWS_EC2_METADATA_DISABLED": "false",
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
    }
    with signed_in(tmp_path, **variables) as (portal, browser):
        _pages_and_probes_are_answered(portal, browser, tarpit, in_flight=1)


@pytest.mark.parametrize("slow", ["sts", "console"])
def test_callers_who_retry_without_a_pause_leave_pages_and_probes_quick(
    slow: str, tarpit: Tarpit, tmp_path: Path
) -> None:
    with (
        serve_cloud(Cloud(trusting=True)) as cloud,
        signed_in(
            tmp_path,
            AWS_ENDPOINT_URL_STS=tarpit.url if slow == "sts" else cloud.url,
            AWS_FEDERATION_ENDPOINT=tarpit.url if slow == "console" else cloud.url,
            PAGES_RATE_LIMIT="1000000/minute",
        ) as (portal, browser),
    ):
        cookies = {str(cookie.name): str(cookie.value) for cookie in browser.cookies}
        path = "/keys" if slow == "sts" else "/console"
        over = threading.Event()
        statuses: Counter[int] = Counter()

        def retry() -> None:
            while not over.is_set():
                statuses[ask(portal, cookies, path).status] += 1

        crowd = [threading.Thread(target=retry) for _ in range(THREADS)]
        for thread in crowd:
            thread.start()
        wait_until(lambda: tarpit.waiting == CALLS_AT_ONCE and statuses[503] > THREADS)
        pages, probes = (
            [timed(portal, cookies, path) for _ in range(20)] for path in ("/", "/healthz")
        )
        over.set()
        tarpit.close()
        for thread in crowd:
            thread.join()

    assert set(statuses) <= {503, 502}
    assert statistics.median(pages) < 0.5, pages
    assert max(probes) < 1, probes


def timed(portal: Portal, cookies: dict[str, str], path: str) -> float:
    begun = time.monotonic()
    with running.browser() as browser:
        browser.cookies.update(cookies)
        assert browser.get(f"{portal.url}{path}", timeout=60).status_code == 200
    return time.monotonic() - begun


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _pages_and_probes_are_answered(
    portal: Portal, browser: requests.Session, tarpit: Tarpit, *, in_flight: int
) -> None:
    cookies = {str(cookie.name): str(cookie.value) for cookie in browser.cookies}
    assert "gatehouse-csrf" in cookies
    answers: list[Answer] = []
    crowd = [
        threading.Thread(target=lambda: answers.append(ask(portal, cookies)))
        for _ in range(CALLERS)
    ]
    for thread in crowd:
        thread.start()
    # Until the portal has as many calls in flight as it ever has.
    wait_until(lambda: tarpit.waiting == in_flight)

    waits = []
    # A role of more than an hour: its page asks what credentials the hub has.
    for path in ("/healthz", "/", LONG_ROLE, "/healthz", "/", LONG_ROLE):
        begun = time.monotonic()
        answer = browser.get(f"{portal.url}{path}", timeout=60)
        waits.append(time.monotonic() - begun)
        assert answer.status_code == 200
    still_waiting = sum(thread.is_alive() for thread in crowd)
    for thread in crowd:
        thread.join()
    # The calls themselves go on until then, and a worker that stops waits for them.
    tarpit.close()

    assert still_waiting >= CALLS_AT_ONCE / 2
    assert max(waits) < 5, waits
    assert len(answers) == CALLERS
    assert Counter(answer.status for answer in answers) == {503: CALLERS}
    assert all("AWS" in answer.text and "Try again" in answer.text for answer in answers)
    # A little for the portal's own part, on a busy machine.
    assert max(answer.seconds for answer in answers) < BUDGET + 5
    with closing(sqlite3.connect(portal.database)) as connection:
        rows = dict(
            connection.execute(
                "SELECT error_code, count(*) FROM accounts_auditevent "
                "WHERE action = 'access.keys.failed' GROUP BY error_code"
            )
        )
    assert sum(rows.values()) == CALLERS
    assert {"aws.not_answering"} <= set(rows) <= {"aws.timeout", "aws.not_answering"}
