"""Signing out: here first, then at the provider, and only by a form of ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client as DjangoClient
from django.utils import timezone

from accounts.models import AuditEvent, SignIn
from accounts.models.audit import Action
from accounts.oidc import discovery, logout
from demo.identity import IdentityProvider
from tests import cast
from tests.identity import Visitor, query_of


def form_action(response: Any) -> list[str]:
    policy: dict[str, str] = dict(
        part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";")
    )
    return policy["form-action"].split()


def test_a_link_signs_nobody_out(visitor: Visitor) -> None:
    visitor.walk("alice")

    assert visitor.client.get("/oidc/logout/").status_code == 405
    assert visitor.is_signed_in


def test_a_form_without_a_token_signs_nobody_out(visitor: Visitor) -> None:
    strict = Visitor(client=DjangoClient(enforce_csrf_checks=True))
    strict.walk("alice")

    assert strict.client.post("/oidc/logout/").status_code == 403
    assert strict.is_signed_in


def test_signing_out_ends_the_sign_in_and_goes_on_to_the_provider(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("alice")
    before = visitor.client.cookies["gatehouse"].value

    response = visitor.client.post("/oidc/logout/")

    assert response.status_code == 302
    assert response["Location"].startswith(f"{identity.issuer}/logout?")
    asked = query_of(response["Location"])
    assert asked["client_id"] == "gatehouse"
    assert asked["post_logout_redirect_uri"] == "http://localhost:8000/"
    assert asked["id_token_hint"].count(".") == 2
    assert len(asked["state"]) >= 16
    sign_in = SignIn.objects.get()
    assert sign_in.end_reason == "signed out"
    assert (sign_in.encrypted_id_token, sign_in.encrypted_refresh_token) == ("", "")
    assert AuditEvent.objects.filter(action=Action.SIGNIN_ENDED).count() == 1
    assert not visitor.is_signed_in
    old = DjangoClient()
    old.cookies["gatehouse"] = before
    assert b"Sign out" not in old.get("/").content


COGNITO = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123"


@pytest.mark.parametrize(
    ("issuer", "own_name"),
    [
        (COGNITO, True),
        ("https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Abc123", True),
        ("https://id.example/cognito-idp.eu-west-1.amazonaws.com/", False),
        ("https://cognito-idp.eu-west-1.amazonaws.com.evil.example/", False),
    ],
)
def test_the_way_back_is_said_in_cognitos_own_word_to_cognito_alone(
    settings: Any, monkeypatch: pytest.MonkeyPatch, issuer: str, own_name: bool
) -> None:
    found = discovery.ProviderMetadata(
        issuer=issuer,
        authorization_endpoint="https://northwind.auth.eu-west-1.amazoncognito.com/authorize",
        token_endpoint="https://northwind.auth.eu-west-1.amazoncognito.com/token",
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        end_session_endpoint="https://northwind.auth.eu-west-1.amazoncognito.com/logout",
    )
    monkeypatch.setattr(discovery, "provider", lambda: found)

    asked = query_of(logout.end_session("a.b.c").url)

    assert asked["client_id"] == "gatehouse"
    assert asked.get("logout_uri") == (f"{settings.BASE_URL}/" if own_name else None)
    assert asked.get("post_logout_redirect_uri") == (None if own_name else f"{settings.BASE_URL}/")
    assert asked.get("id_token_hint") == (None if own_name else "a.b.c")


def test_the_provider_signs_out_too_and_sends_people_back(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("alice")
    address = visitor.client.post("/oidc/logout/")["Location"]

    answer = visitor.at_provider.get(address, allow_redirects=False, timeout=5)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("http://localhost:8000/")
    assert not identity.sessions


def test_who_ends_everything_goes_on_to_the_provider_if_that_is_chosen(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("alice")
    page = visitor.client.get("/sessions")
    assert "Sign out at your identity provider, too" in page.content.decode()

    response = visitor.client.post("/sessions/end-all", {"provider": "on"})

    address = urlsplit(response["Location"])
    assert response.status_code == 302
    assert f"{address.scheme}://{address.netloc}" in form_action(page)
    assert "no-store" in response["Cache-Control"]
    assert not visitor.is_signed_in
    visitor.at_provider.get(response["Location"], allow_redirects=False, timeout=5)
    assert not identity.sessions


def test_who_ends_everything_is_told_where_the_provider_has_no_sign_out(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    with identity.misbehaving(discovery={"end_session_endpoint": None}):
        visitor.walk("alice")
        response = visitor.client.post("/sessions/end-all", {"provider": "on"})

    assert "Your identity provider may still know this browser" in response.content.decode()
    assert not visitor.is_signed_in


def test_signing_out_works_while_the_provider_is_down(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("alice")
    discovery.clear_cache()
    with identity.misbehaving(status={"discovery": 500}):
        response = visitor.client.post("/oidc/logout/")

    assert response["Location"] == "/"
    assert not visitor.is_signed_in


def test_signing_out_stays_here_where_the_provider_has_no_logout(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    with identity.misbehaving(discovery={"end_session_endpoint": None}):
        visitor.walk("alice")
        response = visitor.client.post("/oidc/logout/")

    assert response["Location"] == "/"
    assert form_action(response) == ["'self'"]


def test_where_the_provider_has_no_logout_people_are_told_and_the_next_sign_in_asks(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    told = b"Your identity provider may still know this browser"
    with identity.misbehaving(discovery={"end_session_endpoint": None}):
        visitor.walk("alice")
        assert told not in visitor.client.get("/").content
        visitor.client.post("/oidc/logout/")

        assert told in visitor.client.get("/").content
        asked = visitor.depart()
        assert query_of(asked)["prompt"] == "login"
        # The provider shows its form, although it has a session of alice.
        assert visitor.at_provider.get(asked, allow_redirects=False, timeout=5).status_code == 200
        visitor.client.get(visitor.prove(asked, "bob"))
        assert visitor.is_signed_in
        assert "prompt" not in query_of(Visitor(client=visitor.client).depart())


def test_where_the_provider_signs_out_too_the_next_sign_in_is_an_ordinary_one(
    visitor: Visitor,
) -> None:
    visitor.walk("alice")
    address = visitor.client.post("/oidc/logout/")["Location"]
    back = visitor.at_provider.get(address, allow_redirects=False, timeout=5).headers["Location"]

    page = visitor.client.get(f"/?{urlsplit(back).query}")

    assert b"may still know this browser" not in page.content
    assert "prompt" not in query_of(visitor.depart())


@pytest.mark.parametrize("query", ["", "?state=", "?state=another", "?state=remains"])
def test_whoever_left_the_provider_before_it_signed_them_out_is_asked_at_the_next_sign_in(
    visitor: Visitor, query: str
) -> None:
    visitor.walk("alice")
    visitor.client.post("/oidc/logout/")

    page = visitor.client.get(f"/{query}")

    assert b"may still know this browser" in page.content
    assert query_of(visitor.depart())["prompt"] == "login"


def test_signing_out_without_a_sign_in_is_harmless(
    db: None, settings: Any, unused_port: int
) -> None:
    settings.OIDC_ISSUER = f"http://localhost:{unused_port}"

    response = DjangoClient().post("/oidc/logout/")

    assert (response.status_code, response["Location"]) == (302, "/")
    assert not AuditEvent.objects.exists()


def test_signing_out_on_a_page_whose_sign_in_ran_out_goes_on_to_the_provider(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    """Whose session still stands there, and would let the next one at this machine in."""
    visitor.walk("alice")

    with time_machine.travel(timezone.now() + timedelta(hours=11)):
        response = visitor.client.post("/oidc/logout/")

    assert response["Location"].startswith(f"{identity.issuer}/logout?")
    asked = query_of(response["Location"])
    assert asked["client_id"] == "gatehouse"
    assert "id_token_hint" not in asked
    assert AuditEvent.objects.get().action == Action.SIGNIN_COMPLETED


def test_signing_out_goes_nowhere_that_the_page_would_not_let_the_browser_go(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("alice")
    discovery.clear_cache()
    moved = {"end_session_endpoint": "https://elsewhere.example/logout"}
    with identity.misbehaving(discovery=moved):
        response = visitor.client.post("/oidc/logout/")

    assert response["Location"] == "/"
    assert not visitor.is_signed_in


def test_a_token_too_long_for_an_address_is_left_out(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    identity.change("alice", groups=tuple(f"group-{number}" for number in range(500)))
    visitor.walk("alice")

    address = visitor.client.post("/oidc/logout/")["Location"]

    assert len(address) < logout.MAX_URL
    assert "id_token_hint" not in query_of(address)
    assert query_of(address)["client_id"] == "gatehouse"


def test_a_page_with_the_form_lets_it_lead_to_the_provider(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("alice")

    assert identity.issuer in form_action(visitor.client.get("/activity"))
    assert "'self'" in form_action(visitor.client.get("/activity"))


def test_a_page_that_leads_elsewhere_too_keeps_both(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("alice")

    sources = form_action(visitor.client.get("/"))

    assert identity.issuer in sources
    assert "https://*.aws.amazon.com" in sources


def test_an_error_page_with_the_form_lets_it_lead_to_the_provider(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("alice")

    assert identity.issuer in form_action(visitor.client.get("/nowhere"))


@pytest.mark.parametrize("client", [DjangoClient(), None])
def test_a_page_without_a_provider_to_lead_to_leads_nowhere(
    db: None, client: DjangoClient | None
) -> None:
    client = client or cast.signed_in("alice")

    assert not any("localhost" in source for source in form_action(client.get("/activity")))


def test_the_origin_of_the_logout_is_known_without_asking(
    identity: IdentityProvider, db: None
) -> None:
    assert discovery.end_session_origin() == ""
    assert not identity.hits

    discovery.provider()

    assert discovery.end_session_origin() == identity.issuer


@pytest.mark.parametrize(
    ("url", "origin"),
    [("https://id.example:8443/a/b?c", "https://id.example:8443"), ("", "")],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert discovery.origin_of_url(url) == origin
