"""The credential server of mairu, asked as mairu asks: without a type of content; it shows people the whole error."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from django.db import DatabaseError
from django.http import HttpResponse

from accounts import audit
from accounts.models import AuditEvent, Mapping, Person
from accounts.models.audit import Action
from portal.api import mairu
from tests import cast
from tests.emulators import whose_keys
from tests.portal.api.conftest import Issuer, Program
from tests.portal.api.test_portal_tokens import make
from tests.sso.test_shape import BrokenOff

pytestmark = pytest.mark.usefixtures("northwind", "sts_endpoint")

DEV, PROD = "210987654321", "123456789012"
DEVELOPER = f"arn:aws:iam::{DEV}:role/gatehouse/Developer"
OPERATOR = f"arn:aws:iam::{PROD}:role/gatehouse/Operator"
READ_ONLY = f"arn:aws:iam::{DEV}:role/ReadOnly"


def post(program: Program, token: str | None, body: str | bytes, **more: Any) -> HttpResponse:
    return program.send("POST", "/assume-role", token, body, content_type="", **more)


def ask(program: Program, token: str | None, role: str) -> HttpResponse:
    return post(program, token, json.dumps({"Role": role}))


def refusal(answer: HttpResponse) -> tuple[int, str]:
    """Return status and code, once the whole is what mairu can show."""
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"
    words, _, rest = answer.content.decode().rpartition(" [")
    code, request_id = rest.removesuffix("]").split(", request ")
    assert words.endswith(".")
    assert request_id == answer["X-Request-Id"] != ""
    return answer.status_code, code


# --- who gets nothing ----------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [("POST", "/assume-role"), ("GET", "/roles")])
def test_without_a_token_nothing_is_given_whatever_cookies_come(
    program: Program, method: str, path: str
) -> None:
    program.client = cast.signed_in("alice")

    answer = program.send(
        method, path, None, json.dumps({"Role": DEVELOPER}) if method == "POST" else None
    )

    assert refusal(answer) == (401, "token.missing")
    assert answer["WWW-Authenticate"] == 'Bearer realm="Gatehouse"'


@pytest.mark.parametrize(("method", "path"), [("POST", "/assume-role"), ("GET", "/roles")])
def test_token_that_proves_nothing_opens_nothing(
    program: Program, issuer: Issuer, method: str, path: str
) -> None:
    answer = program.send(method, path, issuer.token(aud="another"))

    assert refusal(answer) == (401, "token.aud")
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(("method", "path"), [("POST", "/assume-role"), ("GET", "/roles")])
def test_blocked_person_gets_nothing(
    program: Program, issuer: Issuer, method: str, path: str
) -> None:
    Person.objects.create(issuer=issuer.url, sub="sub-alice", is_active=False)
    body = json.dumps({"Role": DEVELOPER}) if method == "POST" else None

    assert refusal(program.send(method, path, issuer.token(), body)) == (401, "signin.blocked")


@pytest.mark.parametrize(
    ("role", "status", "code"),
    [
        (OPERATOR, 403, "access.denied"),
        (DEVELOPER.replace("/gatehouse", ""), 403, "access.denied"),
        (f"{PROD}/Operator", 403, "access.denied"),
        (f"{DEV}/developer", 403, "access.denied"),
        (f"{DEV}/gatehouse/Developer", 403, "access.denied"),
        ("/", 403, "access.denied"),
        ("Developer", 400, "request.arn"),
        ("arn:aws:iam::1:user/x", 400, "request.arn"),
        ("", 400, "request.arn"),
    ],
)
def test_role_that_is_not_given_is_refused(
    program: Program, issuer: Issuer, role: str, status: int, code: str
) -> None:
    assert refusal(ask(program, issuer.token(), role)) == (status, code)
    rows = AuditEvent.objects.values_list("action", "error_code", "surface")
    assert list(rows) == ([(Action.KEYS_DENIED, code, "api")] if status == 403 else [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"role": "x"}',
        b'{"Role": 7}',
        b'"Role"',
        b"\xff",
        b"[" * 90_000,
    ],
    ids=lambda body: str(body[:20]),
)
def test_what_is_no_request_is_refused(program: Program, issuer: Issuer, body: bytes) -> None:
    assert refusal(post(program, issuer.token(), body)) == (400, "request.not_readable")


def test_a_body_that_breaks_off_is_refused(program: Program, issuer: Issuer) -> None:
    broken: Any = {"wsgi.input": BrokenOff(), "CONTENT_LENGTH": "500"}

    answer = post(program, issuer.token(), "{}", **broken)

    assert refusal(answer) == (400, "request.not_readable")


def test_what_is_too_much_is_refused(program: Program, issuer: Issuer) -> None:
    assert refusal(ask(program, issuer.token(), "x" * 300_000)) == (413, "request.too_large")


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("GET", "/assume-role", "POST"), ("POST", "/roles", "GET")]
)
def test_another_method_is_refused(
    program: Program, issuer: Issuer, method: str, path: str, allowed: str
) -> None:
    answer = program.send(method, path, issuer.token())

    assert refusal(answer) == (405, "request.method")
    assert answer["Allow"] == allowed


def test_scope_of_a_portals_token_narrows_it(program: Program) -> None:
    token = make(permission_sets=frozenset({"ReadOnly"}))

    assert refusal(ask(program, token, DEVELOPER)) == (403, "access.scope")
    assert ask(program, token, READ_ONLY).status_code == 200


def test_who_asks_too_often_is_told_when_to_come_back(
    program: Program, issuer: Issuer, settings: Any
) -> None:
    settings.API_RATE_LIMIT = "2/hour"
    for _ in range(2):
        assert ask(program, issuer.token(), DEVELOPER).status_code == 200

    answer = program.get("/roles", issuer.token())

    assert refusal(answer) == (429, "request.too_many")
    assert int(answer["Retry-After"]) > 0


def test_nothing_is_released_when_the_record_cannot_be_written(
    program: Program, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(audit, "record", broken)

    answer = ask(program, issuer.token(), DEVELOPER)

    assert refusal(answer) == (503, "audit.unavailable")
    assert "ASIA" not in answer.content.decode()


def test_defect_is_500_without_a_word_of_it(
    program: Program, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("the secret of the defect")

    monkeypatch.setattr(mairu, "resolve", broken)

    answer = program.get("/roles", issuer.token())

    assert refusal(answer) == (500, "internal")
    assert "secret of the defect" not in answer.content.decode()


# --- what is given -------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [DEVELOPER, f"{DEV}/Developer"])
def test_keys_come_as_a_credential_process_gives_them_and_work(
    program: Program, issuer: Issuer, sts_endpoint: str, role: str
) -> None:
    answer = ask(program, issuer.token(), role)

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer["Cache-Control"] == "no-store"
    keys = json.loads(answer.content)
    assert set(keys) == {
        "Version",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    }
    assert keys["Version"] == 1
    assert datetime.fromisoformat(keys["Expiration"]).tzinfo is not None
    row = AuditEvent.objects.get()
    assert (row.action, row.surface, row.role_arn) == (Action.KEYS_ISSUED, "api", DEVELOPER)
    assert row.access_key_id == keys["AccessKeyId"]
    arn = whose_keys(
        sts_endpoint,
        access_key_id=keys["AccessKeyId"],
        secret_access_key=keys["SecretAccessKey"],
        session_token=keys["SessionToken"],
    )
    assert arn.startswith(f"arn:aws:sts::{DEV}:")


def test_roles_are_those_whose_keys_can_be_had(program: Program, issuer: Issuer) -> None:
    Mapping.objects.filter(permission_set__name="Developer").update(keys=False)

    found = json.loads(program.get("/roles", issuer.token()).content)["Roles"]

    assert [one["Name"] for one in found] == [READ_ONLY, f"arn:aws:iam::{PROD}:role/ReadOnly"]
    assert found[0]["Description"].startswith("payments-dev: ")
    for one in found:
        assert ask(program, issuer.token(), one["Name"]).status_code == 200


def test_who_has_no_role_sees_none(program: Program, issuer: Issuer) -> None:
    assert json.loads(program.get("/roles", issuer.token("mallory")).content) == {"Roles": []}
