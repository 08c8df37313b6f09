"""A sign-in through the shipped gunicorn and settings, at the most talkative log level."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from demo.identity import IdentityProvider
from demo.launcher.folder import CHECKOUT
from demo.launcher.network import choose_ports
from demo.launcher.processes import ProcessGroup
from tests.identity import query_of
from tests.processes import manage, static_files

pytestmark = pytest.mark.wire

SECRET = "client-secret-of-the-tests"


@dataclass
class Portal:
    """A portal that runs as people run it."""

    url: str
    log: Path


@pytest.fixture
def portal(tmp_path: Path, identity: IdentityProvider) -> Iterator[Portal]:
    """Two workers, so that an attempt begun at one may end at the other."""
    port = choose_ports(0).portal
    url = f"http://localhost:{port}"
    identity.clients = [replace(client, portal=url) for client in identity.clients]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "SECRET_KEY": "tests only: not a secret, yet long enough for the checks that refuse weak ones",
        "BASE_URL": url,
        "BIND": f"127.0.0.1:{port}",
        "WEB_CONCURRENCY": "2",
        "DATABASE_URL": f"sqlite:///{tmp_path}/portal.sqlite3",
        "OIDC_ISSUER": identity.issuer,
        "OIDC_RP_CLIENT_ID": "gatehouse",
        "OIDC_RP_CLIENT_SECRET": SECRET,
        "LOG_LEVEL": "DEBUG",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "eu-west-1",
        **static_files(),
    }
    manage(environment, "migrate", "--no-input")
    with ProcessGroup(CHECKOUT) as processes:
        processes.start(
            "gunicorn",
            command=[sys.executable, "-m", "gunicorn", "portal.wsgi"],
            environment=environment,
            url=f"{url}/healthz",
            log=tmp_path / "log",
        )
        processes.wait_until_answering()
        yield Portal(url, tmp_path / "log")


def test_a_whole_sign_in_leaves_no_secret_in_the_log(
    portal: Portal, identity: IdentityProvider
) -> None:
    with requests.Session() as browser:
        departure = browser.get(f"{portal.url}/oidc/authenticate/?next=/activity", timeout=20)
        at_provider = browser.post(
            departure.url, data={"username": "alice"}, allow_redirects=False, timeout=20
        )
        callback = at_provider.headers["Location"]
        arrived = browser.get(callback, timeout=20)
        replayed = browser.get(callback, timeout=20)

    assert (arrived.status_code, urlsplit(arrived.url).path) == (200, "/activity")
    assert "alice@northwind.example" in arrived.text
    assert replayed.status_code == 400
    log = portal.log.read_text()
    assert "/oidc/callback/" in log
    secrets = [*query_of(callback).values(), *query_of(departure.url).values(), SECRET]
    secrets += [*identity.access_tokens, *identity.refresh_tokens]
    public = {"code", "S256", "gatehouse", "openid email profile", f"{portal.url}/oidc/callback/"}
    assert [secret for secret in secrets if secret in log and secret not in public] == []
    assert "eyJ" not in log
