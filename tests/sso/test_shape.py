"""Whatever is sent to AWS's addresses is answered in AWS's shape: never a page, a cookie, a redirect or a 500."""

from __future__ import annotations

import json
from itertools import product
from typing import Any
from unittest import mock

import pytest
from django.test import Client

from accounts.errors import AuditUnavailable, SignInAgain
from accounts.models import AuditEvent
from portal import limiting
from portal.sso.responses import OIDC_PATHS, PORTAL_PATHS
from tests import cast
from tests.sso.conftest import INVALID_REQUEST, Program, denial, refusal

pytestmark = pytest.mark.django_db

POSTS = (*OIDC_PATHS, "/logout")
ALL_PATHS = (*OIDC_PATHS, *PORTAL_PATHS)
GETS = tuple(path for path in PORTAL_PATHS if path != "/logout")


def shape(path: str, answer: Any) -> tuple[int, str]:
    return refusal(answer) if path in OIDC_PATHS else denial(answer)


def test_a_body_that_cannot_be_read_is_refused(client: Client) -> None:
    bodies = (
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
    )
    kinds = ("application/json", "text/plain", "multipart/form-data")

    for path, kind, body in product(OIDC_PATHS, kinds, bodies):
        limiting.reset()
        answer = client.post(path, body, content_type=kind)
        assert (path, kind, body[:20], *refusal(answer)) == (
            path,
            kind,
            body[:20],
            *INVALID_REQUEST,
        )
        assert "invalid_request" in json.loads(answer.content).values()


class BrokenOff:
    """What is left of a request whose client went away."""

    def read(self, size: int = -1) -> bytes:
        raise ConnectionResetError

    readline = read


def test_a_body_that_breaks_off_is_refused(client: Client) -> None:
    for path in OIDC_PATHS:
        broken: Any = {"wsgi.input": BrokenOff(), "CONTENT_LENGTH": "500"}
        answer = client.post(path, b"{}", content_type="application/json", **broken)
        assert refusal(answer) == INVALID_REQUEST


@pytest.mark.parametrize("length", ["x", "-1", "9" * 30])
def test_a_length_that_is_none_is_refused(client: Client, length: str) -> None:
    answer = client.post("/token", b"{}", content_type="application/json", CONTENT_LENGTH=length)

    assert refusal(answer) == INVALID_REQUEST


def test_another_method_is_refused(client: Client) -> None:
    others = [(path, method) for path in POSTS for method in ("get", "head", "put", "options")]
    others += [(path, method) for path in GETS for method in ("post", "head", "delete", "options")]

    for path, method in others:
        answer = getattr(client, method)(path)
        assert (path, method, answer.status_code) == (path, method, 405)
        assert answer["x-amzn-ErrorType"] == "InvalidRequestException"
        assert answer["Allow"] == ("POST" if path in POSTS else "GET")
        assert "Access-Control-Allow-Origin" not in answer


def test_no_cookie_is_looked_at(django_assert_num_queries: Any) -> None:
    browser = cast.signed_in("alice")

    for path in ALL_PATHS:
        method = browser.post if path in POSTS else browser.get
        with django_assert_num_queries(0):
            answer = method(path)
        assert (path, answer.status_code in (400, 401)) == (path, True)
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")


def test_another_site_is_told_nothing_it_may_read(client: Client) -> None:
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}

    for path in ALL_PATHS:
        answer = (client.post if path in POSTS else client.get)(path, headers=foreign)
        assert (path, answer.status_code in (400, 401)) == (path, True)
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_host_that_is_not_ours_is_refused(client: Client) -> None:
    for path in ALL_PATHS:
        method = client.post if path in POSTS else client.get
        answer = method(path, headers={"Host": "evil.example"})
        assert (path, *shape(path, answer)) == (path, *INVALID_REQUEST)
        assert "evil" not in answer.content.decode()


@pytest.mark.parametrize("path", ALL_PATHS)
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
    for path in ALL_PATHS:
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
