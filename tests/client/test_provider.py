"""The identity provider: its document is checked, its answers are doubted, its refusals told without secrets."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from gatehouse_client import provider
from gatehouse_client.errors import Failed
from gatehouse_client.portal import Facts
from gatehouse_client.provider import LIFETIME, Proof, Provider, Refused
from tests.emulators import Reply, ScriptedServer, Seen

pytestmark = pytest.mark.wire
BEARER = "an-access-token"
LONGEST = 365 * 24 * 3600


class Scripted:
    """A provider that says what a test wants."""

    def __init__(self) -> None:
        self.changes: dict[str, Any] = {}
        self.token: Reply = Reply(body=json.dumps(tokens()))
        self.server = ScriptedServer(self.answer)

    @property
    def facts(self) -> Facts:
        return Facts(self.server.url, "gatehouse-cli", ("openid", "groups"))

    def answer(self, seen: Seen) -> Reply:
        if seen.path.endswith("/openid-configuration"):
            url = self.server.url
            document = {"issuer": url, "token_endpoint": f"{url}/token"}
            return Reply(body=json.dumps(document | self.changes))
        return self.token


def tokens(**changes: Any) -> dict[str, Any]:
    return {"access_token": BEARER, "token_type": "Bearer", "expires_in": 60} | changes


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    found = Scripted()
    with found.server:
        yield found


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "http://id.example.com/token"},
        {"token_endpoint": 7},
    ],
    ids=str,
)
def test_document_that_is_not_the_providers_own_is_refused(
    scripted: Scripted, changes: dict[str, Any]
) -> None:
    scripted.changes = changes

    with pytest.raises(Failed):
        provider.discover(scripted.facts)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        tokens(token_type="DPoP"),
        tokens(token_type=None),
        tokens(access_token=""),
        tokens(access_token=None),
        tokens(access_token={"a": 1}),
        tokens(access_token="\x1b[2J"),
    ],
    ids=str,
)
def test_answer_without_a_bearer_token_is_refused(
    scripted: Scripted, answer: dict[str, Any]
) -> None:
    scripted.token = Reply(body=json.dumps(answer))

    with pytest.raises(Failed, match="no access token"):
        provider.discover(scripted.facts).grant(grant_type="refresh_token", refresh_token="x")


def test_refusal_tells_what_the_provider_says_and_no_secret(scripted: Scripted) -> None:
    said = {"error": "invalid_grant", "error_description": "Token is not active\x1b[2J\r\n"}
    scripted.token = Reply(400, json.dumps(said))

    with pytest.raises(Refused, match="Token is not active") as caught:
        provider.discover(scripted.facts).grant(grant_type="refresh_token", refresh_token="s3cret")

    assert caught.value.code == "invalid_grant"
    assert str(caught.value).isprintable()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 500, 503])
def test_refusal_in_no_shape_is_told_by_its_status(scripted: Scripted, status: int) -> None:
    scripted.token = Reply(status, "{}")

    with pytest.raises(Refused, match=str(status)):
        provider.discover(scripted.facts).grant(grant_type="refresh_token", refresh_token="x")


@pytest.mark.parametrize(
    ("said", "lifetime"),
    [
        (60, 60),
        (60.9, 60),
        (None, LIFETIME),
        ("60", LIFETIME),
        (0, LIFETIME),
        (-5, LIFETIME),
        (float("nan"), LIFETIME),
        (float("inf"), LONGEST),
        (10**400, LONGEST),
    ],
    ids=lambda value: str(value)[:12],
)
def test_lifetime_is_what_the_provider_says_or_short(
    scripted: Scripted, said: Any, lifetime: int
) -> None:
    scripted.token = Reply(body=json.dumps(tokens(expires_in=said)))

    granted = provider.discover(scripted.facts).grant(grant_type="refresh_token", refresh_token="x")

    assert granted.lifetime == lifetime


@pytest.mark.parametrize(
    ("claims", "lifetime"),
    [
        ({"iat": 1000, "exp": 1600}, 600),
        ({"exp": 1600}, LIFETIME),
        ({"iat": 1000, "exp": 900}, LIFETIME),
        ({"iat": "x", "exp": 1}, LIFETIME),
        ({"iat": 0, "exp": 10**400}, LIFETIME),
        ({"iat": 0, "exp": float("inf")}, LONGEST),
        ([], LIFETIME),
    ],
    ids=lambda value: str(value)[:30],
)
def test_id_token_counts_for_its_own_time(scripted: Scripted, claims: Any, lifetime: int) -> None:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    scripted.token = Reply(body=json.dumps(tokens(id_token=f"head.{payload}.sign")))
    facts = Facts(scripted.server.url, "gatehouse-cli", ("openid",), token="id")

    granted = provider.discover(facts).grant(grant_type="refresh_token", refresh_token="x")

    assert granted.bearer == f"head.{payload}.sign"
    assert granted.lifetime == lifetime


@pytest.mark.parametrize("token", ["", "head", "head.%%%.sign", "head.e30.sign"])
def test_id_token_that_is_none_counts_shortly_or_not_at_all(scripted: Scripted, token: str) -> None:
    scripted.token = Reply(body=json.dumps(tokens(id_token=token)))
    facts = Facts(scripted.server.url, "gatehouse-cli", ("openid",), token="id")
    found = provider.discover(facts)

    if not token:
        with pytest.raises(Failed, match="no id token"):
            found.grant(grant_type="refresh_token", refresh_token="x")
    else:
        assert found.grant(grant_type="refresh_token", refresh_token="x").lifetime == LIFETIME


def test_provider_without_revocation_takes_nothing_back(scripted: Scripted) -> None:
    assert provider.discover(scripted.facts).revoke("a-token") is False
    assert [seen.path for seen in scripted.server.seen] == ["/.well-known/openid-configuration"]


def test_audience_and_resource_are_sent_where_the_portal_says_so(scripted: Scripted) -> None:
    facts = Facts(
        scripted.server.url, "cli", ("openid",), audience="https://api", resource="https://res"
    )
    found = provider.discover(facts)

    found.grant(grant_type="authorization_code", code="c")

    assert found.asked()["audience"] == "https://api"
    assert found.asked()["resource"] == "https://res"
    assert scripted.server.seen[-1].form["resource"] == "https://res"
    assert "resource" not in Provider(scripted.facts, {}).asked()


def test_proof_is_s256_and_new_each_time() -> None:
    one, other = Proof(), Proof()

    digest = hashlib.sha256(one.verifier.encode()).digest()
    assert one.parameters == {
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    assert one.verifier != other.verifier
    assert 43 <= len(one.verifier) <= 128


def test_secrets_are_in_no_repr(scripted: Scripted) -> None:
    proof = Proof()
    granted = provider.discover(scripted.facts).grant(grant_type="x")

    assert proof.verifier not in repr(proof)
    assert BEARER not in repr(granted)
