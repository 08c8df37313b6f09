"""Whatever is sent to AWS's addresses is answered in AWS's shape: never a page, a cookie, a redirect or a 500."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest
from django.test import Client

from accounts.errors import AuditUnavailable, SignInAgain
from accounts.models import AuditEvent
from portal.sso.responses import OIDC_PATHS, PORTAL_PATHS
from tests import cast
from tests.sso.conftest import INVALID_REQUEST, Program, denial, refusal

pytestmark = pytest.mark.django_db

POSTS = (*OIDC_PATHS, "/logout")
GETS = tuple(path for path in PORTAL_PATHS if path != "/logout")


def shape(path: str, answer: Any) -> tuple[int, str]:
    return refusal(answer) if path in OIDC_PATHS else denial(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"7",
        b"\xff\xfe",
        b"grant_type=authorization_code&code=x",
        b'{"clientName": ' + b"[" * 8000,
        b'{"clientName": ' + b"9" * 8000 + b"}",
        b'{"clientName": "' + b"x" * 17000 + b'"}',
        b'{"clientName": NaN}',
        b"{}",
    ],
)
@pytest.mark.parametrize("path", OIDC_PATHS)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data"])
def test_a_body_that_cannot_be_read_is_refused(
    client: Client, path: str, body: bytes, kind: str
) -> None:
    answer = client.post(path, body, content_type=kind)

    assert refusal(answer) == INVALID_REQUEST
    assert set(json.loads(answer.content).values()) >= {"invalid_request"}


class BrokenOff:
    """What is left of a request whose client went away."""

    def read(self, size: int = -1) -> bytes:
        raise ConnectionResetError

    readline = read


@pytest.mark.parametrize("path", OIDC_PATHS)
def test_a_body_that_breaks_off_is_refused(client: Client, path: str) -> None:
    broken: Any = {"wsgi.input": BrokenOff(), "CONTENT_LENGTH": "500"}

    answer = client.post(path, b"{}", content_type="application/json", **broken)

    assert refusal(answer) == INVALID_REQUEST


@pytest.mark.parametrize("length", ["x", "-1", "9" * 30])
def test_a_length_that_is_none_is_refused(client: Client, length: str) -> None:
    answer = client.post("/token", b"{}", content_type="application/json", CONTENT_LENGTH=length)

    assert refusal(answer) == INVALID_REQUEST


@pytest.mark.parametrize(
    ("path", "method"),
    [
        *((path, method) for path in POSTS for method in ("get", "head", "put", "options")),
        *((path, method) for path in GETS for method in ("post", "head", "delete", "options")),
    ],
)
def test_another_method_is_refused(client: Client, path: str, method: str) -> None:
    answer = getattr(client, method)(path)

    assert answer.status_code == 405
    assert answer["x-amzn-ErrorType"] == "InvalidRequestException"
    assert answer["Allow"] == ("POST" if path in POSTS else "GET")
    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize("path", [*OIDC_PATHS, *PORTAL_PATHS])
def test_no_cookie_is_looked_at(path: str, django_assert_num_queries: Any) -> None:
    browser = cast.signed_in("alice")
    method = browser.post if path in POSTS else browser.get

    with django_assert_num_queries(0):
        answer = method(path)

    assert answer.status_code in (400, 401)
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")


@pytest.mark.parametrize("path", [*OIDC_PATHS, *PORTAL_PATHS])
def test_another_site_is_told_nothing_it_may_read(client: Client, path: str) -> None:
    method = client.post if path in POSTS else client.get

    answer = method(
        path, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    )

    assert answer.status_code in (400, 401)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", [*OIDC_PATHS, *PORTAL_PATHS])
def test_a_host_that_is_not_ours_is_refused(client: Client, path: str) -> None:
    method = client.post if path in POSTS else client.get

    answer = method(path, headers={"Host": "evil.example"})

    assert shape(path, answer) == INVALID_REQUEST
    assert "evil" not in answer.content.decode()


@pytest.mark.parametrize("path", [*OIDC_PATHS, *PORTAL_PATHS])
def test_a_defect_of_ours_says_nothing_of_itself(path: str) -> None:
    client = Client(raise_request_exception=False)
    broken = RuntimeError("the inside of the portal")
    with (
        mock.patch("portal.limiting._count", side_effect=broken),
        mock.patch("accounts.sso.registrations.authenticate", side_effect=broken),
        mock.patch("accounts.sso.client_tokens._find", side_effect=broken),
    ):
        body = '{"grantType": "x", "clientId": "x", "clientSecret": "x"}'
        method = "POST" if path in POSTS else "GET"
        answer = client.generic(method, path, body, content_type="application/json")

    assert shape(path, answer) == (500, "InternalServerException")
    assert "inside" not in answer.content.decode()
    if path in OIDC_PATHS:
        assert json.loads(answer.content)["error"] == "server_error"


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (SignInAgain("x"), (401, "UnauthorizedException")),
        (AuditUnavailable("x"), (503, "InternalServerException")),
    ],
)
def test_an_error_of_the_domain_has_a_word_of_awss(
    program: Program, error: Exception, answer: tuple[int, str]
) -> None:
    token = program.login()["accessToken"]
    with mock.patch("accounts.access.issue_keys", side_effect=error):
        found = program.get("/federation/credentials", token, account_id="1", role_name="x")

    assert denial(found) == answer


def test_strangers_fill_no_audit_trail(client: Client) -> None:
    for path in (*OIDC_PATHS, *PORTAL_PATHS):
        client.post(path, b"{}", content_type="application/json")
        client.get(path)

    assert not AuditEvent.objects.exists()


def test_the_start_url_is_taken_by_the_aws_cli_and_leads_people_home(client: Client) -> None:
    head, get = client.head("/start"), client.get("/start")

    assert (head.status_code, head["Location"]) == (
        302,
        "https://identitycenter.amazonaws.com/ssoins-0000000000000000",
    )
    assert (get.status_code, get["Location"]) == (302, "/")
