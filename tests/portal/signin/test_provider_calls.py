"""What the provider calls: a token that breaks one rule ends nothing, one that breaks none ends what it names."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import audit, signins
from accounts.errors import SignInAgain
from accounts.models import AuditEvent, Job, Person, Revocation, SignIn, SpentToken, Token
from accounts.models.audit import Action
from accounts.models.signins import EndedBy
from accounts.oidc.security_events import LOGOUT_EVENT
from accounts.portal_tokens import lifecycle
from accounts.purging import purge
from accounts.revocation import provider_calls
from accounts.types import Kind, Origin, Scope, Subject, Surface
from accounts.worker.handlers import HANDLERS
from tests.issuer import ABSENT, Issuer, signed, without_absent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

LOGOUT, FRONT = "/oidc/backchannel-logout", "/oidc/frontchannel-logout"
REVOCATION = "/oidc/global-token-revocation"
SESSION = "5bba6b9f-86b4-41e0-a1d5-1c4f0d2ba1d7"
FROM = Origin(surface=Surface.PAGES)


def sign_in(issuer: Issuer, who: str = "alice", *, sid: str = SESSION, **changes: Any) -> SignIn:
    claims = issuer.claims(who, sid=sid)
    subject = Subject(
        issuer=issuer.url,
        sub=claims["sub"],
        **{"email": claims["email"], "email_verified": True, "claims": claims, **changes},
    )
    return signins.begin(
        subject=subject, tokens=signins.ProviderTokens(), origin=FROM, now=timezone.now()
    )


def token_made_in(made_in: SignIn) -> Token:
    return lifecycle.create(
        sign_in=made_in,
        purpose="nightly report",
        scope=Scope(kinds=frozenset({Kind.KEYS})),
        lifetime=timedelta(days=1),
        origin=FROM,
        now=timezone.now(),
    ).token


def is_open(one: SignIn) -> bool:
    try:
        signins.get_open(sign_in_id=one.id, now=timezone.now())
    except SignInAgain:
        return False
    return True


def is_live(token: Token) -> bool:
    token.refresh_from_db()
    return token.is_live(timezone.now())


def logout_claims(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    honest = {
        "iss": issuer.url,
        "aud": "gatehouse",
        "iat": now,
        "exp": now + 120,
        "jti": "one",
        "sub": "sub-alice",
        "sid": SESSION,
        "events": {LOGOUT_EVENT: {}},
    }
    return without_absent(honest | changes)


def logout_token(issuer: Issuer, header: dict[str, Any] | None = None, **changes: Any) -> str:
    return signed(
        logout_claims(issuer, **changes),
        key=issuer.key,
        header={"typ": "logout+jwt", "kid": issuer.key.kid, **(header or {})},
    )


def tell(token: str) -> Any:
    return Client(enforce_csrf_checks=True).post(LOGOUT, {"logout_token": token})


BROKEN: dict[str, Callable[[Issuer], str]] = {
    "no token": lambda issuer: "",
    "an access token": lambda issuer: issuer.token(aud="gatehouse", sid=SESSION, jti="one"),
    "another type": lambda issuer: logout_token(issuer, {"typ": "at+jwt"}),
    "another issuer": lambda issuer: logout_token(issuer, iss="https://id.example"),
    "another client": lambda issuer: logout_token(issuer, aud="other"),
    "expired": lambda issuer: logout_token(issuer, exp=int(time.time()) - 60),
    "no exp": lambda issuer: logout_token(issuer, exp=ABSENT),
    "old": lambda issuer: logout_token(issuer, iat=int(time.time()) - 400),
    "of the future": lambda issuer: logout_token(issuer, iat=int(time.time()) + 400),
    "no events": lambda issuer: logout_token(issuer, events=ABSENT),
    "another event": lambda issuer: logout_token(issuer, events={"urn:else": {}}),
    "an event that is no object": lambda issuer: logout_token(issuer, events={LOGOUT_EVENT: 1}),
    "a nonce": lambda issuer: logout_token(issuer, nonce="n"),
    "no jti": lambda issuer: logout_token(issuer, jti=ABSENT),
    "a jti that is no text": lambda issuer: logout_token(issuer, jti=7),
    "neither sub nor sid": lambda issuer: logout_token(issuer, sub=ABSENT, sid=ABSENT),
    "an endless sid": lambda issuer: logout_token(issuer, sid="s" * 300),
    "a wrong signature": lambda issuer: logout_token(issuer)[:-8] + "AAAAAAAA",
    "no signature": lambda issuer: logout_token(issuer).rpartition(".")[0] + ".",
}


def test_a_logout_token_that_breaks_a_rule_ends_nothing(
    issuer: Issuer, subtests: pytest.Subtests
) -> None:
    alice = sign_in(issuer)
    for name, make in BROKEN.items():
        with subtests.test(name):
            answer = tell(make(issuer))

            assert answer.status_code == 400
            assert answer.json()["error"] == "invalid_request"
            assert "no-store" in answer["Cache-Control"]
            assert is_open(alice)


def test_a_logout_token_ends_the_session_it_names_and_what_hangs_from_it(issuer: Issuer) -> None:
    alice, elsewhere = sign_in(issuer), sign_in(issuer, sid="another-session-of-hers")
    bob = sign_in(issuer, "bob", sid="session-of-bob")
    made_here, made_elsewhere = token_made_in(alice), token_made_in(elsewhere)

    answer = tell(logout_token(issuer))

    assert (answer.status_code, answer.content) == (200, b"")
    assert "no-store" in answer["Cache-Control"]
    assert [is_open(one) for one in (alice, elsewhere, bob)] == [False, True, True]
    assert [is_live(one) for one in (made_here, made_elsewhere)] == [False, True]
    alice.refresh_from_db()
    assert alice.end_reason == "signed out at the identity provider"
    assert alice.ended_by == EndedBy.PROVIDER
    assert AuditEvent.objects.get(action=Action.SIGNIN_ENDED).detail["ended_by"] == "provider"
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {Action.SIGNIN_ENDED, Action.TOKEN_REVOKED} <= actions


@pytest.mark.parametrize("front", [False, True])
def test_a_token_made_in_a_sign_in_that_was_replaced_ends_with_its_old_session(
    issuer: Issuer, settings: Any, front: bool
) -> None:
    settings.FRONT_CHANNEL_LOGOUT = True
    settings.OIDC_ISSUER = issuer.url
    before, bobs = sign_in(issuer), sign_in(issuer, "bob", sid="session-of-bob")
    made_before, of_bob = token_made_in(before), token_made_in(bobs)
    after = sign_in(issuer, sid="the-session-after")
    signins.replace(previous=before, by=after, origin=FROM, now=timezone.now())
    assert is_live(made_before)

    if front:
        Client().get(FRONT, {"iss": issuer.url, "sid": SESSION})
    else:
        assert tell(logout_token(issuer)).status_code == 200

    assert [is_live(one) for one in (made_before, of_bob)] == [False, True]
    assert is_open(after)


def test_a_session_of_somebody_else_is_not_ended_by_its_identifier(issuer: Issuer) -> None:
    alice = sign_in(issuer)

    assert tell(logout_token(issuer, sub="sub-bob")).status_code == 200

    assert is_open(alice)


@pytest.mark.parametrize("changes", [{"sub": ABSENT}, {}])
def test_a_session_can_be_named_without_its_person(issuer: Issuer, changes: dict[str, Any]) -> None:
    alice = sign_in(issuer)

    tell(logout_token(issuer, **changes))

    assert not is_open(alice)


def test_a_person_without_a_session_means_all_of_that_person(issuer: Issuer) -> None:
    alice, elsewhere = sign_in(issuer), sign_in(issuer, sid="another-session-of-hers")
    bob = sign_in(issuer, "bob")
    token = token_made_in(alice)

    tell(logout_token(issuer, sid=ABSENT))

    assert [is_open(one) for one in (alice, elsewhere, bob)] == [False, False, True]
    assert not is_live(token)


def test_a_token_counts_once(issuer: Issuer) -> None:
    sign_in(issuer)
    token = logout_token(issuer)
    assert tell(token).status_code == 200
    again = sign_in(issuer)

    answer = tell(token)

    assert answer.status_code == 400
    assert "before" in answer.json()["error_description"]
    assert is_open(again)
    purge(now=timezone.now() + timedelta(minutes=10))
    assert not SpentToken.objects.exists()


def test_a_provider_whose_keys_cannot_be_read_is_asked_to_call_again(
    issuer: Issuer, settings: Any, unused_port: int
) -> None:
    token = logout_token(issuer)
    settings.OIDC_ISSUER = f"http://localhost:{unused_port}"

    answer = tell(token)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


# --- Global token revocation ---


def revocation_token(issuer: Issuer, header: dict[str, Any] | None = None, **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": issuer.url,
        "aud": f"http://localhost:8000{REVOCATION}",
        "jti": "one",
        "iat": now,
        "exp": now + 120,
        "sub": "the provider",
    }
    return signed(
        without_absent(claims | changes),
        key=issuer.key,
        header={"typ": "global-token-revocation+jwt", "kid": issuer.key.kid, **(header or {})},
    )


def revoke(token: str, sub_id: Any) -> Any:
    return Client(enforce_csrf_checks=True).post(
        REVOCATION,
        json.dumps({"sub_id": sub_id}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )


def of(issuer: Issuer, sub: str = "sub-alice") -> dict[str, str]:
    return {"format": "iss_sub", "iss": issuer.url, "sub": sub}


UNPROVEN: dict[str, Callable[[Issuer], str]] = {
    "no token": lambda issuer: "",
    "an access token": lambda issuer: issuer.token(aud=f"http://localhost:8000{REVOCATION}"),
    "a logout token": logout_token,
    "right but for its type": lambda issuer: revocation_token(issuer, {"typ": "JWT"}),
    "another audience": lambda issuer: revocation_token(issuer, aud="gatehouse"),
    "another issuer": lambda issuer: revocation_token(issuer, iss="https://id.example"),
    "old": lambda issuer: revocation_token(issuer, iat=int(time.time()) - 400),
    "no jti": lambda issuer: revocation_token(issuer, jti=ABSENT),
}


def test_a_revocation_that_proves_nothing_ends_nothing(
    issuer: Issuer, subtests: pytest.Subtests
) -> None:
    alice = sign_in(issuer)
    for name, make in UNPROVEN.items():
        with subtests.test(name):
            answer = revoke(make(issuer), of(issuer))

            assert answer.status_code == 401
            assert "invalid_token" in answer["WWW-Authenticate"]
            assert is_open(alice)


@pytest.mark.parametrize(
    "sub_id",
    [None, 7, [], {}, {"format": "phone_number"}, {"sub": "sub-alice"}, {"format": "\x00"}],
)
def test_a_revocation_that_names_nobody_is_a_bad_request(issuer: Issuer, sub_id: Any) -> None:
    assert revoke(revocation_token(issuer), sub_id).status_code == 400


def test_a_revocation_of_somebody_unknown_is_not_found_and_its_token_is_not_spent(
    issuer: Issuer,
) -> None:
    token = revocation_token(issuer)

    assert revoke(token, of(issuer, "nobody")).status_code == 404
    assert revoke(token, {**of(issuer), "iss": "https://id.example"}).status_code == 404
    assert revoke(token, {"format": "opaque", "id": "nobody"}).status_code == 404

    assert not SpentToken.objects.exists()


@pytest.mark.parametrize("by", ["iss_sub", "opaque", "email"])
def test_a_revocation_ends_all_that_a_person_has(issuer: Issuer, by: str, settings: Any) -> None:
    settings.PROVIDER_CUTS_SESSIONS = True
    alice, elsewhere = sign_in(issuer), sign_in(issuer, sid="another-session-of-hers")
    bob = sign_in(issuer, "bob")
    token = token_made_in(alice)
    sub_id = {
        "iss_sub": of(issuer),
        "opaque": {"format": "opaque", "id": "sub-alice"},
        "email": {"format": "email", "email": "Alice@northwind.example"},
    }[by]

    answer = revoke(revocation_token(issuer), sub_id)

    assert (answer.status_code, answer.content) == (204, b"")
    assert [is_open(one) for one in (alice, elsewhere, bob)] == [False, False, True]
    assert not is_live(token)
    assert revoke(revocation_token(issuer), sub_id).status_code == 401, "used before"
    assert Job.objects.get().payload["sub"] == "sub-alice"


@pytest.mark.parametrize("change", ["unverified", "twice"])
def test_an_address_that_is_not_one_persons_names_nobody(issuer: Issuer, change: str) -> None:
    alice = sign_in(issuer)
    if change == "unverified":
        Person.objects.filter(pk=alice.person_id).update(email_verified=False)
    else:
        sign_in(issuer, "bob", email="alice@northwind.example")

    answer = revoke(
        revocation_token(issuer), {"format": "email", "email": "alice@northwind.example"}
    )

    assert answer.status_code == 404
    assert is_open(alice)


# --- Front-channel logout ---


def test_front_channel_logout_is_off_unless_it_is_set(issuer: Issuer) -> None:
    alice = sign_in(issuer)

    assert Client().get(FRONT, {"sid": SESSION}).status_code == 404
    assert is_open(alice)


def test_front_channel_logout_ends_the_session_that_is_named(issuer: Issuer, settings: Any) -> None:
    settings.FRONT_CHANNEL_LOGOUT = True
    alice, bob = sign_in(issuer), sign_in(issuer, "bob", sid="short")
    for query in ({}, {"sid": "short"}, {"sid": SESSION, "iss": "https://id.example"}):
        assert Client().get(FRONT, query).status_code == 400
    assert is_open(alice)

    answer = Client().get(FRONT, {"sid": SESSION, "iss": issuer.url})

    assert answer.status_code == 200
    assert f"frame-ancestors {issuer.url}" in answer["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer
    assert [is_open(one) for one in (alice, bob)] == [False, True]
    assert "Set-Cookie" not in answer


@pytest.mark.parametrize("path", [LOGOUT, REVOCATION, FRONT])
def test_an_address_that_sends_what_proves_nothing_is_told_to_wait_and_good_calls_are_answered(
    issuer: Issuer, settings: Any, path: str
) -> None:
    settings.API_BAD_TOKEN_LIMIT = "3/minute"
    settings.FRONT_CHANNEL_LOGOUT = True
    begun, stranger = sign_in(issuer), Client()

    def bad() -> int:
        if path == FRONT:
            return stranger.get(FRONT, {"sid": "a-guess-of-somebody-0001"}).status_code
        headers = {"Authorization": "Bearer x.y.z"}
        return stranger.post(path, {"logout_token": "x.y.z"}, headers=headers).status_code

    refused = [bad() for _ in range(4)]

    assert refused == [{LOGOUT: 400, REVOCATION: 401, FRONT: 200}[path]] * 3 + [429]
    assert is_open(begun)
    assert stranger.get(FRONT, {"sid": SESSION}).status_code == 200
    assert not is_open(begun)


@pytest.mark.parametrize("by_sub", [False, True])
def test_live_sessions_are_cut_only_where_a_setting_says_so(
    issuer: Issuer, settings: Any, by_sub: bool
) -> None:
    sign_in(issuer)
    sign_in(issuer, "bob", sid="session-of-bob")
    changes: dict[str, Any] = {"sid": ABSENT} if by_sub else {}

    assert tell(logout_token(issuer, **changes)).status_code == 200
    assert not Job.objects.exists()

    settings.PROVIDER_CUTS_SESSIONS = True
    assert tell(logout_token(issuer, jti="the-second", **changes)).status_code == 200
    job = Job.objects.get()
    assert (job.kind, job.payload["sub"]) == (provider_calls.JOB, "sub-alice")


def test_the_worker_cuts_what_lives_of_that_person(issuer: Issuer) -> None:
    alice = sign_in(issuer).person
    payload = {"issuer": alice.issuer, "sub": alice.sub, "reason": "signed out there"}

    provider_calls.cut(payload, now=timezone.now())
    assert not Revocation.objects.exists(), "nothing lives"

    audit.record(
        action=Action.KEYS_ISSUED,
        now=timezone.now(),
        origin=FROM,
        issuer=alice.issuer,
        sub=alice.sub,
        account_id="210987654321",
        role_arn="arn:aws:iam::210987654321:role/gatehouse/Developer",
        role_name="Developer",
        duration=3600,
    )
    HANDLERS[provider_calls.JOB].run(payload, timezone.now())

    cut = Revocation.objects.get()
    assert (cut.requested_by, cut.reason) == ("the identity provider", "signed out there")
    assert cut.placements.get().role_name == "Developer"
