"""The ID token of a sign-in, refreshed at a real provider whose refresh tokens work once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts import refreshing, signins
from accounts.encryption import decrypt
from accounts.errors import GatehouseError, SignInAgain
from accounts.models import AuditEvent, SignIn
from accounts.oidc import jwt, token_endpoint
from accounts.oidc.errors import InvalidToken, ProviderUnavailable
from accounts.oidc.token_endpoint import TokenAnswer
from demo.identity import IdentityProvider
from tests import cast
from tests.identity import Visitor

ID_TOKEN_LIFETIME = 300


@pytest.fixture
def sign_in(visitor: Visitor, identity: IdentityProvider) -> SignIn:
    """Alice's, completed just now; the provider has not been asked since."""
    visitor.walk("alice")
    identity.hits.clear()
    return SignIn.objects.get()


def ask(sign_in: SignIn, *, rejected: str = "") -> str:
    return refreshing.id_token(sign_in_id=sign_in.pk, origin=cast.ORIGIN, rejected=rejected)


def stored(sign_in: SignIn) -> tuple[str, str]:
    """The ID token and the refresh token that are stored now."""
    sign_in.refresh_from_db()
    return decrypt(sign_in.encrypted_id_token), decrypt(sign_in.encrypted_refresh_token)


def later(**parts: int) -> Any:
    return time_machine.travel(timezone.now() + timedelta(**parts), tick=True)


def without_refresh_token(sign_in: SignIn) -> None:
    SignIn.objects.filter(pk=sign_in.pk).update(encrypted_refresh_token="")


def refusal(sign_in: SignIn, kind: type[GatehouseError] = SignInAgain) -> str:
    """Return the code with which the sign-in is refused, and see that no token is in what is said."""
    tokens = [token for token in stored(sign_in) if token]
    with pytest.raises(kind) as refused:
        ask(sign_in)
    said = refused.value.user_message + refused.value.admin_message + repr(refused.value)
    assert not any(token in said for token in tokens)
    return refused.value.code


def test_sign_in_that_has_ended_has_no_token(sign_in: SignIn) -> None:
    signins.end(sign_in=sign_in, reason="signed out", origin=cast.ORIGIN, now=timezone.now())

    assert refusal(sign_in) == "signin.required"


def test_sign_in_that_has_expired_has_no_token(sign_in: SignIn, identity: IdentityProvider) -> None:
    with later(hours=11):
        assert refusal(sign_in) == "signin.required"
    assert identity.hits["token"] == 0


def test_token_that_is_too_old_and_cannot_be_refreshed_needs_a_new_sign_in(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    without_refresh_token(sign_in)

    with later(seconds=ID_TOKEN_LIFETIME + 250):
        assert refusal(sign_in) == "signin.id_token_too_old"
    assert identity.hits["token"] == 0
    assert SignIn.objects.get().ended_at is None


def test_token_that_cannot_be_refreshed_is_used_as_long_as_aws_takes_it(sign_in: SignIn) -> None:
    first, _ = stored(sign_in)
    without_refresh_token(sign_in)

    with later(seconds=ID_TOKEN_LIFETIME + 200):
        assert ask(sign_in) == first
        with pytest.raises(SignInAgain):
            ask(sign_in, rejected=first)


@pytest.mark.parametrize("what", ["session over", "person disabled"])
def test_sign_in_that_the_provider_has_ended_ends_here(
    sign_in: SignIn, identity: IdentityProvider, what: str
) -> None:
    if what == "session over":
        identity.end_sessions("alice")
    else:
        identity.change("alice", disabled=True)

    with later(seconds=ID_TOKEN_LIFETIME):
        assert refusal(sign_in) == "signin.ended_at_provider"

    assert stored(sign_in) == ("", "")
    assert sign_in.ended_at is not None
    ended = AuditEvent.objects.get(action="signin.person.ended")
    assert (ended.reason, ended.ip) == ("the identity provider no longer renews it", "192.0.2.7")


@pytest.mark.parametrize(
    "faults",
    [{"status": {"token": 503}}, {"not_json": frozenset({"token"})}, {"status": {"token": 429}}],
)
def test_provider_that_is_down_gives_nothing_and_ends_nothing(
    sign_in: SignIn, identity: IdentityProvider, faults: dict[str, Any]
) -> None:
    with later(seconds=ID_TOKEN_LIFETIME), identity.misbehaving(**faults):
        assert refusal(sign_in, ProviderUnavailable) == "signin.provider.unavailable"
    with later(seconds=ID_TOKEN_LIFETIME):
        assert ask(sign_in)

    assert SignIn.objects.get().ended_at is None


@pytest.mark.parametrize(
    ("claims", "rule"),
    [
        ({"sub": "sub-mallory"}, "sub"),
        ({"aud": "another-client", "azp": None}, "aud"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"auth_time": 1}, "auth_time"),
        ({"nonce": "of-another-sign-in"}, "nonce"),
    ],
)
def test_refreshed_token_about_somebody_or_something_else_is_refused(
    sign_in: SignIn, identity: IdentityProvider, claims: dict[str, Any], rule: str
) -> None:
    first, refresh_token = stored(sign_in)

    with later(seconds=ID_TOKEN_LIFETIME), identity.misbehaving(claims=claims):
        assert refusal(sign_in, InvalidToken) == f"signin.token.{rule}"

    kept, rotated = stored(sign_in)
    assert kept == first
    assert rotated not in ("", refresh_token)
    with later(seconds=ID_TOKEN_LIFETIME):
        assert ask(sign_in) not in ("", first)


def test_forged_refreshed_token_is_refused(sign_in: SignIn, identity: IdentityProvider) -> None:
    with later(seconds=ID_TOKEN_LIFETIME), identity.misbehaving(foreign_key=True):
        assert refusal(sign_in, InvalidToken) == "signin.token.signature"


def test_provider_that_sends_no_new_id_token_needs_a_new_sign_in(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    answer = {"access_token": "a", "token_type": "Bearer"}

    with later(seconds=ID_TOKEN_LIFETIME), identity.misbehaving(body={"token": answer}):
        assert refusal(sign_in) == "signin.id_token_too_old"


@pytest.mark.parametrize("when", ["while the provider is asked", "before the ID token is stored"])
def test_sign_in_that_ends_meanwhile_gets_no_tokens_back(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def end() -> None:
        signins.end(sign_in=sign_in, reason="signed out", origin=cast.ORIGIN, now=timezone.now())

    if when == "while the provider is asked":
        _before(monkeypatch, token_endpoint, "refresh", end, after=True)
    else:
        _before(monkeypatch, refreshing, "_store_claims", end)

    with later(seconds=ID_TOKEN_LIFETIME):
        assert refusal(sign_in) == "signin.required"
    assert stored(sign_in) == ("", "")


def _before(
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    act: Callable[[], None],
    *,
    after: bool = False,
) -> None:
    original = getattr(module, name)

    def wrapped(*given: Any, **named: Any) -> Any:
        if not after:
            act()
        answer = original(*given, **named)
        if after:
            act()
        return answer

    monkeypatch.setattr(module, name, wrapped)


# --- what works ---


def test_token_that_is_fresh_is_used_and_nobody_is_asked(
    sign_in: SignIn, identity: IdentityProvider
) -> None:
    first, _ = stored(sign_in)

    assert ask(sign_in) == first
    assert identity.hits["token"] == 0


@pytest.mark.parametrize("age", [ID_TOKEN_LIFETIME - 10, ID_TOKEN_LIFETIME + 600])
def test_token_that_is_too_old_is_refreshed_and_stored(
    sign_in: SignIn, identity: IdentityProvider, age: int
) -> None:
    first, refresh_token = stored(sign_in)

    with later(seconds=age):
        second = ask(sign_in)
        assert ask(sign_in) == second

    assert identity.hits["token"] == 1
    assert second != first
    assert stored(sign_in)[0] == second
    assert stored(sign_in)[1] not in ("", refresh_token)
    assert second not in sign_in.encrypted_id_token
    assert sign_in.refreshing_until is None


def test_token_that_aws_has_refused_is_refreshed_though_it_looks_fresh(sign_in: SignIn) -> None:
    first, _ = stored(sign_in)
    with later(seconds=5):
        assert ask(sign_in, rejected=first) != first


def test_refresh_token_that_goes_on_working_is_kept(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, refresh_token = stored(sign_in)
    real = token_endpoint.refresh

    def without_rotation(token: str) -> TokenAnswer:
        answer = real(token)
        return TokenAnswer(answer.id_token, answer.access_token, refresh_token="")

    monkeypatch.setattr(token_endpoint, "refresh", without_rotation)

    with later(seconds=ID_TOKEN_LIFETIME):
        assert ask(sign_in)
    assert stored(sign_in)[1] == refresh_token


# --- one at a time ---


def test_who_comes_second_waits_for_the_first_and_asks_nobody(
    sign_in: SignIn, identity: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with later(seconds=ID_TOKEN_LIFETIME):
        soon = timezone.now() + timedelta(seconds=5)
        SignIn.objects.update(refreshing_until=soon)

        def first_is_done(seconds: float) -> None:
            SignIn.objects.update(refreshing_until=None)
            monkeypatch.setattr(time, "sleep", slept.append)
            slept.append(seconds)
            results.append(ask(sign_in))

        slept: list[float] = []
        results: list[str] = []
        monkeypatch.setattr(time, "sleep", first_is_done)

        assert ask(sign_in) == results[0]

    assert slept[0] == 0.2
    assert identity.hits["token"] == 1


def test_who_waits_gives_up_in_the_end(
    sign_in: SignIn, identity: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "LEASE", timedelta(seconds=0.5))
    with later(seconds=ID_TOKEN_LIFETIME):
        SignIn.objects.update(refreshing_until=timezone.now() + timedelta(minutes=1))

        assert refusal(sign_in, ProviderUnavailable) == "signin.provider.unavailable"
    assert identity.hits["token"] == 0


def test_lease_of_a_process_that_died_runs_out(sign_in: SignIn) -> None:
    with later(seconds=ID_TOKEN_LIFETIME):
        SignIn.objects.update(refreshing_until=timezone.now() - timedelta(seconds=1))

        token = ask(sign_in)

    assert jwt.parse(token).unverified_claims["sub"] == "sub-alice"


@pytest.mark.parametrize("asked", ["the ID token", "the claims"])
def test_whoever_looked_before_another_request_was_done_does_not_ask_again(
    sign_in: SignIn, identity: IdentityProvider, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """The provider gives the same refresh token again, so that nothing else tells the two looks apart."""
    refresh, take_lease = token_endpoint.refresh, refreshing._takes_lease

    def without_rotation(token: str) -> TokenAnswer:
        return replace(refresh(token), refresh_token=token)

    def ask_again() -> None:
        if asked == "the ID token":
            ask(sign_in)
        else:
            refreshing.verify_claims(sign_in_id=sign_in.pk, not_before=began, origin=cast.ORIGIN)

    def after_another_request(*arguments: Any) -> bool:
        monkeypatch.setattr(refreshing, "_takes_lease", take_lease)
        ask_again()
        return take_lease(*arguments)

    monkeypatch.setattr(token_endpoint, "refresh", without_rotation)
    monkeypatch.setattr(refreshing, "_takes_lease", after_another_request)
    with later(seconds=ID_TOKEN_LIFETIME):
        began = timezone.now()
        ask_again()

    assert identity.hits["token"] == 1
    sign_in.refresh_from_db()
    assert sign_in.refreshing_until is None
