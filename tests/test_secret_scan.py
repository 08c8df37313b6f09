"""The scan of the whole run notices a leak wherever one can be: in what is printed, logged, stored or written."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest
from django.utils import timezone

from accounts import audit, bearer_secrets
from accounts.encryption import encrypt
from accounts.models.audit import Action
from accounts.types import Credentials
from tests import cast, secret_scan
from tests.secret_scan import SECRETS

PLANTED = "planted/secret+0123456789/of=the=scan"
PLUGIN = """
import pytest
from tests import secret_scan
secret_scan.SECRETS.add("a planted secret", "planted/secret+0123456789/of=the=scan")
pytest_runtest_makereport = secret_scan.pytest_runtest_makereport
"""
TESTS = """
import logging, sys, pytest

SECRET = "planted/secret+0123456789/of=the=scan"

def test_prints(): print("key=" + SECRET + ";")
def test_errs(): print(SECRET, file=sys.stderr)
def test_logs(): logging.getLogger("any").debug("got %s", {"key": SECRET})
def test_is_silent(): pass
@pytest.mark.shows_secrets("on purpose")
def test_may(): print(SECRET)
@pytest.fixture
def late():
    yield
    print(SECRET)
def test_prints_when_it_is_over(late): pass
"""


@pytest.fixture(autouse=True)
def _found_nothing_of_others() -> None:
    secret_scan.take_findings()


@pytest.mark.shows_secrets("the output of the tests within is its own")
def test_a_test_that_shows_a_secret_fails(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(PLUGIN)
    pytester.makepyfile(TESTS)
    pytester.makeini("[pytest]\nlog_level = DEBUG\nmarkers = shows_secrets(reason)")

    run = pytester.runpytest_inprocess("-p", "no:django", "-p", "no:xdist")

    run.assert_outcomes(passed=6, errors=4)
    run.stdout.fnmatch_lines(["secrets are shown: a planted secret in Captured stdout call"])
    said = run.stdout.str()
    for name in ("test_errs", "test_logs", "test_prints_when_it_is_over"):
        assert f"ERROR test_a_test_that_shows_a_secret_fails.py::{name}" in said


@pytest.mark.django_db
@pytest.mark.shows_secrets("that a row with one is noticed is what this shows")
def test_a_row_that_holds_a_secret_is_noticed() -> None:
    SECRETS.add("a planted secret", PLANTED)

    audit.record(
        action=Action.SIGNIN_FAILED, now=timezone.now(), origin=cast.ORIGIN, detail={"x": PLANTED}
    )

    (finding,) = secret_scan.take_findings()
    assert finding.startswith("a planted secret in a row: INSERT INTO")


def test_a_portal_that_wrote_one_into_its_log_or_database_is_noticed(tmp_path: Path) -> None:
    SECRETS.add("a planted secret", PLANTED)
    (tmp_path / "log").write_bytes(b"\xff\n" + quote(PLANTED, safe="").encode())
    (tmp_path / "portal.sqlite3-wal").write_bytes(b"\x00\x01x" + PLANTED.encode() + b"\x00")

    secret_scan.look_into_files(tmp_path)

    assert secret_scan.take_findings() == [
        "a planted secret in the file log of a portal",
        "a planted secret in the file portal.sqlite3-wal of a portal",
    ]


def test_what_the_portal_makes_receives_and_encrypts_is_a_secret() -> None:
    Credentials("AKIA", "a-secret-key-of-aws-1", "a-session-token-of-aws", timezone.now())
    encrypt("a-refresh-token-of-the-provider")
    token = bearer_secrets.generate()

    assert SECRETS.found_in("(a-secret-key-of-aws-1)") == {"the secret_access_key of Credentials"}
    assert SECRETS.found_in("x=a-session-token-of-aws") == {"the session_token of Credentials"}
    assert SECRETS.found_in("a-refresh-token-of-the-provider") == {
        "something that is encrypted at rest"
    }
    assert SECRETS.found_in(f"?code={token}") == {
        "a token or code of the portal",
        "a token of the portal",
    }
    assert SECRETS.found_in("a-refresh-token-of-somebody") == set()


def test_a_jwt_or_a_private_key_is_known_by_its_form() -> None:
    head, body = (
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (b'{"alg":"RS256"}', b'{"iss":"https://x"}')
    )

    assert SECRETS.found_in(f"Bearer {head}.{body}.{'c2ln' * 10}") == {"a JSON Web Token"}
    assert SECRETS.found_in(f"{head}.{body}.") == set()
    assert SECRETS.found_in("-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqG") == {"a private key"}
