"""The shipped realm, as its Keycloak reads it: what its tokens carry, and what it refuses."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.browsers import PageFactory
from tests.keycloak.server import Keycloak

pytestmark = [pytest.mark.keycloak, pytest.mark.browser]


def tokens(
    keycloak: Keycloak,
    page_factory: PageFactory,
    *,
    client: dict[str, str],
    redirect: str,
    who: str,
) -> dict[str, Any]:
    """Sign somebody in at Keycloak in a browser; return what its token endpoint answers."""
    verifier = secrets.token_urlsafe(48)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    asked = {
        "client_id": client["client_id"],
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": "openid email profile",
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    page = page_factory()
    page.goto(f"{keycloak.discovery['authorization_endpoint']}?{urlencode(asked)}")
    page.fill("#username", who)
    page.fill("#password", who)
    # Nobody has to answer there: the address alone carries the code.
    with page.expect_request(f"{redirect}?*") as back:
        page.click("#kc-login")
    (code,) = parse_qs(urlsplit(back.value.url).query)["code"]
    answer = requests.post(
        keycloak.discovery["token_endpoint"],
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
            **client,
        },
        timeout=10,
    )
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def claims(keycloak: Keycloak, token: str) -> dict[str, Any]:
    """Verify a token by the published keys; return its claims."""
    published = requests.get(keycloak.discovery["jwks_uri"], timeout=10).json()
    keys = [key for key in published["keys"] if key["use"] == "sig"]
    return jwt.decode(token, KeySet.import_key_set({"keys": keys}), algorithms=["RS256"]).claims


def test_id_token_carries_role_arns_and_groups_with_their_path(
    keycloak: Keycloak, page_factory: PageFactory, portal_url: str
) -> None:
    portal = {"client_id": "gatehouse", "client_secret": "demo-only-client-secret"}

    answer = tokens(
        keycloak,
        page_factory,
        client=portal,
        redirect=f"{portal_url}/oidc/callback/",
        who="demo",
    )

    found = claims(keycloak, answer["id_token"])
    assert set(found["roles"]) == {
        "arn:aws:iam::210987654321:role/gatehouse/Developer",
        "arn:aws:iam::345678901234:role/ReadOnly",
    }
    assert set(found["groups"]) == {"/teams/payments", "/portal-admins"}
    assert found["aud"] == "gatehouse"
    # From the realm's file: a new container imports it anew, and the portal knows people by it.
    assert found["sub"] == "6a7e0000-0000-4000-8000-000000000000"
    assert answer["refresh_token"]


def test_access_token_of_the_command_line_is_for_the_api_alone(
    keycloak: Keycloak, page_factory: PageFactory
) -> None:
    answer = tokens(
        keycloak,
        page_factory,
        client={"client_id": "token-cli"},
        redirect="http://127.0.0.1:51234/callback",
        who="alice",
    )

    found = claims(keycloak, answer["access_token"])
    assert found["aud"] == "gatehouse-api"
    assert found["roles"] == ["arn:aws:iam::456789012345:role/gatehouse/Developer"]
    assert set(found["groups"]) == {"/teams/payments", "/teams/platform"}


@pytest.mark.parametrize(
    ("client_id", "redirect"),
    [("gatehouse", "{portal}/oidc/callback/"), ("token-cli", "http://127.0.0.1:51234/callback")],
)
def test_sign_in_without_pkce_is_refused(
    keycloak: Keycloak, portal_url: str, client_id: str, redirect: str
) -> None:
    asked = {
        "client_id": client_id,
        "redirect_uri": redirect.format(portal=portal_url),
        "response_type": "code",
        "scope": "openid",
    }

    answer = requests.get(
        keycloak.discovery["authorization_endpoint"],
        params=asked,
        allow_redirects=False,
        timeout=10,
    )

    assert "error=invalid_request" in answer.headers["Location"]


@pytest.mark.parametrize(
    "redirect",
    ["https://evil.example/oidc/callback/", "{portal}/elsewhere", "{portal}/oidc/callback/../"],
)
def test_sign_in_never_returns_elsewhere(
    keycloak: Keycloak, portal_url: str, redirect: str
) -> None:
    asked = {
        "client_id": "gatehouse",
        "redirect_uri": redirect.format(portal=portal_url),
        "response_type": "code",
        "scope": "openid",
    }

    answer = requests.get(
        keycloak.discovery["authorization_endpoint"],
        params=asked,
        allow_redirects=False,
        timeout=10,
    )

    assert answer.status_code == 400
    assert "Location" not in answer.headers
