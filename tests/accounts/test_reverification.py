"""Claims age: what is too old is verified again at a real provider before anything is issued by it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import access, reverification
from accounts.encryption import decrypt
from accounts.errors import GatehouseError, SignInAgain, VerifyAgain
from accounts.models import Approval, AuditEvent, Person, SignIn
from accounts.models.audit import Action
from accounts.models.signins import Verification
from accounts.models.sso import Flow
from accounts.oidc import token_endpoint
from accounts.oidc.errors import ProviderUnavailable
from accounts.portal_tokens import lifecycle
from accounts.signins import subject_of
from accounts.sso import client_tokens, registrations
from accounts.sso.errors import ClientRefused
from accounts.types import Kind, RoleRef, Scope
from demo.identity import IdentityProvider
from tests import cast
from tests.accounts.portal_tokens.tokens import refused, use
from tests.accounts.test_access import DEV
from tests.identity import Visitor
from tests.sso.conftest import BEARER, UNAUTHORIZED, denial

pytestmark = pytest.mark.usefixtures("northwind", "sts_endpoint")

MAX_AGE = 300
WITHOUT_REFRESH_TOKEN = {"no_refresh_token": True}
Act = Callable[[SignIn], object]


@pytest.fixture
def by(request: pytest.FixtureRequest, settings: Any) -> str:
    """The way of verifying, as REVERIFY says it."""
    settings.REVERIFY = getattr(request, "param", "refresh")
    # An access token of this provider lasts as long as claims do by default.
    settings.CLAIMS_MAX_AGE = MAX_AGE if settings.REVERIFY == "refresh" else 120
    return str(settings.REVERIFY)


@pytest.fixture
def sign_in(visitor: Visitor, identity: IdentityProvider, by: str) -> SignIn:
    """Alice's, completed just now; the provider has not been asked since."""
    visitor.walk("alice")
    identity.hits.clear()
    sign_in = SignIn.objects.select_related("person").get()
    assert sign_in.verification == by
    return sign_in


both = pytest.mark.parametrize("by", ["refresh", "userinfo"], indirect=True)


def later(seconds: float = 0) -> Any:
    """When claims of now are too old, or later."""
    seconds = seconds or django_settings.CLAIMS_MAX_AGE
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=True)


def get_keys(sign_in: SignIn) -> str:
    issued = access.issue_keys(
        subject=subject_of(sign_in),
        role=RoleRef(DEV, "Developer"),
        duration=None,
        origin=cast.ORIGIN,
        now=timezone.now(),
    )
    return issued.credentials.access_key_id


def create_token(sign_in: SignIn) -> lifecycle.NewToken:
    return lifecycle.create(
        sign_in=sign_in,
        purpose="A test",
        scope=Scope(kinds=frozenset({Kind.KEYS})),
        lifetime=timedelta(days=30),
        origin=cast.ORIGIN,
        now=timezone.now(),
    )


def command_line(
    sign_in: SignIn,
) -> tuple[registrations.RegisteredClient, client_tokens.IssuedTokens]:
    """Allow a command line access, and return it with its tokens."""
    now = timezone.now()
    client = registrations.register(name="aws", scopes=(registrations.SCOPE,), now=now).client
    approval = Approval.objects.create(
        flow=Flow.DEVICE,
        sign_in=sign_in,
        client=client.digest,
        client_name=client.name,
        refreshable=True,
        digest="digest",
        requested_at=now,
        approved_at=now,
        expires_at=now + timedelta(minutes=1),
    )
    return client, client_tokens.redeem(approval=approval, origin=cast.ORIGIN, now=now)


def refusal(act: Act, sign_in: SignIn, kind: type[GatehouseError] = SignInAgain) -> str:
    with pytest.raises(kind) as refused:
        act(sign_in)
    return refused.value.code


# Refused


@pytest.mark.parametrize("act", [get_keys, create_token])
def test_who_is_disabled_at_the_provider_is_refused_and_signed_out(
    sign_in: SignIn, identity: IdentityProvider, act: Act
) -> None:
    assert act(sign_in)
    identity.change("alice", disabled=True)

    with later():
        assert refusal(act, sign_in) == "signin.ended_at_provider"

    stored = SignIn.objects.get()
    assert stored.end_reason == "the identity provider no longer renews it"
    assert stored.encrypted_refresh_token == ""


def test_refusal_of_keys_is_recorded(sign_in: SignIn, identity: IdentityProvider) -> None:
    identity.change("alice", disabled=True)

    with later():
        refusal(get_keys, sign_in)

    assert (
        AuditEvent.objects.get(action=Action.KEYS_DENIED).error_code == "signin.ended_at_provider"
    )


@pytest.mark.parametrize("by", ["userinfo"], indirect=True)
def test_who_is_disabled_is_refused_by_userinfo_until_a_browser_has_asked(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    identity.change("alice", disabled=True)

    with later():
        assert refusal(get_keys, sign_in, VerifyAgain) == "signin.verify_again"
        assert refusal(get_keys, sign_in, VerifyAgain) == "signin.verify_again"

    assert identity.hits["userinfo"] == 1  # Its access token is worth nothing any more.
    assert SignIn.objects.get().encrypted_access_token == ""


@both
def test_who_lost_a_group_loses_its_roles(sign_in: SignIn, identity: IdentityProvider) -> None:
    assert get_keys(sign_in)
    identity.change("alice", groups=("platform",))

    with later():
        assert refusal(get_keys, sign_in, GatehouseError) == "access.denied"


@both
def test_who_lost_all_groups_loses_all_roles(sign_in: SignIn, identity: IdentityProvider) -> None:
    identity.change("alice", groups=())

    with later():
        assert refusal(get_keys, sign_in, GatehouseError) == "access.denied"
    assert SignIn.objects.get().claims["groups"] == []


@pytest.mark.parametrize("by", ["userinfo"], indirect=True)
def test_userinfo_that_no_longer_says_what_access_comes_from_verifies_nothing(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    with later(), identity.misbehaving(userinfo={"groups": None}):
        assert refusal(get_keys, sign_in, VerifyAgain) == "signin.verify_again"


@pytest.mark.parametrize("by", ["userinfo"], indirect=True)
def test_userinfo_about_somebody_else_is_refused(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    with later(), identity.misbehaving(userinfo={"sub": "sub-mallory"}):
        assert refusal(get_keys, sign_in, GatehouseError) == "signin.userinfo.sub"
    assert SignIn.objects.get().claims["sub"] == "sub-alice"


@both
def test_provider_that_is_down_gives_nothing_and_ends_nothing(
    sign_in: SignIn, identity: IdentityProvider, by: str
) -> None:
    endpoint = {"refresh": "token", "userinfo": "userinfo"}[by]
    with later(), identity.misbehaving(status={endpoint: 503}):
        assert refusal(get_keys, sign_in, ProviderUnavailable) == "signin.provider.unavailable"
    with later():
        assert get_keys(sign_in)


@pytest.mark.parametrize("by", ["silent"], indirect=True)
def test_where_only_a_browser_can_ask_everything_else_is_refused(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    new = create_token(sign_in)

    with later():
        now = timezone.now()
        assert refusal(get_keys, sign_in, VerifyAgain) == "signin.verify_again"
        assert refused(new.secret, now=now) == "token.stale"
    assert (identity.hits["token"], identity.hits["userinfo"]) == (0, 0)


@both
def test_token_of_somebody_disabled_is_refused(sign_in: SignIn, identity: IdentityProvider) -> None:
    new = create_token(sign_in)
    identity.change("alice", disabled=True)

    with later():
        assert refused(new.secret, now=timezone.now()) == "token.stale"


def test_command_line_of_somebody_disabled_gets_no_new_tokens(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    client, issued = command_line(sign_in)
    identity.change("alice", disabled=True)

    with later(), pytest.raises(ClientRefused) as refused:
        client_tokens.renew(
            client=client,
            refresh_token=issued.refresh_token,
            origin=cast.ORIGIN,
            now=timezone.now(),
        )
    assert refused.value.code == "sso.grant"


@pytest.mark.parametrize("by", ["refresh", "userinfo", "silent"], indirect=True)
def test_command_line_of_somebody_disabled_is_told_to_sign_in_again(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    _, issued = command_line(sign_in)
    identity.change("alice", disabled=True)

    with later():
        answer = Client().get(
            "/federation/credentials",
            {"account_id": DEV, "role_name": "Developer"},
            headers={BEARER: issued.access_token},
        )
    assert denial(answer) == UNAUTHORIZED


def test_who_is_no_admin_any_more_loses_the_rights_on_record(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("carol")
    sign_in = SignIn.objects.select_related("person").get()
    assert sign_in.person.is_admin
    identity.change("carol", groups=("everyone",))

    with later():
        now = timezone.now()
        renewed = reverification.verified(sign_in, origin=cast.ORIGIN, now=now)

    assert not renewed.person.is_admin
    row = AuditEvent.objects.get(action=Action.SIGNIN_VERIFIED)
    assert (row.sub, row.detail) == ("sub-carol", {"admin": False, "auditor": False})


@pytest.mark.parametrize("grace", [0, 600])
def test_grace_counts_only_where_it_is_set_and_only_so_long(
    sign_in: SignIn, identity: IdentityProvider, settings: Any, grace: int
) -> None:
    settings.CLAIMS_GRACE = grace
    with identity.misbehaving(status={"token": 503}):
        with later(MAX_AGE + 590):
            if grace:
                assert get_keys(sign_in)
            else:
                assert refusal(get_keys, sign_in, ProviderUnavailable)
        with later(MAX_AGE + 610):
            assert refusal(get_keys, sign_in, ProviderUnavailable)


def test_grace_helps_nobody_whom_the_provider_refuses(
    sign_in: SignIn, identity: IdentityProvider, settings: Any
) -> None:
    settings.CLAIMS_GRACE = 3600
    identity.change("alice", disabled=True)

    with later():
        assert refusal(get_keys, sign_in) == "signin.ended_at_provider"


# Granted


@both
def test_claims_are_verified_once_and_then_fresh_again(
    sign_in: SignIn, identity: IdentityProvider, by: str
) -> None:
    endpoint = {"refresh": "token", "userinfo": "userinfo"}[by]
    with later():
        assert get_keys(sign_in)
        assert get_keys(sign_in)
        asked = identity.hits[endpoint]

    assert asked == 1
    stored = SignIn.objects.get()
    assert stored.verified_at > sign_in.verified_at
    assert stored.expires_at == sign_in.expires_at
    assert (stored.acr, stored.amr, stored.auth_time) == ("1", ["pwd"], sign_in.auth_time)


def test_fresh_claims_cost_no_question_and_no_statement(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    now = timezone.now()
    with later(MAX_AGE - 20), CaptureQueriesContext(connection) as queries:
        reverification.verified(sign_in, origin=cast.ORIGIN, now=now)

    assert len(queries) == 0
    assert not identity.hits


def test_refresh_token_that_is_rotated_is_stored(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    for round_ in (1, 2):
        with later(round_ * 400):
            assert get_keys(sign_in)

    assert identity.hits["token"] == 2
    assert decrypt(SignIn.objects.get().encrypted_refresh_token) in identity.refresh_tokens


def test_new_group_gives_its_roles(sign_in: SignIn, identity: IdentityProvider) -> None:
    identity.change("alice", groups=("on-call",))

    with later():
        now = timezone.now()
        renewed = reverification.verified(sign_in, origin=cast.ORIGIN, now=now)
    assert renewed.claims["groups"] == ["on-call"]


@both
def test_token_works_while_the_provider_confirms_its_person(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    new = create_token(sign_in)
    identity.change("alice", groups=("on-call",))

    with later():
        assert use(new.secret, now=timezone.now()).claims["groups"] == ["on-call"]


def test_token_goes_by_another_sign_in_where_one_was_ended(
    sign_in: SignIn, visitor: Visitor, identity: IdentityProvider
) -> None:
    new = create_token(sign_in)
    Visitor().walk("alice")
    newest = SignIn.objects.order_by("-started_at").first()
    assert newest is not None
    identity.sessions.pop(newest.claims["sid"])

    with later():
        assert use(new.secret, now=timezone.now()).sub == "sub-alice"
    newest.refresh_from_db()
    assert newest.ended_at is not None


def test_who_comes_second_waits_for_what_the_first_stores(
    sign_in: SignIn, identity: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with later():
        now = timezone.now()
        SignIn.objects.update(refreshing_until=now + timedelta(seconds=5))
        waited: list[float] = []

        def first_is_done(seconds: float) -> None:
            waited.append(seconds)
            SignIn.objects.update(refreshing_until=None, verified_at=now)

        monkeypatch.setattr(time, "sleep", first_is_done)
        assert reverification.verified(sign_in, origin=cast.ORIGIN, now=now).verified_at == now

    assert waited == [0.2]
    assert identity.hits["token"] == 0


def test_refresh_that_brings_no_id_token_counts_where_userinfo_says_everything(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, identity: IdentityProvider
) -> None:
    real = token_endpoint.refresh

    def without_id_token(token: str) -> token_endpoint.TokenAnswer:
        return replace(real(token), id_token="")

    monkeypatch.setattr(token_endpoint, "refresh", without_id_token)
    identity.change("alice", groups=("on-call",))

    with later():
        now = timezone.now()
        renewed = reverification.verified(sign_in, origin=cast.ORIGIN, now=now)
        assert renewed.claims["groups"] == ["on-call"]
    with later(2 * MAX_AGE + 60), identity.misbehaving(userinfo={"groups": None}):
        assert refusal(get_keys, sign_in, VerifyAgain) == "signin.verify_again"


def test_sign_in_of_another_provider_than_the_present_one_is_not_asked_about(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    Person.objects.update(issuer="https://before.northwind.example")

    with later():
        assert refusal(get_keys, sign_in, VerifyAgain) == "signin.verify_again"
    assert identity.hits["token"] == 0


# How it is detected, how long a sign-in lasts, and what admins are told


@pytest.mark.parametrize(
    ("reverify", "faults", "found", "hours"),
    [
        ("detect", {}, Verification.REFRESH, 10),
        ("detect", WITHOUT_REFRESH_TOKEN, Verification.USERINFO, 10),
        (
            "detect",
            {**WITHOUT_REFRESH_TOKEN, "userinfo": {"groups": None}},
            Verification.SILENT,
            10,
        ),
        ("refresh", WITHOUT_REFRESH_TOKEN, Verification.NONE, 1),
        ("none", {}, Verification.NONE, 1),
        ("silent", {}, Verification.SILENT, 10),
        ("userinfo", {}, Verification.USERINFO, 10),
        ("userinfo", {"userinfo": {"groups": None}}, Verification.NONE, 1),
        ("userinfo", {"status": {"userinfo": 403}}, Verification.NONE, 1),
    ],
)
def test_what_holds_is_detected_at_the_sign_in(
    visitor: Visitor,
    identity: IdentityProvider,
    settings: Any,
    reverify: str,
    faults: dict[str, Any],
    found: Verification,
    hours: int,
) -> None:
    settings.REVERIFY = reverify
    with identity.misbehaving(**faults):
        visitor.walk("alice")

    sign_in = SignIn.objects.get()
    assert sign_in.verification == found
    assert sign_in.expires_at - sign_in.started_at == timedelta(hours=hours)
    assert bool(sign_in.encrypted_access_token) == (found == Verification.USERINFO)


@pytest.mark.parametrize(
    ("verification", "reverify", "grace", "said"),
    [
        ("refresh", "detect", 0, "loses access here within 5 minutes."),
        (
            "refresh",
            "detect",
            600,
            "within 5 minutes, and within 15 minutes while the provider cannot be reached.",
        ),
        ("none", "refresh", 0, "within 1 hour: the provider gives no refresh token."),
        ("none", "none", 0, "within 1 hour: REVERIFY is none."),
        (
            "silent",
            "detect",
            0,
            "within 5 minutes: the provider gives no refresh token, so browsers",
        ),
        ("userinfo", "detect", 0, "so userinfo is asked for as long as its access token lasts"),
    ],
)
def test_one_sentence_says_how_soon_access_ends(
    db: None, settings: Any, verification: str, reverify: str, grace: int, said: str
) -> None:
    settings.REVERIFY, settings.CLAIMS_GRACE = reverify, grace
    sign_in = cast.sign_in("alice")
    sign_in.verification = verification

    assert said in reverification.in_one_sentence(sign_in)
    assert "Nobody has signed in yet" in reverification.in_one_sentence(None)
