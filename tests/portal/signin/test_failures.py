"""Every way a sign-in can fail ends in a page, one audit row, no sign-in, and nobody signed out."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from itertools import product
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import time_machine
from django.db import DatabaseError
from django.test import Client as DjangoClient
from django.utils import timezone
from werkzeug.wrappers import Request, Response

from accounts.models import AuditEvent, Block, SignIn
from accounts.models.audit import Action
from accounts.oidc import discovery
from accounts.oidc.errors import ProviderUnavailable
from demo.identity import IdentityProvider, Misbehaviour
from portal import limiting
from portal.signin.backend import Backend
from tests import cast
from tests.identity import Visitor, query_of
from tests.publisher import Publisher

NOT_IN_ORDER = "does not answer as it should"
NO_PROOF = "could not be verified"

# What the provider does wrong once the person comes back, and the status, code and words that follow.
FAULTS: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "token endpoint 500": ({"status": {"token": 500}}, 503, "signin.provider.unavailable", NOT_IN_ORDER),
    "token endpoint 302": ({"status": {"token": 302}}, 503, "signin.provider.unavailable", NOT_IN_ORDER),
    "token endpoint 403": ({"status": {"token": 403}}, 503, "signin.provider.unavailable", NOT_IN_ORDER),
    "token endpoint slow": ({"slow": {"token": 1.5}}, 503, "signin.provider.unavailable", NOT_IN_ORDER),
    "token endpoint no JSON": (
        {"not_json": frozenset({"token"})}, 503, "signin.provider.unavailable", NOT_IN_ORDER,
    ),
    "token endpoint a list": ({"body": {"token": []}}, 503, "signin.provider.unavailable", NOT_IN_ORDER),
    "no ID token": (
        {"body": {"token": {"access_token": "a", "token_type": "Bearer"}}}, 400, "signin.token.missing", NO_PROOF,
    ),
    "ID token a number": ({"body": {"token": {"id_token": 7}}}, 400, "signin.token.missing", NO_PROOF),
    "ID token encrypted": (
        {"body": {"token": {"id_token": "eyJlbmMiOiJBMjU2R0NNIn0.AA.AA.AA.AA"}}},
        400, "signin.token.format", "signed and not encrypted",
    ),
    "token bound to a key": (
        {"body": {"token": {"access_token": "a", "token_type": "DPoP"}}}, 503, "signin.provider.misconfigured", "DPoP",
    ),
    "refusal with status 200": ({"body": {"token": {"error": "invalid_grant"}}}, 400, "signin.code", "took too long"),
    "ID token too long": ({"body": {"token": {"id_token": "x" * 70_000}}}, 400, "signin.token.size", "fewer groups"),
    "answer without end": (
        {"body": {"token": {"id_token": "x" * 600_000}}}, 400, "signin.too_large", "more about you",
    ),
    "userinfo 500": ({"status": {"userinfo": 500}}, 503, "signin.provider.unavailable", NOT_IN_ORDER),
    "userinfo 403": (
        {"status": {"userinfo": 403}}, 503, "signin.provider.misconfigured", "set OIDC_USERINFO to “never”",
    ),
    "userinfo slow": ({"slow": {"userinfo": 1.5}}, 503, "signin.provider.unavailable", NOT_IN_ORDER),
    "userinfo no JSON": (
        {"not_json": frozenset({"userinfo"})}, 503, "signin.provider.unavailable", NOT_IN_ORDER,
    ),
    "userinfo without end": (
        {"userinfo": {"groups": ["x" * 1000] * 300}}, 400, "signin.too_large", "more about you",
    ),
    "userinfo of somebody else": (
        {"userinfo": {"sub": "sub-carol"}}, 400, "signin.userinfo.sub", "two different people",
    ),
    "userinfo of nobody": ({"userinfo": {"sub": None}}, 400, "signin.userinfo.sub", "two different people"),
    "keys 500": ({"status": {"jwks": 500}}, 503, "signin.provider.unavailable", NOT_IN_ORDER),
    "keys slow": ({"slow": {"jwks": 1.5}}, 503, "signin.provider.unavailable", NOT_IN_ORDER),
    "keys no JSON": ({"not_json": frozenset({"jwks"})}, 503, "signin.provider.unavailable", NOT_IN_ORDER),
    "no keys": ({"body": {"jwks": {"keys": []}}}, 400, "signin.token.key", "a key that it does not publish"),
    "unknown kid": ({"header": {"kid": "unknown"}}, 400, "signin.token.key", "a key that it does not publish"),
    "foreign key": ({"foreign_key": True}, 400, "signin.token.signature", NO_PROOF),
    "HS256": ({"algorithm": "HS256"}, 400, "signin.token.algorithm", "OIDC_RP_SIGN_ALGO"),
    "no signature": ({"algorithm": "none"}, 400, "signin.token.algorithm", "OIDC_RP_SIGN_ALGO"),
    "expired": ({"lifetime": -60}, 400, "signin.token.exp", "seconds behind the portal"),
    "clock ahead": ({"clock": 600}, 400, "signin.token.iat", "seconds ahead of the portal"),
    "clock behind": ({"clock": -600}, 400, "signin.token.exp", "seconds behind the portal"),
    "wrong nonce": ({"claims": {"nonce": "another"}}, 400, "signin.token.nonce", NO_PROOF),
    "no nonce": ({"claims": {"nonce": None}}, 400, "signin.token.nonce", NO_PROOF),
    "wrong issuer": ({"claims": {"iss": "https://evil.example"}}, 400, "signin.token.iss", NO_PROOF),
    "wrong audience": ({"claims": {"aud": "another"}}, 400, "signin.token.aud", NO_PROOF),
    "foreign azp": ({"claims": {"azp": "another"}}, 400, "signin.token.azp", NO_PROOF),
    "no sub": ({"claims": {"sub": None}}, 400, "signin.token.sub", NO_PROOF),
    "code refused": (
        {"status": {}, "body": {}, "claims": {}, "userinfo": {}}, 400, "signin.code", "took too long",
    ),
}  # fmt: skip


def be_impatient(settings: Any, faults: dict[str, Any]) -> None:
    """Wait for one second only, where the provider takes longer; not elsewhere, for a busy machine is slow, too."""
    if "slow" in faults:
        settings.OIDC_TIMEOUT = 1


def page_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def recorded_failures() -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(action=Action.SIGNIN_FAILED)
    return list(rows.values_list("error_code", "reason"))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_provider_ends_in_a_page_and_no_sign_in(
    visitor: Visitor,
    identity: IdentityProvider,
    settings: Any,
    fault: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Carol is signed in already, and stays so; neither the log nor the audit trail holds a secret."""
    faults, status, code, words = FAULTS[fault]
    caplog.set_level("DEBUG")
    visitor.client = cast.signed_in("carol")
    before = visitor.client.cookies["gatehouse"].value
    callback = visitor.prove(visitor.depart())
    if fault == "code refused":
        identity.codes.clear()
    be_impatient(settings, faults)
    if fault not in ("userinfo of somebody else", "userinfo of nobody"):
        settings.OIDC_USERINFO = "required"

    with identity.misbehaving(**faults):
        response = visitor.client.get(callback)

    page = page_of(response)
    assert response.status_code == status
    assert [
        part for part in (words, "Sign in again", response["X-Request-Id"]) if part not in page
    ] == []
    assert "still signed in as carol@northwind.example" in page
    assert "not signed in" not in page.lower()
    assert response["Cache-Control"] == "no-store"
    [(recorded, reason)] = recorded_failures()
    assert recorded == code
    assert SignIn.objects.get().ended_at is None
    assert visitor.client.cookies["gatehouse"].value == before
    assert visitor.is_signed_in
    assert "sign-in failed" in caplog.text
    for secret in (query_of(callback)["code"], "client-secret-of-the-tests"):
        assert secret not in f"{caplog.text} {reason}"
    assert not re.search(r"eyJ[\w-]+\.", caplog.text)


@pytest.mark.parametrize(
    "fault", ["token endpoint 500", "foreign key", "userinfo of somebody else"]
)
def test_a_fault_of_the_provider_signs_nobody_in(
    visitor: Visitor, identity: IdentityProvider, fault: str
) -> None:
    callback = visitor.prove(visitor.depart())

    with identity.misbehaving(**FAULTS[fault][0]):
        response = visitor.client.get(callback)

    assert "Sign-in failed" in page_of(response)
    assert not SignIn.objects.exists()
    assert not visitor.is_signed_in


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"status": {"discovery": 500}}, NOT_IN_ORDER),
        ({"status": {"discovery": 404}}, "OIDC_ISSUER has no discovery document"),
        ({"slow": {"discovery": 1.5}}, NOT_IN_ORDER),
        ({"not_json": frozenset({"discovery"})}, NOT_IN_ORDER),
        ({"body": {"discovery": []}}, NOT_IN_ORDER),
        ({"discovery": {"issuer": "https://evil.example"}}, "calls itself"),
        ({"discovery": {"token_endpoint": "http://id.example/token"}}, "token_endpoint"),
    ],
    ids=str,
)
def test_a_sign_in_at_a_provider_that_cannot_be_read_does_not_begin(
    visitor: Visitor, identity: IdentityProvider, settings: Any, faults: dict[str, Any], words: str
) -> None:
    be_impatient(settings, faults)

    with identity.misbehaving(**faults):
        response = visitor.client.get("/oidc/authenticate/")

    assert response.status_code == 503
    assert words in page_of(response)
    assert "OIDC_ISSUER" in page_of(response)
    assert len(recorded_failures()) == 1
    assert not response.cookies


def test_a_portal_without_an_issuer_says_what_to_set(db: None, settings: Any) -> None:
    settings.OIDC_ISSUER = ""
    discovery.clear_cache()

    response = DjangoClient().get("/oidc/authenticate/")

    assert response.status_code == 503
    assert "OIDC_ISSUER is not set" in page_of(response)


def test_the_start_page_works_while_the_provider_is_down(
    db: None, settings: Any, unused_port: int
) -> None:
    settings.OIDC_ISSUER = f"http://localhost:{unused_port}"
    discovery.clear_cache()

    assert DjangoClient().get("/").status_code == 200
    assert cast.signed_in("alice").get("/").status_code == 200


def test_a_provider_that_goes_away_meanwhile_is_told_so(
    visitor: Visitor, identity: IdentityProvider, unused_port: int
) -> None:
    gone = {"token_endpoint": f"http://localhost:{unused_port}/token"}
    with identity.misbehaving(discovery=gone):
        response = visitor.walk()

    assert response.status_code == 503
    assert NOT_IN_ORDER in page_of(response)


def test_wrong_client_credentials_are_said_to_be_the_portals(
    visitor: Visitor, identity: IdentityProvider, settings: Any
) -> None:
    settings.OIDC_RP_CLIENT_SECRET = "another"

    response = visitor.walk()

    assert response.status_code == 503
    assert "OIDC_RP_CLIENT_SECRET" in page_of(response)
    assert "another" not in page_of(response)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"error": "unsupported_grant_type"}, "signin.provider.misconfigured"),
        ({"error": ["invalid_grant"]}, "signin.provider.unavailable"),
        ({"error": "invalid_grant"}, "signin.code"),
        (
            {"error": "invalid_grant", "error_description": "DPoP proof is missing"},
            "signin.provider.misconfigured",
        ),
        ({}, "signin.provider.unavailable"),
        ([], "signin.provider.unavailable"),
    ],
)
def test_what_the_token_endpoint_refuses_is_told_apart(
    visitor: Visitor, identity: IdentityProvider, publisher: Publisher, answer: Any, code: str
) -> None:
    publisher.publish("/token", answer, status=400)
    with identity.misbehaving(discovery={"token_endpoint": f"{publisher.url}/token"}):
        visitor.walk()

    assert [found for found, _ in recorded_failures()] == [code]


@pytest.mark.parametrize("error", ["invalid_client", "invalid_grant", "invalid_request"])
def test_why_the_token_endpoint_refuses_is_told_to_admins_alone(
    visitor: Visitor, identity: IdentityProvider, publisher: Publisher, error: str
) -> None:
    why = {
        "error": error,
        "error_description": "AADSTS7000222: The secret\nhas expired. " + "x" * 999,
    }
    publisher.publish("/token", why, status=401)
    with identity.misbehaving(discovery={"token_endpoint": f"{publisher.url}/token"}):
        response = visitor.walk()

    ((_, reason),) = recorded_failures()
    assert "AADSTS7000222: The secret has expired. " in reason
    assert len(reason) < 500
    assert "AADSTS" not in page_of(response)


@pytest.mark.parametrize("sent", ["code", "code_verifier", "client_secret"])
@pytest.mark.parametrize("member", ["error", "error_description"])
def test_a_refusal_that_repeats_a_secret_is_recorded_without_it(
    visitor: Visitor,
    identity: IdentityProvider,
    publisher: Publisher,
    caplog: pytest.LogCaptureFixture,
    sent: str,
    member: str,
) -> None:
    secrets: list[str] = []

    def echo(request: Request) -> Response:
        secrets.append(request.form[sent])
        said = {"error": "invalid_request", member: f"{request.form[sent]} is not valid"}
        return Response(json.dumps(said), status=400)

    publisher.replies["/token"] = echo
    endpoint = {
        "token_endpoint": f"{publisher.url}/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }
    with identity.misbehaving(discovery=endpoint):
        response = visitor.walk()

    assert response.status_code == 503
    told = f"{recorded_failures()} {caplog.text} {page_of(response)}"
    assert "sign-in failed" in told
    assert secrets[0] not in told


def test_a_client_id_and_secret_of_odd_characters_reach_the_provider_whole(
    visitor: Visitor, identity: IdentityProvider, publisher: Publisher, settings: Any
) -> None:
    settings.OIDC_RP_CLIENT_SECRET = "a:b+c%d é"
    publisher.publish("/token", {}, status=400)
    with identity.misbehaving(discovery={"token_endpoint": f"{publisher.url}/token"}):
        visitor.walk()

    sent = publisher.requests[-1].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == "gatehouse:a%3Ab%2Bc%25d+%C3%A9"


def test_userinfo_without_an_access_token_is_not_asked_for(identity: IdentityProvider) -> None:
    with pytest.raises(ProviderUnavailable, match="no access token"):
        Backend().get_userinfo("", "", {"sub": "a"})
    assert identity.hits["userinfo"] == 0


def test_a_portal_without_our_backend_signs_nobody_in(visitor: Visitor, settings: Any) -> None:
    callback = visitor.prove(visitor.depart())
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]

    assert visitor.client.get(callback).status_code == 400
    assert not SignIn.objects.exists()


def test_a_failure_that_cannot_be_recorded_is_still_explained(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(**facts: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr("accounts.audit.record", full)

    response = visitor.client.get("/oidc/callback/?error=x&state=forged")

    assert response.status_code == 400
    assert "not written" in caplog.text


@pytest.mark.parametrize("content_type", ["application/jwt", "Application/JWT ; charset=utf-8"])
def test_signed_userinfo_is_refused_with_what_to_change(
    visitor: Visitor,
    identity: IdentityProvider,
    publisher: Publisher,
    settings: Any,
    content_type: str,
) -> None:
    settings.OIDC_USERINFO = "required"
    publisher.replies["/userinfo"] = lambda _: Response("eyJ.eyJ.AA", content_type=content_type)
    with identity.misbehaving(discovery={"userinfo_endpoint": f"{publisher.url}/userinfo"}):
        response = visitor.walk()

    assert response.status_code == 503
    assert "set the client&#x27;s userinfo to plain JSON" in page_of(response)


def test_a_callback_that_nobody_sent_is_refused(visitor: Visitor) -> None:
    visitor.client = cast.signed_in("carol")

    for query in (
        "",
        "code=a",
        "error=access_denied",
        "error=access_denied&state=",
        "code=a&code=b&state=s",
        "state=a&state=b&code=c",
        "error=x&error=y&state=s",
    ):
        response = visitor.client.get(f"/oidc/callback/?{query}")
        assert (query, response.status_code) == (query, 400)
        assert "only works on the way back" in page_of(response)
        assert "not signed in" not in page_of(response).lower()

    assert visitor.is_signed_in


def test_a_link_to_the_callback_signs_nobody_out(visitor: Visitor) -> None:
    visitor.client = cast.signed_in("carol")
    queries = ("error=login_required", "error=access_denied", "code=stolen", "code=a&iss=https://x")
    states = ("forged", "é" * 300, "<script>")

    for query, state in product(queries, states):
        limiting.reset()
        response = visitor.client.get(f"/oidc/callback/?{query}&state={quote(state)}")
        assert (query, state, response.status_code) == (query, state, 400)
        assert "started in another browser" in page_of(response)
        assert "still signed in as carol@northwind.example" in page_of(response)

    assert visitor.is_signed_in
    assert [code for code, _ in recorded_failures()] == ["signin.state"] * 12
    assert SignIn.objects.get().ended_at is None


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        ("access_denied", 400, "cancelled"),
        ("login_required", 400, "sign in there first"),
        ("temporarily_unavailable", 503, "Try again in a minute"),
        ("server_error", 503, "Try again in a minute"),
        ("invalid_scope", 400, "refused the sign-in"),
        ("<script>alert(1)</script>", 400, "refused the sign-in"),
    ],
)
def test_an_error_of_the_provider_is_shown_as_mere_text(
    visitor: Visitor, identity: IdentityProvider, error: str, status: int, words: str
) -> None:
    state = query_of(visitor.depart())["state"]
    description = "<img src=x onerror=alert(1)>\r\nSet-Cookie: a=b"
    answer = {"error": error, "error_description": description, "state": state}

    response = visitor.client.get("/oidc/callback/", answer | {"iss": identity.issuer})

    assert response.status_code == status
    assert words in page_of(response)
    assert "&lt;img src=x onerror=alert(1)&gt;" in page_of(response)
    assert "<img" not in page_of(response)
    assert "<script>alert" not in page_of(response)
    assert recorded_failures()[0][0] == "signin.provider.refused"
    assert "\n" not in recorded_failures()[0][1]


def test_an_answer_with_a_state_of_this_browser_signs_nobody_out(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.client = cast.signed_in("carol")

    for answer in (
        {"error": "login_required"},
        {"error": "temporarily_unavailable"},
        {"error": "invalid_scope"},
        {"code": "a", "iss": "https://evil.example"},
        {"code": "a"},
        {},
    ):
        state = query_of(visitor.depart())["state"]
        response = visitor.client.get(
            "/oidc/callback/", {"iss": identity.issuer, "state": state} | answer
        )
        assert (answer, response.status_code in (400, 503)) == (answer, True)
        assert "still signed in as carol@northwind.example" in page_of(response)
        assert "not signed in" not in page_of(response).lower()

    assert visitor.is_signed_in


def test_a_cancelled_sign_in_leads_back_to_where_it_was_going(visitor: Visitor) -> None:
    callback = visitor.prove(visitor.depart("/activity?page=2"), cancel=True)

    response = visitor.client.get(callback)

    assert response.status_code == 400
    assert "/oidc/authenticate/?next=%2Factivity%3Fpage%3D2" in page_of(response)


def test_a_callback_with_neither_code_nor_error_is_refused(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    state = query_of(visitor.depart())["state"]

    response = visitor.client.get("/oidc/callback/", {"state": state, "iss": identity.issuer})

    assert response.status_code == 400
    assert recorded_failures() == [
        ("signin.callback", "The callback holds neither a code nor an error.")
    ]


def test_a_callback_works_once(visitor: Visitor) -> None:
    callback = visitor.prove(visitor.depart())
    visitor.client.get(callback)

    response = visitor.client.get(callback)

    assert response.status_code == 400
    assert "started in another browser" in page_of(response)
    assert visitor.is_signed_in
    assert SignIn.objects.count() == 1


def test_a_callback_that_failed_is_not_tried_again(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    callback = visitor.prove(visitor.depart())
    with identity.misbehaving(status={"token": 500}):
        visitor.client.get(callback)

    assert visitor.client.get(callback).status_code == 400
    assert not visitor.is_signed_in


def test_a_callback_replayed_with_its_cookies_restored_is_refused(visitor: Visitor) -> None:
    callback = visitor.prove(visitor.depart())
    thief = Visitor()
    cookies = {name: cookie.value for name, cookie in visitor.client.cookies.items()}
    visitor.client.get(callback)

    thief.client.cookies.load(cookies)
    response = thief.client.get(callback)

    assert response.status_code == 400
    # The portal itself knows that the attempt was used: it is not the provider that refuses the code.
    assert "started in another browser" in page_of(response)
    assert not thief.is_signed_in


def test_a_callback_of_another_browser_is_refused(visitor: Visitor) -> None:
    callback = visitor.prove(visitor.depart())
    victim = Visitor()

    response = victim.client.get(callback)

    assert response.status_code == 400
    assert "another browser" in page_of(response)
    assert not victim.is_signed_in


def test_a_broken_cookie_is_refused(visitor: Visitor) -> None:
    callback = visitor.prove(visitor.depart())
    sent = {name: cookie.value for name, cookie in visitor.client.cookies.items()}

    for value in ("", ".", "x", "\x00", '"\\000"', "1.short", "é" * 40, "0" * 32, "1." + "a" * 32):
        # As a header, whatever it holds: newer Pythons make no such cookie.
        broken = sent | {name: value for name in sent if "signin" in name}
        header = "; ".join(f"{name}={value}" for name, value in broken.items())
        response = visitor.client.get(callback, headers={"cookie": header})
        assert (value, response.status_code) == (value, 400)


def test_an_attempt_left_for_too_long_is_refused(visitor: Visitor) -> None:
    callback = visitor.prove(visitor.depart())
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        response = visitor.client.get(callback)

    assert response.status_code == 400
    assert "took too long" in page_of(response)


def from_issuer(callback: str, iss: str | None) -> str:
    """Return the callback as another provider would send it; None sends no `iss` at all."""
    parameters = {name: value for name, value in query_of(callback).items() if name != "iss"}
    return f"/oidc/callback/?{urlencode(parameters | ({} if iss is None else {'iss': iss}))}"


@pytest.mark.parametrize("iss", ["https://evil.example", "", None])
def test_an_answer_of_another_issuer_is_refused(
    visitor: Visitor, identity: IdentityProvider, iss: str | None
) -> None:
    callback = visitor.prove(visitor.depart())

    response = visitor.client.get(from_issuer(callback, iss))

    assert response.status_code == 400
    assert [found for found, _ in recorded_failures()] == ["signin.issuer"]
    assert not SignIn.objects.exists()
    assert identity.hits["token"] == 0


@pytest.mark.parametrize(
    ("sends_iss", "iss"), [(True, "its own"), (False, "its own"), (False, None)]
)
def test_an_answer_of_our_provider_is_accepted(
    visitor: Visitor, identity: IdentityProvider, sends_iss: bool, iss: str | None
) -> None:
    supported = {"authorization_response_iss_parameter_supported": sends_iss}
    with identity.misbehaving(discovery=supported):
        callback = visitor.prove(visitor.depart())
        response = visitor.client.get(from_issuer(callback, iss and identity.issuer))

    assert response.status_code == 302


def test_a_blocked_person_is_told_so_and_recorded_once(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    Block.objects.create(issuer=identity.issuer, sub="sub-alice", reason="left")

    response = visitor.walk("alice")

    assert response.status_code == 401
    assert "is blocked" in page_of(response)
    assert [code for code, _ in recorded_failures()] == ["signin.blocked"]
    assert not SignIn.objects.exists()


def test_no_misbehaviour_is_left_behind(identity: IdentityProvider) -> None:
    assert identity.misbehaviour == Misbehaviour()
