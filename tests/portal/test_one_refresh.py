"""Two workers of a real portal, and many requests at once that all need a new ID token: one asks the provider."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import requests

from demo.identity import IdentityProvider, Misbehaviour, OAuthClient, User
from demo.identity.server import serve
from demo.launcher.network import choose_ports
from tests.accounts.aws.test_sts import reply
from tests.emulators import Reply, ScriptedServer
from tests.portal import running
from tests.portal.running import CLIENT_SECRET, Portal

pytestmark = pytest.mark.wire

ROLE = {"account_id": "210987654321", "role_name": "Developer"}
AT_ONCE = 8


@pytest.fixture
def identity() -> Iterator[IdentityProvider]:
    """A provider whose ID tokens are too old for AWS at once, and whose refresh tokens work once."""
    people = [User("alice", groups=("everyone", "payments"))]
    provider = IdentityProvider(people=people, clients=[], misbehaviour=Misbehaviour(lifetime=25))
    with serve(provider):
        yield provider


@pytest.fixture
def portal(tmp_path: Path, identity: IdentityProvider) -> Iterator[tuple[Portal, ScriptedServer]]:
    """A portal of two processes, and the STS that it asks."""
    port = choose_ports(0).portal
    identity.clients = [
        OAuthClient("gatehouse", secret=CLIENT_SECRET, portal=f"http://localhost:{port}")
    ]
    body = reply("AssumeRoleWithWebIdentity")
    with (
        ScriptedServer(lambda seen: Reply(body=body)) as sts,
        running.portal(
            tmp_path,
            issuer=identity.issuer,
            port=port,
            WEB_CONCURRENCY="2",
            AWS_ENDPOINT_URL_STS=sts.url,
        ) as portal,
    ):
        _change(portal, "UPDATE accounts_account SET trust_method = 'user-token', external_id = ''")
        yield portal, sts


def _change(portal: Portal, statement: str) -> None:
    with closing(sqlite3.connect(portal.database)) as rows, rows:
        rows.execute("PRAGMA ignore_check_constraints = ON")  # They call functions of Django.
        rows.execute(statement)


@pytest.mark.parametrize("too_old", ["the ID token", "the claims"])
def test_many_requests_at_once_refresh_a_sign_in_once(
    identity: IdentityProvider, portal: tuple[Portal, ScriptedServer], too_old: str
) -> None:
    served, sts = portal
    if too_old == "the claims":
        identity.misbehaviour = Misbehaviour(lifetime=300)
    with running.browser() as browser:
        page = browser.get(f"{served.url}/oidc/authenticate/?next=/preferences", timeout=20)
        page = browser.post(page.url, data={"username": "alice"}, timeout=20)
        form = {"csrfmiddlewaretoken": running.token_in(page.text), **ROLE}
        identity.misbehaviour = Misbehaviour(lifetime=300)
        if too_old == "the claims":
            _change(served, "UPDATE accounts_signin SET verified_at = '2026-01-01 00:00:00'")
        identity.hits.clear()

        def press(_: int) -> requests.Response:
            return browser.post(f"{served.url}/keys", data=form, timeout=20)

        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(press, range(AT_ONCE)))

    shown = {seen.form["WebIdentityToken"] for seen in sts.seen}
    assert [answer.status_code for answer in answers] == [200] * AT_ONCE
    assert identity.hits["token"] == 1
    assert (len(sts.seen), len(shown)) == (AT_ONCE, 1)
    for text in (*(answer.text for answer in answers), served.read_log()):
        assert not any(token in text for token in shown)
