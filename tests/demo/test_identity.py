"""The demo's identity provider keeps the protocol's rules, over a real socket."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import pytest
import requests

from demo.identity import IdentityProvider
from tests.demo.relying_party import VERIFIER, RelyingParty, answer

pytestmark = pytest.mark.wire


def test_authorize_refuses_a_request_without_a_challenge(rp: RelyingParty) -> None:
    assert answer(rp.ask("alice", code_challenge=None))["error"] == "invalid_request"


def test_authorize_refuses_any_challenge_method_but_s256(rp: RelyingParty) -> None:
    for method in (None, "plain", "s256"):
        refused = answer(rp.ask("alice", code_challenge_method=method))

        assert refused["error"] == "invalid_request", method
        assert "code" not in refused


def test_token_refuses_an_absent_or_wrong_verifier(rp: RelyingParty) -> None:
    for verifier in (None, "", VERIFIER + "x", "short"):
        refused = rp.exchange(code=rp.code(), code_verifier=verifier)

        assert refused.status_code == 400, verifier
        assert "id_token" not in refused.json()


def test_token_refuses_a_code_after_a_wrong_verifier(rp: RelyingParty) -> None:
    code = rp.code()
    rp.exchange(code=code, code_verifier=VERIFIER + "x")

    assert rp.exchange(code=code).json()["error"] == "invalid_grant"


def test_token_refuses_a_code_the_second_time(rp: RelyingParty) -> None:
    code = rp.code()

    assert rp.exchange(code=code).status_code == 200
    assert rp.exchange(code=code).json()["error"] == "invalid_grant"


def test_token_refuses_an_absent_or_wrong_secret(rp: RelyingParty) -> None:
    for secret in (None, "", "wrong"):
        refused = rp.exchange(code=rp.code(), client_secret=secret)

        assert refused.status_code in (400, 401), secret
        assert "id_token" not in refused.json()


def test_token_refuses_another_redirect_uri_than_was_asked_with(
    rp: RelyingParty,
) -> None:
    refused = rp.exchange(code=rp.code(), redirect_uri="http://localhost:8000/")

    assert refused.json()["error"] == "invalid_grant"


def test_authorize_never_redirects_to_an_unregistered_address(rp: RelyingParty) -> None:
    for uri in ("http://evil.example/", "http://localhost:8000/oidc/callback/x"):
        refused = rp.ask("alice", redirect_uri=uri)

        assert refused.status_code == 400, uri
        assert "Location" not in refused.headers


def test_authorize_asks_who_it_is(rp: RelyingParty) -> None:
    page = rp.ask()

    assert page.status_code == 200
    assert 'value="alice"' in page.text
    assert "Groups: payments" in page.text


def test_authorize_refuses_somebody_unknown_or_disabled(
    rp: RelyingParty, provider: IdentityProvider
) -> None:
    provider.change("alice", disabled=True)

    assert rp.ask("alice").status_code == 200
    assert rp.ask("nobody").status_code == 200
    assert not provider.sessions


def test_sign_in_brings_verified_claims(rp: RelyingParty, provider: IdentityProvider) -> None:
    tokens = rp.exchange(code=rp.code(nonce="n-1")).json()

    claims = rp.claims(tokens["id_token"])
    assert claims["iss"] == provider.issuer
    assert claims["aud"] == "gatehouse"
    assert claims["nonce"] == "n-1"
    assert claims["sub"] == "sub-alice"
    assert claims["groups"] == ["payments"]
    assert abs(claims["auth_time"] - time.time()) < 5
    assert {"sid", "acr", "amr", "email", "name", "preferred_username"} <= set(claims)


def test_userinfo_refuses_an_unknown_token(rp: RelyingParty) -> None:
    refused = rp.get("/userinfo", headers={"Authorization": "Bearer made-up"})

    assert refused.status_code == 401


def test_userinfo_names_the_person_of_the_token(rp: RelyingParty) -> None:
    tokens = rp.exchange(code=rp.code()).json()

    info = rp.get("/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}).json()
    assert info["sub"] == "sub-alice"
    assert info["groups"] == ["payments"]


def test_prompt_none_is_refused_without_a_session(rp: RelyingParty) -> None:
    refused = answer(rp.ask(prompt="none"))

    assert refused["error"] == "login_required"
    assert refused["state"] == "the-state"


def test_prompt_none_is_silent_within_a_session(rp: RelyingParty) -> None:
    rp.code()

    assert answer(rp.ask(prompt="none"))["code"]


def test_prompt_login_asks_again_within_a_session(rp: RelyingParty) -> None:
    rp.code()

    assert rp.ask(prompt="login").status_code == 200


def test_a_person_can_refuse(rp: RelyingParty) -> None:
    page = rp.ask()

    refused = rp.browser.post(
        str(page.request.url), data={"cancel": "yes"}, allow_redirects=False, timeout=5
    )
    assert answer(refused)["error"] == "access_denied"


def test_refresh_is_refused_for_a_made_up_token(rp: RelyingParty) -> None:
    assert rp.refresh("made-up").json()["error"] == "invalid_grant"


@pytest.mark.parametrize("how", ["disabled", "signed out"])
def test_refresh_is_refused_when_the_person_is_gone(
    rp: RelyingParty, provider: IdentityProvider, how: str
) -> None:
    tokens = rp.exchange(code=rp.code()).json()
    if how == "disabled":
        provider.change("alice", disabled=True)
    else:
        provider.end_sessions("alice")

    assert rp.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_refresh_brings_the_groups_of_now_and_uses_up_the_old_token(
    rp: RelyingParty, provider: IdentityProvider
) -> None:
    tokens = rp.exchange(code=rp.code()).json()
    provider.change("alice", groups=("storefront",))

    fresh = rp.refresh(tokens["refresh_token"]).json()

    assert rp.claims(fresh["id_token"])["groups"] == ["storefront"]
    assert fresh["refresh_token"] != tokens["refresh_token"]
    assert rp.refresh(tokens["refresh_token"]).status_code == 400


def logout(rp: RelyingParty, **parameters: str) -> requests.Response:
    return rp.browser.get(
        f"{rp.url}/logout?{urlencode(parameters)}", allow_redirects=False, timeout=5
    )


def test_logout_refuses_a_made_up_hint(rp: RelyingParty) -> None:
    assert logout(rp, id_token_hint="a.b.c").status_code == 400


def test_logout_asks_first_without_a_hint(rp: RelyingParty, provider: IdentityProvider) -> None:
    rp.code()

    page = logout(rp, post_logout_redirect_uri="http://localhost:8000/")

    assert "Sign out of" in page.text
    assert provider.sessions


def test_logout_does_not_redirect_to_an_unregistered_address(rp: RelyingParty) -> None:
    id_token = rp.exchange(code=rp.code()).json()["id_token"]

    page = logout(rp, id_token_hint=id_token, post_logout_redirect_uri="http://evil.example/")
    assert "Location" not in page.headers


def test_logout_ends_the_session_and_returns_to_the_portal(
    rp: RelyingParty, provider: IdentityProvider
) -> None:
    id_token = rp.exchange(code=rp.code()).json()["id_token"]

    back = logout(
        rp,
        id_token_hint=id_token,
        post_logout_redirect_uri="http://localhost:8000/",
        state="x",
    )

    assert back.headers["Location"] == "http://localhost:8000/?state=x"
    assert not provider.sessions
    assert answer(rp.ask(prompt="none"))["error"] == "login_required"
