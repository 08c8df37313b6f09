"""The identity provider: its document is checked, its tokens are checked, its errors are shown without secrets."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gatehouse_client import provider
from gatehouse_client.errors import CommandFailed
from gatehouse_client.portal import SignInSettings
from gatehouse_client.provider import (
    DEFAULT_LIFETIME,
    MAX_LIFETIME,
    OAuthError,
    Pkce,
    TokenResponse,
)
from tests.emulators import Reply, ScriptedServer, Seen

pytestmark = pytest.mark.wire
BEARER = "an-access-token"


def tokens(**changes: Any) -> dict[str, Any]:
    return {"access_token": BEARER, "token_type": "Bearer", "expires_in": 60} | changes


class ScriptedProvider:
    """A provider that answers as a test says."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        self.token: Reply = Reply(body=json.dumps(tokens()))
        self.server = ScriptedServer(self.answer)

    @property
    def settings(self) -> SignInSettings:
        return SignInSettings(self.server.url, "gatehouse-cli", ("openid", "groups"))

    def answer(self, seen: Seen) -> Reply:
        if seen.path.endswith("/openid-configuration"):
            url = self.server.url
            document = {"issuer": url, "token_endpoint": f"{url}/token"}
            return Reply(body=json.dumps(document | self.document))
        return self.token

    def refresh(
        self, answer: Any = None, *, status: int = 200, kind: str = "access"
    ) -> TokenResponse:
        """Send a refresh token, which is answered with this."""
        if answer is not None:
            self.token = Reply(status, json.dumps(answer))
        api = provider.discover(replace(self.settings, token=kind))
        return api.request_tokens(grant_type="refresh_token", refresh_token="s3cret")


@pytest.fixture
def scripted() -> Iterator[ScriptedProvider]:
    scripted = ScriptedProvider()
    with scripted.server:
        yield scripted


def test_document_of_another_issuer_or_without_a_safe_token_endpoint_is_refused(
    scripted: ScriptedProvider,
) -> None:
    for document in (
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "http://id.example.com/token"},
        {"token_endpoint": 7},
    ):
        scripted.document = document
        with pytest.raises(CommandFailed):
            provider.discover(scripted.settings)


def test_answer_without_a_bearer_token_is_refused(scripted: ScriptedProvider) -> None:
    for answer in (
        {},
        tokens(token_type="DPoP"),
        tokens(token_type=None),
        tokens(access_token=""),
        tokens(access_token=None),
        tokens(access_token={"a": 1}),
        tokens(access_token="\x1b[2J"),
    ):
        with pytest.raises(CommandFailed, match="no access token"):
            scripted.refresh(answer)


def test_error_of_the_provider_is_shown_without_secrets(scripted: ScriptedProvider) -> None:
    error = {"error": "invalid_grant", "error_description": "Token is not active\x1b[2J\r\n"}

    with pytest.raises(OAuthError, match="Token is not active") as caught:
        scripted.refresh(error, status=400)

    assert caught.value.code == "invalid_grant"
    assert str(caught.value).isprintable()
    assert "s3cret" not in str(caught.value)


def test_error_without_a_description_is_shown_by_its_status(scripted: ScriptedProvider) -> None:
    for status in (400, 401, 500, 503):
        with pytest.raises(OAuthError, match=str(status)):
            scripted.refresh({}, status=status)


def test_lifetime_is_what_the_provider_says_within_bounds(scripted: ScriptedProvider) -> None:
    for expires_in, lifetime in (
        (60, 60),
        (60.9, 60),
        (None, DEFAULT_LIFETIME),
        ("60", DEFAULT_LIFETIME),
        (0, DEFAULT_LIFETIME),
        (-5, DEFAULT_LIFETIME),
        (float("nan"), DEFAULT_LIFETIME),
        (float("inf"), MAX_LIFETIME),
        (10**400, MAX_LIFETIME),
    ):
        found = scripted.refresh(tokens(expires_in=expires_in)).lifetime
        assert found == lifetime, str(expires_in)[:12]


def test_lifetime_of_an_id_token_is_from_its_own_times(scripted: ScriptedProvider) -> None:
    for claims, lifetime in (
        ({"iat": 1000, "exp": 1600}, 600),
        ({"exp": 1600}, DEFAULT_LIFETIME),
        ({"iat": 1000, "exp": 900}, DEFAULT_LIFETIME),
        ({"iat": "x", "exp": 1}, DEFAULT_LIFETIME),
        ({"iat": 0, "exp": 10**400}, DEFAULT_LIFETIME),
        ({"iat": 0, "exp": float("inf")}, MAX_LIFETIME),
        ([], DEFAULT_LIFETIME),
    ):
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        token = f"head.{payload}.sign"

        found = scripted.refresh(tokens(id_token=token), kind="id")

        assert (found.bearer, found.lifetime) == (token, lifetime), str(claims)[:30]
    for token in ("head", "head.%%%.sign", "head.e30.sign"):
        assert scripted.refresh(tokens(id_token=token), kind="id").lifetime == DEFAULT_LIFETIME
    with pytest.raises(CommandFailed, match="no id token"):
        scripted.refresh(tokens(id_token=""), kind="id")


def test_provider_without_a_revocation_endpoint_is_sent_no_token(
    scripted: ScriptedProvider,
) -> None:
    assert provider.discover(scripted.settings).revoke("a-token") is False
    assert [seen.path for seen in scripted.server.seen] == ["/.well-known/openid-configuration"]


def test_audience_and_resource_are_sent_if_the_portal_says_so(scripted: ScriptedProvider) -> None:
    settings = replace(scripted.settings, audience="https://api", resource="https://res")
    api = provider.discover(settings)

    api.request_tokens(grant_type="authorization_code", code="c")

    assert api.sign_in_parameters()["audience"] == "https://api"
    assert api.sign_in_parameters()["resource"] == "https://res"
    assert scripted.server.seen[-1].form["resource"] == "https://res"
    assert "resource" not in provider.discover(scripted.settings).sign_in_parameters()


def test_pkce_is_s256_and_new_each_time() -> None:
    one, other = Pkce(), Pkce()

    digest = hashlib.sha256(one.verifier.encode()).digest()
    assert one.parameters == {
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    assert one.verifier != other.verifier
    assert 43 <= len(one.verifier) <= 128


def test_secrets_are_in_no_repr(scripted: ScriptedProvider) -> None:
    pkce = Pkce()

    assert pkce.verifier not in repr(pkce)
    assert BEARER not in repr(scripted.refresh())
