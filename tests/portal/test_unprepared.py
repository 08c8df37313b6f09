"""A portal whose database nobody has prepared, and whose provider is not there: it says so to log, probes and people."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
import requests

from tests.portal.running import Portal, browser, portal
from tests.processes import manage

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def unprepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("unprepared")
    with portal(folder, issuer="http://localhost:9", prepared=False) as running:
        yield running


def get(running: Portal, path: str) -> requests.Response:
    return browser(Accept="text/html").get(running.url + path, timeout=20, allow_redirects=False)


@pytest.mark.parametrize(
    ("what", "and_then"),
    [
        ("not ready: the database: migrations are pending", "run manage.py migrate"),
        (
            "not ready: the identity provider http://localhost:9",
            "discovery document of OIDC_ISSUER",
        ),
    ],
)
def test_log_of_an_unprepared_portal_says_what_is_missing(
    unprepared: Portal, what: str, and_then: str
) -> None:
    deadline = time.monotonic() + 20

    while what not in (said := unprepared.read_log()):
        assert time.monotonic() < deadline, said
        time.sleep(0.1)

    assert and_then in said


def test_probe_of_an_unprepared_portal_is_not_ready_and_it_lives(unprepared: Portal) -> None:
    ready = get(unprepared, "/readyz")

    assert ready.status_code == 503
    assert "manage.py migrate" in ready.json()["database"]
    assert get(unprepared, "/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/oidc/callback/?state=x&code=y", "/api/credentials"])
def test_people_and_programs_are_never_told_of_a_defect(unprepared: Portal, path: str) -> None:
    assert get(unprepared, path).status_code != 500


def test_page_of_an_unprepared_portal_says_what_is_missing(unprepared: Portal) -> None:
    answer = browser(Cookie="gatehouse=" + "a" * 32).get(unprepared.url, timeout=20)

    assert answer.status_code == 503
    assert "not prepared for this version" in answer.text


def test_portal_is_ready_as_soon_as_its_database_is_migrated(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with portal(
        tmp_path_factory.mktemp("late"), issuer="http://localhost:9", prepared=False
    ) as late:
        assert "migrate" in get(late, "/readyz").json()["database"]
        environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{late.database}",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        }
        manage(environment, "migrate", "--no-input")

        assert get(late, "/readyz").json()["database"] == "ok"
        cookie = browser(Cookie="gatehouse=" + "a" * 32)
        assert cookie.get(late.url, timeout=20).status_code == 200
