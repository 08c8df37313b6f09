"""A proxy that drops what the AWS CLI sends is named, by a question that goes through a real nginx as shipped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from django.conf import LazySettings
from django.test import Client, RequestFactory

from accounts import http
from portal import environment, proxies
from portal.proxies import Finding, Verdict
from tests import nginx
from tests.nginx import Front
from tests.portal import running
from tests.portal.running import Portal
from tests.processes import ROOT, free_port


@pytest.fixture(autouse=True)
def _fresh_state(monkeypatch: pytest.MonkeyPatch) -> None:
    state = SimpleNamespace(finding=Finding(Verdict.UNKNOWN), reported_at=float("-inf"))
    monkeypatch.setattr(proxies, "_State", state)


def check_proxy(folder: Path, front: Front, **changes: str) -> subprocess.CompletedProcess[str]:
    """Ask a running portal from outside, as an operator does."""
    variables = running.environment(folder / "portal.sqlite3", issuer="http://localhost:9", port=1)
    return subprocess.run(
        [sys.executable, "manage.py", "check_proxy"],
        cwd=ROOT,
        env={
            **variables,
            "BASE_URL": front.url,
            "REQUESTS_CA_BUNDLE": str(front.certificate),
            **changes,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.wire
def test_check_through_nginx_names_what_is_wrong(tmp_path: Path, subtests: pytest.Subtests) -> None:
    port = free_port()

    cases: tuple[tuple[str, str, dict[str, str], str], ...] = (
        ("dropped", "127.0.0.1", {"underscores_in_headers": "off"}, "underscores_in_headers on"),
        ("untrusted", "192.0.2.1", {}, "add it to TRUSTED_PROXIES"),
        ("unset", "", {}, "Set TRUSTED_PROXIES=127.0.0.1"),
        ("shipped", "127.0.0.1", {}, "arrives"),
    )
    for name, trusted, changed, expected in cases:
        folder = tmp_path / name
        folder.mkdir()
        with subtests.test(name):
            with (
                running.portal(
                    folder,
                    issuer="http://localhost:9",
                    prepared=False,
                    BASE_URL=f"https://localhost:{port}",
                    TRUSTED_PROXIES=trusted,
                ) as portal,
                nginx.running(folder, port=port, upstream=portal.port, **changed) as front,
            ):
                done = check_proxy(folder, front)

            assert expected in done.stdout + done.stderr
            assert done.returncode == (0 if name == "shipped" else 1)


@pytest.mark.wire
def test_portal_that_is_started_checks_itself_and_reads_trusted_proxies_from_a_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "proxies").write_text("192.0.2.1\n")
    with running.portal(
        tmp_path,
        issuer="http://localhost:9",
        TRUSTED_PROXIES_FILE=str(tmp_path / "proxies"),
    ) as portal:
        _wait_for(portal, "which TRUSTED_PROXIES does not name")
        refused = requests.get(
            f"{portal.url}/assignment/accounts",
            headers={proxies.TOKEN_HEADER: "a-token"},
            timeout=20,
        )

        assert refused.status_code == 401
        _wait_for(portal, "/assignment/accounts from 127.0.0.1 has no header")
        assert requests.get(f"{portal.url}/readyz", timeout=20).json()["proxy"].startswith("wrong")


def _wait_for(portal: Portal, text: str) -> None:
    running.wait_until(lambda: text in portal.read_log(), lambda: portal.read_log())


def test_strangers_learn_nothing_of_proxies() -> None:
    answer = Client().get(proxies.PATH, headers={"X-Gatehouse-Proxy-Check": "made:up:signature"})

    assert answer.status_code == 404
    assert answer.json() == {"status": "not found"}


def test_what_answers_instead_of_the_portal_is_named(
    monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    cases = (
        (302, b"", Verdict.WRONG),
        (200, b"<html>Sign in", Verdict.WRONG),
        (404, b'{"status": "not found"}', Verdict.WRONG),
        (503, b"", Verdict.UNKNOWN),
    )
    for status, body, verdict in cases:
        with subtests.test(status=status, body=body):
            response = http.Response(status, {}, body)
            monkeypatch.setattr(http, "fetch", lambda *_, response=response, **__: response)

            assert proxies.check().verdict is verdict


def test_portal_that_cannot_reach_itself_only_says_so(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BASE_URL = "http://localhost:9"

    proxies.note(proxies.check())

    assert proxies.verdict() is Verdict.UNKNOWN
    assert [record for record in caplog.records if record.levelname != "INFO"] == []


def test_only_changes_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    wrong = Finding(Verdict.WRONG, "it drops the header")
    for finding in (wrong, wrong, Finding(Verdict.OK), Finding(Verdict.OK)):
        proxies.note(finding)

    assert [record.message for record in caplog.records] == [
        "it drops the header",
        "The way from http://localhost:8000 to this portal is right again.",
    ]


def test_missing_token_is_logged_once_a_minute_and_a_present_one_never(
    caplog: pytest.LogCaptureFixture, settings: LazySettings
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    request = RequestFactory().get("/assignment/accounts", REMOTE_ADDR="172.18.0.1")

    proxies.report_missing_token(request)
    proxies.report_missing_token(request)

    (record,) = caplog.records
    assert "from 172.18.0.1 has no header x-amz-sso_bearer_token" in record.message
    assert "TRUSTED_PROXIES does not name that address" in record.message


def test_gunicorn_and_django_read_the_same_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TRUSTED_PROXIES=192.0.2.7\nBIND=127.0.0.1:1234\n")
    monkeypatch.setattr(environment, "ENV_FILE", tmp_path / ".env")
    for name in ("TRUSTED_PROXIES", "BIND"):
        monkeypatch.delenv(name, raising=False)

    env = environment.for_gunicorn()

    assert (env.list("TRUSTED_PROXIES"), env.str("BIND")) == (["192.0.2.7"], "127.0.0.1:1234")
    (tmp_path / ".env").write_text("TRUSTED_PROXIES=192.0.2.8\n")
    assert environment.for_gunicorn().list("TRUSTED_PROXIES") == ["192.0.2.8"]
