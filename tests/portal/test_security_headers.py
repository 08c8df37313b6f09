"""The headers of every page: one strict policy, nothing kept by a browser, nothing told to other sites."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Account, Mapping
from tests import cast
from tests.emulators import ConsoleEndpoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

ROLE = "account_id=210987654321&role_name=Developer"
POLICY = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "img-src": {"'self'"},
    "font-src": {"'self'"},
    "connect-src": {"'self'"},
    "form-action": {"'self'"},
    "base-uri": {"'none'"},
    "frame-ancestors": {"'none'"},
}
AWS = (
    "https://*.aws.amazon.com",
    "https://*.amazonaws-us-gov.com",
    "https://*.amazonaws.cn",
    "https://*.amazonaws-eusc.eu",
)
TO_AWS = POLICY | {"form-action": {"'self'", *AWS}}

NOBODYS = ["/", "/start", "/nowhere", f"/keys?{ROLE}", "/console", "/activity", "/admin/"]
NOBODYS += ["/oidc/callback/", "/oidc/callback/?state=x&error=y", "/oidc/logout/"]
ALICES = [f"/keys?{ROLE}", "/activity", "/nowhere", "/admin/", "/oidc/callback/"]
DENIED = ["/keys?account_id=123456789012&role_name=Operator", "/console?account_id=999999999999"]
TO_THE_CONSOLE = ["/", "/?q=x", f"/console?{ROLE}", "/console?account_id=210987654321"]
MODELS = ["account", "environment", "permissionset", "accountrole", "mapping"]
MODELS += ["person", "signin", "auditevent"]
CAROLS = ["/admin/", *(f"/admin/accounts/{model}/" for model in MODELS)]
CAROLS += [f"/admin/accounts/{model}/add/" for model in MODELS[:5]]
CAROLS += ["/admin/autocomplete/", "/admin/nowhere/", "/admin/auth/group/", "/admin/jsi18n/"]


@pytest.fixture
def aws(
    sts_endpoint: str, console_endpoint: ConsoleEndpoint, settings: Settings
) -> ConsoleEndpoint:
    """The embedded AWS."""
    del sts_endpoint
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url
    return console_endpoint


def policy(response: Any) -> dict[str, set[str]]:
    """Read the Content-Security-Policy of an answer."""
    parts = [part.split() for part in response["Content-Security-Policy"].split(";")]
    return {name: set(sources) for name, *sources in parts}


def check(response: Any, expected: dict[str, set[str]] = POLICY) -> None:
    """Hold an answer to what every answer must have."""
    assert policy(response) == expected
    assert "Content-Security-Policy-Report-Only" not in response
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"
    assert len(response["X-Request-Id"]) == 32
    assert "Server" not in response
    assert "X-Powered-By" not in response


def is_kept_nowhere(response: Any) -> bool:
    """Whether neither a browser nor a proxy may keep an answer."""
    return "no-store" in response.get("Cache-Control", "")


def test_what_is_shown_signed_out_has_every_header(
    client: Client, subtests: pytest.Subtests
) -> None:
    for path in NOBODYS:
        with subtests.test(path=path):
            check(client.get(path), TO_AWS if path == "/" else POLICY)


def test_what_alice_sees_has_every_header_and_is_kept_nowhere(subtests: pytest.Subtests) -> None:
    alice = cast.signed_in("alice")

    for path in (*ALICES, *DENIED):
        with subtests.test(path=path):
            response = alice.get(path)

            check(response)
            assert is_kept_nowhere(response)


def test_forms_that_open_the_console_may_lead_to_aws_and_nowhere_else(
    subtests: pytest.Subtests,
) -> None:
    alice = cast.signed_in("alice")

    for path in TO_THE_CONSOLE:
        with subtests.test(path=path):
            response = alice.get(path)

            check(response, TO_AWS)
            assert is_kept_nowhere(response)


def test_the_admin_has_every_header_and_is_kept_nowhere(subtests: pytest.Subtests) -> None:
    carol = cast.signed_in("carol")

    for path in CAROLS:
        with subtests.test(path=path):
            response = carol.get(path)

            check(response)
            # The texts of the admin's scripts are the same for everybody.
            assert is_kept_nowhere(response) or path == "/admin/jsi18n/"


def test_the_admins_pages_of_one_object_have_every_header_and_are_kept_nowhere() -> None:
    carol = cast.signed_in("carol")
    account, mapping = Account.objects.earliest("pk"), Mapping.objects.earliest("pk")
    paths = [f"account/{account.pk}/{page}/" for page in ("change", "history", "delete")]
    paths += [f"mapping/{mapping.pk}/{page}/" for page in ("change", "preview")]

    for path in paths:
        response = carol.get(f"/admin/accounts/{path}")

        assert response.status_code == 200
        check(response)
        assert is_kept_nowhere(response)


def test_keys_have_every_header_and_are_kept_nowhere(aws: ConsoleEndpoint) -> None:
    response = cast.signed_in("alice").post(f"/keys?{ROLE}", {"role": "210987654321/Developer"})

    assert b"AWS_SECRET_ACCESS_KEY" in response.content
    check(response)
    assert is_kept_nowhere(response)


def test_the_way_to_the_console_has_every_header_and_is_kept_nowhere(aws: ConsoleEndpoint) -> None:
    response = cast.signed_in("alice").post("/console", {"role": "210987654321/Developer"})

    assert "SigninToken=" in response["Location"]
    check(response, TO_AWS | {"form-action": {"'self'", *AWS, aws.url}})
    assert is_kept_nowhere(response)


def test_being_sent_to_the_sign_in_is_kept_nowhere(client: Client) -> None:
    for path in (f"/keys?{ROLE}", "/console", "/activity", "/admin/"):
        response = client.get(path)

        assert response["Location"].startswith("/oidc/authenticate/"), path
        assert is_kept_nowhere(response), path


def test_refusals_are_kept_nowhere(client: Client) -> None:
    expected = {"/oidc/callback/": 400, "/oidc/callback/?state=x": 400, "/nowhere": 404}

    for path, status in expected.items():
        response = client.get(path)

        assert response.status_code == status, path
        assert is_kept_nowhere(response), path


def test_a_form_of_another_site_is_answered_with_every_header() -> None:
    response = cast.signed_in("alice").post("/keys", headers={"Sec-Fetch-Site": "cross-site"})

    assert response.status_code == 403
    check(response)
    assert is_kept_nowhere(response)


def test_no_other_origin_may_read_an_answer(subtests: pytest.Subtests) -> None:
    alice = cast.signed_in("alice")
    origins = ("https://evil.example", "null", "http://localhost:8000")

    for origin, path in product(origins, ("/", "/keys", "/activity", "/healthz")):
        with subtests.test(origin=origin, path=path):
            response = alice.get(path, headers={"Origin": origin})
            assert not [name for name in response.headers if name.startswith("Access-Control-")]


OF_PROGRAMS = ["/api/credentials", "/api/login?role=x", "/api/v1/me", "/api/v1/nowhere"]
OF_PROGRAMS += ["/assignment/accounts", "/logout", "/token"]


def test_what_programs_are_answered_may_load_and_do_nothing(
    client: Client, subtests: pytest.Subtests
) -> None:
    nothing = {"default-src": {"'none'"}, "frame-ancestors": {"'none'"}}

    for path in OF_PROGRAMS:
        with subtests.test(path=path):
            check(client.get(path), nothing)


def test_the_apis_documentation_is_a_page_like_others(client: Client) -> None:
    response = client.get("/api/docs")

    assert response.status_code == 200
    check(response)
