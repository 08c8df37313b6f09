"""The shape of errors is a contract: these codes and this shape do not change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client

from accounts import entitlements
from accounts.aws import errors
from portal.api.v1 import me
from tests.issuer import Issuer
from tests.portal.api.conftest import Program

pytestmark = pytest.mark.usefixtures("northwind")


def pinned(answer: Any, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    found = json.loads(answer.content)
    assert set(found) == {"error"}
    assert set(found["error"]) - {"refusal"} == {"code", "message", "request_id", "can_retry"}
    assert found["error"]["can_retry"] == (status in (429, 503))
    assert found["error"]["code"] == code
    assert found["error"]["request_id"] == answer["X-Request-Id"] != ""
    assert found["error"]["message"].endswith(".")


# A request, and the status and code of its answer.
WRONG: list[tuple[str, str, str | None, int, str]] = [
    ("GET", "/api/v1/nothing", None, 404, "request.not_found"),
    ("GET", "/api/v1/", None, 404, "request.not_found"),
    ("GET", "/api/nothing", None, 404, "request.not_found"),
    ("GET", "/api/v1/me/", None, 404, "request.not_found"),
    ("POST", "/api/v1/me", "{}", 405, "request.method"),
    ("GET", "/api/v1/keys", None, 405, "request.method"),
    ("DELETE", "/api/v1/accounts", None, 405, "request.method"),
    ("OPTIONS", "/api/v1/keys", None, 405, "request.method"),
    ("POST", "/api/docs", "{}", 405, "request.method"),
    ("DELETE", "/api/v1/openapi.json", None, 405, "request.method"),
    ("POST", "/api/v1/keys", "{", 400, "request.not_readable"),
    ("POST", "/api/v1/keys", "[" * 100_000, 400, "request.not_readable"),
    ("POST", "/api/v1/keys", "\xff", 400, "request.not_readable"),
    ("POST", "/api/v1/keys", "[]", 422, "request.not_valid"),
    ("POST", "/api/v1/keys", "null", 422, "request.not_valid"),
    ("POST", "/api/v1/keys", '{"role_arn": "' + "x" * 300_000 + '"}', 413, "request.too_large"),
    ("GET", "/api/v1/me/entitlements?limit=0", None, 422, "request.not_valid"),
    ("GET", "/api/v1/me/entitlements?limit=x", None, 422, "request.not_valid"),
    ("GET", "/api/v1/me/entitlements?kind=all", None, 422, "request.not_valid"),
    ("GET", "/api/v1/me/entitlements?account_id=%00", None, 422, "request.not_valid"),
    ("GET", "/api/v1/accounts", None, 403, "access.not_allowed"),
]


def test_error_has_its_code_and_the_one_shape(program: Program, issuer: Issuer) -> None:
    assert program.get("/api/v1/me", issuer.token()).status_code == 200

    answers = [(case, program.send(case[0], case[1], issuer.token(), case[2])) for case in WRONG]

    assert [(case[:2], *code_of(answer)) for case, answer in answers] == [
        (case[:2], *case[3:]) for case in WRONG
    ]
    for (*_, status, code), answer in answers:
        pinned(answer, status, code)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, json.loads(answer.content)["error"]["code"]


def test_every_failure_of_aws_stands_on_the_page_beside_its_status() -> None:
    page = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    known = [one for one in vars(errors).values() if isinstance(one, errors.Failure)]
    known += errors.BY_CODE.values()

    assert len(known) > 20
    for one in known:
        rows = [row for row in page.splitlines() if row.startswith(f"| {one.kind.http_status} |")]
        assert any(f"`{one.code}`" in row for row in rows), one.code


def test_bad_token_has_a_challenge(program: Program, issuer: Issuer) -> None:
    answer = program.get("/api/v1/me", issuer.token(aud="another"))

    pinned(answer, 401, "token.aud")
    assert answer["WWW-Authenticate"] == (
        'Bearer realm="Gatehouse", error="invalid_token", '
        'error_description="The token is not accepted: it is for another audience."'
    )


def test_defect_is_500_without_a_word_of_it(
    program: Program, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> entitlements.Entitlements:
        raise RuntimeError("the secret of the defect")

    monkeypatch.setattr(me, "resolve", broken)

    answer = program.get("/api/v1/me/entitlements", issuer.token())

    pinned(answer, 500, "internal")
    assert "secret of the defect" not in answer.content.decode()


def test_database_that_is_down_is_503(
    program: Program, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> entitlements.Entitlements:
        raise OperationalError("gone")

    monkeypatch.setattr(me, "resolve", broken)

    answer = program.get("/api/v1/me/entitlements", issuer.token())

    pinned(answer, 503, "database.unavailable")
    assert answer["Retry-After"] == "5"


def test_database_that_is_not_migrated_is_503_and_says_what_to_do(
    program: Program, issuer: Issuer
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_accountrole RENAME COLUMN iam_role_name TO another")

    answer = program.get("/api/v1/me/entitlements", issuer.token())

    pinned(answer, 503, "database.unavailable")
    assert b"manage.py migrate" in answer.content


def test_foreign_host_is_refused_in_the_one_shape(issuer: Issuer) -> None:
    answer = Client(raise_request_exception=False).get(
        "/api/v1/me", headers={"Host": "evil.example"}
    )

    pinned(answer, 400, "request.invalid")


def test_pages_keep_their_own_errors(program: Program) -> None:
    answer = program.get("/nothing")

    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


def test_token_bound_to_a_key_is_refused_as_that(issuer: Issuer) -> None:
    answer = Client().get("/api/v1/me", headers={"Authorization": f"DPoP {issuer.token()}"})

    pinned(answer, 401, "token.scheme")
    assert "bound to a key (DPoP)" in json.loads(answer.content)["error"]["message"]
