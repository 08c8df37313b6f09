"""The demo's identity provider and programs: a public client, PKCE, loopback redirects, the device grant."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from joserfc import jws

from demo.identity import IdentityProvider, OAuthClient, User
from demo.identity.server import serve
from demo.identity.users import API, COMMAND_LINE, DEVICE_CODE
from tests.demo.relying_party import RelyingParty

pytestmark = pytest.mark.wire
REDIRECT = "http://127.0.0.1:51234/callback"


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    """A provider with the portal's client, and two of programs."""
    found = IdentityProvider(
        people=[User("alice", groups=("payments",))],
        clients=[
            OAuthClient("gatehouse", secret="s3cret"),
            OAuthClient(COMMAND_LINE, audience=API),
            OAuthClient("other-cli", audience=API),
        ],
        device_interval=1,
    )
    with serve(found):
        yield found


class PublicClient(RelyingParty):
    """A program: no secret, a redirect to a port of its own."""

    def ask(self, who: str | None = None, **changes: str | None) -> requests.Response:
        """Send the browser to the provider."""
        own = {"client_id": COMMAND_LINE, "redirect_uri": REDIRECT, "nonce": None}
        return super().ask(who, **own | changes)

    def code(self, who: str | None = "alice", **changes: str | None) -> str:
        """Return the code that a sign-in ends with."""
        location = self.ask(who, **changes).headers["Location"]
        assert location.startswith(REDIRECT)
        return location.partition("code=")[2].partition("&")[0]

    def exchange(self, **changes: str | None) -> requests.Response:
        """Ask the token endpoint."""
        own = {"client_id": COMMAND_LINE, "client_secret": None, "redirect_uri": REDIRECT}
        return super().exchange(**own | changes)

    def post(self, path: str, **form: str) -> requests.Response:
        """Ask another endpoint."""
        return self.back.post(f"{self.url}{path}", data=form, timeout=5)

    def wait(self, device_code: str, **changes: str | None) -> requests.Response:
        """Ask whether somebody has entered the code."""
        return self.exchange(
            grant_type=DEVICE_CODE,
            device_code=device_code,
            redirect_uri=None,
            code_verifier=None,
            **changes,
        )


@pytest.fixture
def program(provider: IdentityProvider) -> Iterator[PublicClient]:
    """An honest program."""
    provider.sessions.clear()
    found = PublicClient(provider)
    with found:
        yield found


def test_program_without_pkce_is_refused(program: PublicClient) -> None:
    for refused in (
        program.ask("alice", code_challenge=None),
        program.ask("alice", code_challenge_method="plain"),
    ):
        assert "error=invalid_request" in refused.headers["Location"]


def test_program_gets_its_answer_on_this_machine_only(program: PublicClient) -> None:
    for uri in (
        "http://127.0.0.1:51234/elsewhere",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:51234@evil.example/callback",
        "http://localhost.evil.example:51234/callback",
        "https://evil.example/callback",
        "http://localhost:8000/oidc/callback/",
    ):
        refused = program.ask("alice", redirect_uri=uri)

        assert refused.status_code == 400, uri
        assert "Location" not in refused.headers


def test_program_that_shows_a_secret_is_refused(program: PublicClient) -> None:
    for secret in ("s3cret", "x"):
        refused = program.exchange(code=program.code(), client_secret=secret)

        assert refused.status_code in (400, 401), secret
        assert "access_token" not in refused.json()


def test_portals_client_cannot_do_without_its_secret(program: PublicClient) -> None:
    code = program.code()

    refused = program.exchange(code=code, client_id="gatehouse")

    assert refused.status_code in (400, 401)
    assert "access_token" not in refused.json()


def test_program_with_another_verifier_is_refused(program: PublicClient) -> None:
    for verifier in (None, "x" * 50):
        assert program.exchange(code=program.code(), code_verifier=verifier).status_code == 400


def test_programs_token_is_a_jwt_for_the_api_about_the_person(
    program: PublicClient, provider: IdentityProvider
) -> None:
    tokens = program.exchange(code=program.code()).json()

    token = tokens["access_token"]
    assert jws.extract_compact(token.encode()).headers()["typ"] == "at+jwt"
    claims = program.claims(token)
    assert (claims["iss"], claims["aud"], claims["client_id"]) == (
        provider.issuer,
        API,
        COMMAND_LINE,
    )
    assert (claims["sub"], claims["groups"]) == ("sub-alice", ["payments"])
    assert claims["exp"] - claims["iat"] == tokens["expires_in"] == 300


def test_answer_names_the_issuer(program: PublicClient) -> None:
    location = program.ask("alice").headers["Location"]

    assert "iss=http%3A%2F%2Flocalhost" in location


def test_refresh_token_of_another_program_is_refused(program: PublicClient) -> None:
    tokens = program.exchange(code=program.code()).json()

    refused = program.exchange(
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
        client_id="other-cli",
        code_verifier=None,
        redirect_uri=None,
    )

    assert refused.status_code == 400


def test_revoked_refresh_token_is_refused(program: PublicClient) -> None:
    token = program.exchange(code=program.code()).json()["refresh_token"]

    refused = program.post("/revoke", token=token, client_id="other-cli")
    assert refused.status_code == 400
    assert program.post("/revoke", token=token, client_id=COMMAND_LINE).status_code == 200

    assert program.refresh(token).json()["error"] == "invalid_grant"


# --- By code ---


def begun(program: PublicClient) -> dict[str, Any]:
    found: dict[str, Any] = program.post(
        "/device_authorization", client_id=COMMAND_LINE, scope="openid"
    ).json()
    return found


def test_codes_are_for_programs_only(program: PublicClient) -> None:
    refused = program.post("/device_authorization", client_id="gatehouse", scope="openid")

    assert refused.status_code in (400, 401)


def test_code_that_is_not_known_signs_nothing_in(
    program: PublicClient, provider: IdentityProvider
) -> None:
    for code in ("", "BBBB-BBBB"):
        form = {"user_code": code, "username": "alice"}
        page = program.browser.post(f"{program.url}/device", data=form, timeout=5)

        assert page.status_code == 400, code
        assert "not known" in page.text
        assert not provider.sessions


def test_program_waits_and_waits_longer_when_it_asks_too_often(program: PublicClient) -> None:
    codes = begun(program)

    assert program.wait(codes["device_code"]).json()["error"] == "authorization_pending"
    assert program.wait(codes["device_code"]).json()["error"] == "slow_down"


def test_code_of_another_program_is_refused(program: PublicClient) -> None:
    codes = begun(program)

    assert program.wait(codes["device_code"], client_id="other-cli").status_code == 400


def test_code_that_has_expired_is_refused(
    program: PublicClient, provider: IdentityProvider
) -> None:
    codes = begun(program)
    provider.device_codes[codes["device_code"]].expires_at = time.time() - 1

    assert program.wait(codes["device_code"]).json()["error"] == "expired_token"
    assert provider.pending_device_code(codes["user_code"]) is None


def test_somebody_who_refuses_signs_nothing_in(program: PublicClient) -> None:
    codes = begun(program)

    form = {"user_code": codes["user_code"], "cancel": "yes"}
    page = program.browser.post(codes["verification_uri"], data=form, timeout=5)

    assert "Refused" in page.text
    assert program.wait(codes["device_code"]).json()["error"] == "access_denied"


def test_code_signs_in_once_however_it_is_typed(program: PublicClient) -> None:
    codes = begun(program)
    page = program.browser.get(codes["verification_uri_complete"], timeout=5)
    assert codes["user_code"] in page.text

    typed = codes["user_code"].lower().replace("-", " ")
    form = {"user_code": typed, "username": "alice"}
    program.browser.post(codes["verification_uri"], data=form, timeout=5)
    tokens = program.wait(codes["device_code"]).json()

    assert program.claims(tokens["access_token"])["sub"] == "sub-alice"
    assert tokens["refresh_token"]
    assert program.wait(codes["device_code"]).status_code == 400
