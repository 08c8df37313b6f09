"""A PostgreSQL that is restarted in mid-request, or whose disk is full: whoever has keys has a row, and all are told."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from tests.postgresql import Cluster, running_cluster

pytestmark = [pytest.mark.wire, pytest.mark.postgresql]

ROLE = {"account_id": "210987654321", "role_name": "Developer"}
ACCESS_KEY = re.compile(r"\bASIA[A-Z0-9]{16}\b")
CALLERS = 6


@dataclass
class Site:
    """A portal on a cluster of its own, and alice, who has signed in."""

    portal: Portal
    cluster: Cluster
    alice: requests.Session

    def ask_for_keys(self) -> requests.Response:
        return self.alice.post(
            f"{self.portal.url}/keys",
            data={"csrfmiddlewaretoken": self.alice.cookies["gatehouse-csrf"], **ROLE},
            timeout=60,
        )

    def get(self, path: str) -> requests.Response:
        return self.alice.get(f"{self.portal.url}{path}", timeout=60, allow_redirects=False)

    def recorded(self) -> list[str]:
        """Return the access key ids of the audit trail."""
        with psycopg.connect(self.cluster.url) as connection:
            rows = connection.execute(
                "SELECT access_key_id FROM accounts_auditevent WHERE action = 'access.keys.issued'"
            ).fetchall()
        return [row[0] for row in rows]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port = choose_ports(0).portal
    client = OAuthClient("gatehouse", secret=CLIENT_SECRET, portal=f"http://localhost:{port}")
    identity = IdentityProvider(people=load_users(PEOPLE), clients=[client])
    with (
        running_cluster() as cluster,
        serve_identity(identity) as op,
        serve_cloud(Cloud(trusting=True)) as cloud,
        running.portal(
            tmp_path_factory.mktemp("portal"),
            issuer=op.url,
            port=port,
            DATABASE_URL=cluster.url,
            AWS_ENDPOINT_URL_STS=cloud.url,
            PAGES_RATE_LIMIT="1000000/minute",
        ) as portal,
        running.browser() as alice,
    ):
        with psycopg.connect(cluster.url, autocommit=True) as admin:
            # The scratch cluster forgets the last commits in a crash, which no real one does.
            admin.execute("ALTER SYSTEM SET synchronous_commit = on")
            admin.execute("SELECT pg_reload_conf()")
        departure = alice.get(f"{portal.url}/oidc/authenticate/")
        alice.post(departure.url, data={"username": "alice"})
        yield Site(portal, cluster, alice)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_in_mid_request_loses_no_row_and_fails_nobody_afterwards(
    site: Site, mode: str
) -> None:
    before = len(site.recorded())
    with asking(site) as answers:
        wait_until(lambda: sum(answer.status_code == 200 for answer in answers) > 20)
        site.cluster.restart(mode)
        back = len(answers)
        wait_until(lambda: len(answers) > back + 40)

    statuses = [answer.status_code for answer in answers]
    assert {*statuses} <= {200, 503}
    assert {*statuses[-20:]} == {200}
    for answer in answers:
        if answer.status_code == 503:
            assert not ACCESS_KEY.search(answer.text)
            assert re.search("cannot reach its database|could not be recorded", answer.text)
    # A row may be there whose commit nobody heard of; keys without a row may not.
    released = {
        ACCESS_KEY.search(answer.text)[0]  # type: ignore[index]
        for answer in answers
        if answer.status_code == 200
    }
    recorded = site.recorded()
    assert released <= {*recorded}
    assert len(recorded) - before <= len(answers)
    assert [site.get("/").status_code for _ in range(16)] == [200] * 16
    assert site.get("/readyz").status_code == 200


def test_on_a_full_disk_nothing_is_issued_and_everybody_is_told(site: Site) -> None:
    with (
        site.cluster.small_disk(megabytes=4) as disk,
        psycopg.connect(site.cluster.url, autocommit=True) as admin,
    ):
        admin.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        admin.execute("ALTER TABLE accounts_auditevent SET TABLESPACE small")
        try:
            filler = fill(disk, admin)
            already = len(site.portal.read_log())

            # The portal's connections may know of room in pages that `fill` did not find, for some rows yet.
            asked = (site.ask_for_keys() for _ in range(500))
            first = next(answer for answer in asked if answer.status_code != 200)
            recorded = site.recorded()
            answers = [first, *(site.ask_for_keys() for _ in range(3))]
            readiness, reading = site.get("/readyz"), site.get("/")
            filler.unlink()
            wait_until(lambda: site.get("/readyz").status_code == 200)
            freed = site.ask_for_keys()
        finally:
            admin.execute("ALTER TABLE accounts_auditevent SET TABLESPACE pg_default")
            admin.execute("DROP TABLESPACE small")

    assert [answer.status_code for answer in answers] == [503] * 4
    for answer in answers:
        assert "could not be recorded, so nothing was issued" in answer.text
        assert not ACCESS_KEY.search(answer.text)
    assert (readiness.status_code, readiness.json()["database"]) == (503, "full")
    assert reading.status_code == 200
    assert freed.status_code == 200
    assert len(site.recorded()) == len(recorded) + 1
    # The first keys were dropped; after that AWS is not asked.
    log = site.portal.read_log()[already:]
    assert log.count("nothing released: access.keys.issued") == 1
    assert log.count("nothing released: access.keys.failed, no key") == 3


def fill(disk: Path, admin: psycopg.Connection[Any]) -> Path:
    """Fill a disk and the pages of the table on it; return the file whose removal makes room."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    columns = [
        row[0]
        for row in admin.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'accounts_auditevent'"
        )
    ]
    names = ", ".join(name for name in columns if name != "id")
    # The smallest row: where it has no room, no other has.
    copy = (
        f"INSERT INTO accounts_auditevent ({names}) SELECT {names} FROM accounts_auditevent AS event "
        "ORDER BY pg_column_size(event.*) LIMIT 1"
    )
    with suppress(psycopg.errors.DiskFull):
        while True:
            admin.execute(copy)
    return filler


@contextmanager
def asking(site: Site) -> Iterator[list[requests.Response]]:
    """Let some callers ask for keys one after the other, until the block ends."""
    answers: list[requests.Response] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            answers.append(site.ask_for_keys())

    with ThreadPoolExecutor(CALLERS) as crowd:
        callers = [crowd.submit(ask) for _ in range(CALLERS)]
        try:
            yield answers
        finally:
            over.set()
    for caller in callers:
        caller.result()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it does not"
        time.sleep(0.05)
