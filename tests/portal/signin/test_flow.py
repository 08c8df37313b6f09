"""The whole way of a sign-in, at a real provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client as DjangoClient

from accounts.encryption import decrypt
from accounts.models import AuditEvent, Person, SignIn
from accounts.models.audit import Action
from demo.identity import IdentityProvider
from portal.signin import sign_in_attempts
from tests import cast
from tests.identity import Visitor, query_of


def attempt_cookies(client: DjangoClient) -> list[str]:
    return [
        name
        for name, morsel in client.cookies.items()
        if name.startswith("gatehouse-signin-") and morsel["max-age"] != 0
    ]


def test_a_sign_in_ends_on_the_start_page(visitor: Visitor) -> None:
    response = visitor.walk("alice")

    assert (response.status_code, response["Location"]) == (302, "/")
    assert visitor.is_signed_in
    assert "alice@northwind.example" in visitor.client.get("/").content.decode()


def test_a_sign_in_keeps_who_it_was_and_what_was_claimed(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("alice")

    sign_in = SignIn.objects.select_related("person").get()
    assert (sign_in.person.issuer, sign_in.person.sub) == (identity.issuer, "sub-alice")
    assert (sign_in.person.name, sign_in.person.email) == ("Alice", "alice@northwind.example")
    assert sign_in.claims["groups"] == ["payments", "platform"]
    assert sign_in.provider_session == sign_in.claims["sid"] != ""
    assert (sign_in.acr, sign_in.amr) == ("1", ["pwd"])
    assert sign_in.auth_time is not None
    assert "nonce" not in sign_in.claims


def test_a_sign_in_keeps_the_providers_tokens_encrypted(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("alice")

    sign_in = SignIn.objects.get()
    assert decrypt(sign_in.encrypted_refresh_token) in identity.refresh_tokens
    assert decrypt(sign_in.encrypted_id_token).count(".") == 2
    session = Session.objects.get().get_decoded()
    assert not any("eyJ" in str(value) for value in session.values())


def test_a_sign_in_is_one_audit_row(visitor: Visitor) -> None:
    visitor.walk("alice")

    event = AuditEvent.objects.get()
    assert (event.action, event.sub, event.actor) == (
        Action.SIGNIN_COMPLETED,
        "sub-alice",
        "alice@northwind.example",
    )
    assert event.request_id


def test_a_portal_admin_is_made_and_unmade_by_the_claim(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("carol")
    assert Person.objects.get().is_admin

    identity.change("carol", groups=("visitors",))
    visitor.walk("carol")

    assert not Person.objects.get().is_admin


def test_a_second_person_with_the_same_email_is_somebody_else(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("carol")
    identity.change("mallory", email="carol@northwind.example")

    Visitor().walk("mallory")

    assert Person.objects.filter(email="carol@northwind.example").count() == 2
    assert not Person.objects.get(sub="sub-mallory").is_admin


def test_the_session_before_a_sign_in_is_dead_after_it(visitor: Visitor) -> None:
    session = visitor.client.session
    session["planted"] = "by an attacker"
    session.save()
    before = visitor.client.cookies["gatehouse"].value

    visitor.walk("alice")

    assert visitor.client.cookies["gatehouse"].value != before
    assert "planted" not in visitor.client.session
    attacker = DjangoClient()
    attacker.cookies["gatehouse"] = before
    assert b"Sign out" not in attacker.get("/").content


@pytest.mark.parametrize("again", ["alice", "carol"])
def test_signing_in_again_changes_the_session_key_and_ends_the_sign_in_before(
    visitor: Visitor, again: str
) -> None:
    visitor.walk("alice")
    before = visitor.client.cookies["gatehouse"].value

    visitor.walk(again)

    assert visitor.client.cookies["gatehouse"].value != before
    first, second = SignIn.objects.order_by("started_at")
    assert first.end_reason == "replaced by a new sign-in"
    assert first.encrypted_refresh_token == ""
    assert second.ended_at is None
    attacker = DjangoClient()
    attacker.cookies["gatehouse"] = before
    assert b"Sign out" not in attacker.get("/").content


def test_two_tabs_of_a_fresh_browser_both_get_where_they_were_going(visitor: Visitor) -> None:
    first = visitor.depart("/activity")
    second = visitor.depart("/keys?account_id=1")

    at_second = visitor.client.get(visitor.prove(second))
    at_first = visitor.client.get(visitor.prove(first))

    assert at_second["Location"] == "/keys?account_id=1"
    assert at_first["Location"] == "/activity"
    assert visitor.is_signed_in


STALE = {"error": "temporarily_unavailable", "error_description": "authentication_expired"}


@pytest.mark.parametrize(
    "wrong", [{"state": "forged"}, {"iss": "https://evil.example"}, {"error_description": "x"}]
)
def test_what_only_looks_like_a_stale_tab_begins_nothing(
    visitor: Visitor, identity: IdentityProvider, wrong: dict[str, str]
) -> None:
    state = query_of(visitor.depart("/activity"))["state"]

    response = visitor.client.get(
        "/oidc/callback/", STALE | {"iss": identity.issuer, "state": state} | wrong
    )

    assert response.status_code in (400, 503)
    assert AuditEvent.objects.get().action == Action.SIGNIN_FAILED


def test_a_tab_that_went_stale_at_the_provider_goes_on_by_itself(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    """Keycloak's answer where another tab has signed in and the page of this one was too old."""
    state = query_of(visitor.depart("/activity"))["state"]
    visitor.walk()
    answer = STALE | {"iss": identity.issuer, "state": state}

    response = visitor.client.get("/oidc/callback/", answer)

    assert (response.status_code, response["Location"]) == (
        302,
        "/oidc/authenticate/?next=%2Factivity",
    )
    assert visitor.is_signed_in
    assert AuditEvent.objects.get().action == Action.SIGNIN_COMPLETED
    assert visitor.client.get("/oidc/callback/", answer).status_code == 400


def test_six_tabs_restored_at_once_all_sign_in(visitor: Visitor) -> None:
    """Each tab departs before any cookie of another has arrived."""
    tabs = []
    for number in range(6):
        tab = Visitor(at_provider=visitor.at_provider)
        tabs.append(tab.depart(f"/activity?tab={number}"))
        visitor.client.cookies.update(tab.client.cookies)

    arrived = [visitor.client.get(visitor.prove(tab))["Location"] for tab in tabs]

    assert arrived == [f"/activity?tab={number}" for number in range(6)]
    assert SignIn.objects.filter(ended_at=None).count() == 1


def test_a_browser_has_so_many_attempts_under_way_and_no_more(visitor: Visitor) -> None:
    addresses = [visitor.depart() for _ in range(sign_in_attempts.MAX_PENDING + 3)]

    assert len(attempt_cookies(visitor.client)) == sign_in_attempts.MAX_PENDING
    assert Session.objects.count() == sign_in_attempts.MAX_PENDING
    assert visitor.client.get(visitor.prove(addresses[0])).status_code == 400
    assert visitor.client.get(visitor.prove(addresses[-1])).status_code == 302


def test_an_attempt_leaves_no_row_and_no_cookie(visitor: Visitor) -> None:
    visitor.walk("alice")

    assert attempt_cookies(visitor.client) == []
    assert Session.objects.count() == 1


@pytest.mark.parametrize("keep_old", [True, False])
def test_a_key_rotation_costs_no_sign_in(
    visitor: Visitor, identity: IdentityProvider, keep_old: bool
) -> None:
    visitor.walk("alice")
    identity.rotate_keys(keep_old=keep_old)

    assert [Visitor().walk(who).status_code for who in ("alice", "bob")] == [302, 302]
    assert identity.hits["jwks"] == 2
    identity.rotate_keys()


def test_a_token_without_kid_is_accepted_where_one_key_fits(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    with identity.misbehaving(header={"kid": None}):
        assert visitor.walk("alice").status_code == 302


@pytest.fixture
def _two_keys(identity: IdentityProvider) -> Iterator[None]:
    identity.rotate_keys(keep_old=True)
    yield
    identity.rotate_keys()


@pytest.mark.usefixtures("_two_keys")
def test_a_token_without_kid_is_refused_where_two_keys_fit(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    with identity.misbehaving(header={"kid": None}):
        response = visitor.walk("alice")

    assert response.status_code == 400
    assert AuditEvent.objects.get().error_code == "signin.token.key"


def test_two_thousand_groups_sign_in(visitor: Visitor, identity: IdentityProvider) -> None:
    groups = tuple(f"aws-group-{number:04}" for number in range(2000))
    identity.change("alice", groups=groups)

    assert visitor.walk("alice").status_code == 302

    assert SignIn.objects.get().claims["groups"] == list(groups)
    assert visitor.client.get("/").status_code == 200


def test_two_thousand_long_groups_come_by_userinfo(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    groups = [f"8f14e45f-ceea-467f-a3f1-{number:012}" for number in range(2000)]
    with identity.misbehaving(userinfo={"groups": groups}):
        assert visitor.walk("alice").status_code == 302

    assert SignIn.objects.get().claims["groups"] == groups


def test_userinfo_adds_claims_but_not_about_the_sign_in_itself(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    told = {"department": "payments", "acr": "9", "amr": ["mfa"], "auth_time": 1, "iss": "x"}
    with identity.misbehaving(userinfo=told):
        visitor.walk("alice")

    sign_in = SignIn.objects.get()
    assert sign_in.claims["department"] == "payments"
    assert (sign_in.acr, sign_in.amr, sign_in.claims["iss"]) == ("1", ["pwd"], identity.issuer)
    assert sign_in.claims["auth_time"] > 1


@pytest.mark.parametrize("auth_time", ["0001-01-01T00:00:00+23:59", "yesterday", -(10**30), [1]])
def test_a_time_that_is_none_is_no_reason_to_refuse_anybody(
    visitor: Visitor, identity: IdentityProvider, auth_time: object
) -> None:
    with identity.misbehaving(claims={"auth_time": auth_time}):
        assert visitor.walk("alice").status_code == 302

    assert SignIn.objects.get().auth_time is None


def test_a_provider_without_userinfo_is_enough(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    with identity.misbehaving(discovery={"userinfo_endpoint": None}):
        assert visitor.walk("alice").status_code == 302

    assert SignIn.objects.get().claims["groups"] == ["payments", "platform"]
    assert identity.hits["userinfo"] == 0


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_the_secret_is_shown_as_the_provider_wants_it(
    visitor: Visitor, identity: IdentityProvider, method: str
) -> None:
    with identity.misbehaving(discovery={"token_endpoint_auth_methods_supported": [method]}):
        assert visitor.walk("alice").status_code == 302


def test_the_documents_of_the_provider_are_read_once(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    for who in ("alice", "bob", "carol"):
        Visitor().walk(who)

    assert (identity.hits["discovery"], identity.hits["jwks"]) == (1, 1)


def test_the_provider_sees_pkce_a_nonce_and_a_state_new_each_time(visitor: Visitor) -> None:
    first, second = (query_of(visitor.depart()) for _ in range(2))

    assert first["code_challenge_method"] == "S256"
    assert first["response_type"] == "code"
    assert first["scope"] == "openid email profile"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 32
        assert first[name] != second[name]


def test_the_way_back_is_the_portals_own_address_whatever_the_host_says(
    visitor: Visitor, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    response = visitor.client.get("/oidc/authenticate/", headers={"Host": "evil.example"})

    assert query_of(response["Location"])["redirect_uri"] == (
        "http://localhost:8000/oidc/callback/"
    )


def test_an_authorization_endpoint_with_a_query_keeps_it(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    endpoint = {"authorization_endpoint": f"{identity.issuer}/authorize?p=b2c_policy&ui="}
    with identity.misbehaving(discovery=endpoint):
        address = visitor.depart()

    assert address.count("?") == 1
    assert query_of(address)["p"] == "b2c_policy"
    assert query_of(address)["client_id"] == "gatehouse"


def test_the_cookie_of_an_attempt_is_short_lived_and_not_for_scripts(visitor: Visitor) -> None:
    visitor.depart()

    (name,) = attempt_cookies(visitor.client)
    morsel = visitor.client.cookies[name]
    assert (morsel["httponly"], morsel["samesite"]) == (True, "Lax")
    assert morsel["max-age"] == sign_in_attempts.LIFETIME
    assert morsel["path"] == "/"
    assert morsel["domain"] == ""


def test_a_sign_in_over_https_uses_cookies_that_no_other_host_can_set(
    visitor: Visitor, settings: Any
) -> None:
    settings.SESSION_COOKIE_NAME = "__Host-gatehouse"
    settings.SESSION_COOKIE_SECURE = True

    response = visitor.walk("alice")

    assert response.status_code == 302
    for name, morsel in response.cookies.items():
        assert (morsel["path"], morsel["domain"]) == ("/", ""), name
        if name.startswith("__Host-gatehouse"):
            assert (morsel["secure"], morsel["httponly"]) == (True, True), name


def test_a_sign_in_asks_for_no_offline_access(visitor: Visitor) -> None:
    assert "offline_access" not in query_of(visitor.depart())["scope"]


def test_a_page_costs_no_question_to_the_provider(identity: IdentityProvider, db: None) -> None:
    client = cast.signed_in("alice")
    client.get("/")
    client.get("/activity")

    assert not identity.hits


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_elsewhere_replaces_no_sign_in(visitor: Visitor, site: str) -> None:
    visitor.walk()
    [before] = SignIn.objects.all()

    answer = visitor.client.get(
        "/oidc/authenticate/?next=/activity", headers={"Sec-Fetch-Site": site}
    )

    assert (answer.status_code, answer["Location"]) == (302, "/activity")
    assert "no-store" in answer["Cache-Control"]
    before.refresh_from_db()
    assert before.ended_at is None


@pytest.mark.parametrize("site", ["same-origin", "none", ""])
def test_whoever_is_signed_in_may_sign_in_anew(visitor: Visitor, site: str) -> None:
    visitor.walk()

    answer = visitor.client.get(
        "/oidc/authenticate/", headers={"Sec-Fetch-Site": site} if site else {}
    )

    assert "/authorize" in answer["Location"]


def test_a_link_elsewhere_starts_a_sign_in_for_who_has_none(visitor: Visitor) -> None:
    answer = visitor.client.get("/oidc/authenticate/", headers={"Sec-Fetch-Site": "cross-site"})

    assert "/authorize" in answer["Location"]
