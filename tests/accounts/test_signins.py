"""Sign-ins: who gets in as whom, for how long, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.signals import pre_save
from pytest_django import Settings

from accounts import signins
from accounts.encryption import decrypt
from accounts.entitlements import resolve
from accounts.errors import SignInAgain
from accounts.models import AuditEvent, Person, SignIn
from accounts.models.audit import Action
from accounts.models.signins import Verification
from accounts.signins import ProviderTokens
from accounts.types import Origin, Subject, Surface
from tests import cast
from tests.cast import NOON, ORIGIN, subject

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
TOKENS = ProviderTokens(
    id_token="planted-id-token",
    refresh_token="planted-refresh-token",
)


def begin(who: Subject | str = "alice", *, tokens: ProviderTokens = TOKENS) -> SignIn:
    somebody = subject(who) if isinstance(who, str) else who
    return signins.begin(subject=somebody, tokens=tokens, origin=ORIGIN, now=NOON)


def end(sign_in: SignIn, *, reason: str = "signed out") -> None:
    signins.end(sign_in=sign_in, reason=reason, origin=ORIGIN, now=NOON + HOUR / 2)


@contextmanager
def meanwhile(act: Callable[[Person], object]) -> Iterator[None]:
    """Do something at the very moment before a person is next written, once."""

    def once(instance: Person, **_: Any) -> None:
        pre_save.disconnect(once, sender=Person)
        act(instance)

    pre_save.connect(once, sender=Person, weak=False)
    yield
    assert not pre_save.disconnect(once, sender=Person)


# Refused


def test_a_blocked_person_cannot_begin() -> None:
    begin("mallory")
    cast.block_everybody()

    with pytest.raises(SignInAgain, match="blocked") as refusal:
        begin("mallory")

    assert refusal.value.code == "signin.blocked"
    assert "Contact your portal admins" in refusal.value.user_message
    assert SignIn.objects.count() == 1
    row = AuditEvent.objects.get(action=Action.SIGNIN_FAILED)
    assert (row.sub, row.error_code) == ("sub-mallory", "signin.blocked")


def test_a_block_that_falls_into_a_sign_in_is_kept() -> None:
    begin("mallory")

    with meanwhile(cast.block):
        row = begin("mallory")

    with pytest.raises(SignInAgain):
        signins.get_open(sign_in_id=row.id, now=NOON)


@pytest.mark.parametrize(
    "identity",
    [
        {"issuer": ""},
        {"sub": ""},
        {"sub": "s" * 256},
        {"issuer": f"https://{'i' * 255}.example"},
        {"sub": "sub-alice\x00"},
        {"sub": "\ud800"},
    ],
)
def test_an_identity_that_cannot_be_kept_apart_cannot_begin(identity: dict[str, Any]) -> None:
    with pytest.raises(SignInAgain) as refusal:
        begin(replace(subject("alice"), **identity))

    assert refusal.value.code == "signin.identity"
    assert not Person.objects.exists()
    assert AuditEvent.objects.get().error_code == "signin.identity"


@pytest.mark.parametrize("later", [HOUR, 2 * HOUR])
def test_a_sign_in_stands_no_longer_than_its_lifetime(later: timedelta) -> None:
    row = begin()

    with pytest.raises(SignInAgain, match="is not open") as refusal:
        signins.get_open(sign_in_id=row.id, now=NOON + later)

    assert refusal.value.http_status == 401
    assert "Sign in again" in refusal.value.user_message


def test_an_ended_sign_in_does_not_stand() -> None:
    row = begin()
    end(row)

    with pytest.raises(SignInAgain):
        signins.get_open(sign_in_id=row.id, now=NOON)


def test_a_sign_in_of_a_blocked_person_does_not_stand() -> None:
    row = begin()
    cast.block_everybody()

    with pytest.raises(SignInAgain):
        signins.get_open(sign_in_id=row.id, now=NOON)


def test_no_sign_in_does_not_stand() -> None:
    begin()

    for unknown in (None, uuid4()):
        with pytest.raises(SignInAgain):
            signins.get_open(sign_in_id=unknown, now=NOON)


# Granted


def test_a_sign_in_stands_until_its_lifetime_is_over(settings: Settings) -> None:
    settings.SIGN_IN_LIFETIME = 600
    row = begin()

    assert row.expires_at == NOON + timedelta(minutes=10)
    almost = NOON + timedelta(minutes=10) - timedelta(microseconds=1)
    assert signins.get_open(sign_in_id=row.id, now=almost) == row


def test_a_sign_in_keeps_what_the_provider_vouched_for() -> None:
    somebody = replace(
        subject("alice", sid="session-1"),
        acr="mfa",
        amr=("pwd", "otp"),
        auth_time=NOON - HOUR,
    )

    row = begin(somebody)
    row.refresh_from_db()

    assert signins.subject_of(row) == replace(somebody, sign_in_id=row.id)
    assert row.provider_session == "session-1"
    assert (row.started_at, row.verified_at) == (NOON, NOON)
    assert (row.ip, row.user_agent) == ("192.0.2.7", "pytest")
    assert row.person.last_login == NOON


def test_a_sign_in_is_recorded_without_its_claims() -> None:
    row = begin(subject("alice", secret="planted-claim"))

    recorded = AuditEvent.objects.get(action=Action.SIGNIN_COMPLETED)
    assert (recorded.sub, recorded.at) == ("sub-alice", NOON)
    assert recorded.detail == {
        "sign_in": str(row.id),
        "admin": False,
        "auditor": False,
        "incomplete_claims": [],
    }
    assert "planted" not in repr(vars(recorded))


# Who somebody is


def test_another_sub_with_the_same_email_is_another_person() -> None:
    first = begin("alice")
    begin(replace(subject("alice"), sub="another"))

    assert Person.objects.filter(email="alice@northwind.example").count() == 2
    assert SignIn.objects.filter(person=first.person).count() == 1


def test_the_same_sub_of_another_issuer_is_another_person() -> None:
    begin("alice")
    begin(replace(subject("alice"), issuer="https://elsewhere.example"))

    assert Person.objects.count() == 2


def test_the_same_sub_with_another_email_is_the_same_person() -> None:
    first = begin("alice")
    second = begin(replace(subject("alice"), email="alice@newname.example", name="Alice N."))

    assert first.person == second.person
    assert Person.objects.get().email == "alice@newname.example"
    assert Person.objects.get().name == "Alice N."


def test_two_first_sign_ins_at_once_are_of_one_person() -> None:
    others: list[Person] = []

    def overtaken(execute: Any, sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if not others and sql.startswith("SELECT") and "accounts_person" in sql:
            # Looked for and not found: now somebody else is quicker.
            others.append(Person(issuer="https://id.northwind.example", sub="sub-alice"))
            Person.objects.bulk_create(others)
        return result

    with connection.execute_wrapper(overtaken):
        row = begin("alice")

    assert others
    assert Person.objects.get() == row.person


# Rights


@pytest.mark.parametrize(
    "groups", ["portal-admin", ["Portal-Admins"], ["portal-admins "], [], None]
)
def test_other_claims_make_nobody_an_admin(groups: Any) -> None:
    assert not begin(subject("mallory", groups=groups)).person.is_admin
    assert not Person.objects.get().is_staff


def test_an_empty_setting_makes_nobody_an_admin(settings: Settings) -> None:
    settings.ADMIN_CLAIM = ""
    settings.AUDITOR_VALUES = []

    person = begin(subject("mallory", groups=["", "portal-admins", "portal-auditors"])).person

    assert (person.is_admin, person.is_auditor) == (False, False)


def test_claims_make_admins_and_auditors() -> None:
    assert begin("carol").person.is_admin
    assert not begin("carol").person.is_auditor
    assert begin(subject("bob", groups="portal-auditors")).person.is_auditor


def test_rights_are_taken_away_at_the_next_sign_in() -> None:
    begin(subject("carol", groups=["portal-admins", "portal-auditors"]))

    begin(subject("carol", groups=[]))

    person = Person.objects.get()
    assert (person.is_admin, person.is_auditor, person.is_staff) == (False, False, False)


def test_claims_that_did_not_arrive_whole_are_recorded_where_rights_hang_on_them() -> None:
    row = begin(subject("carol", groups=[], hasgroups=True))

    assert not row.person.is_admin
    recorded = AuditEvent.objects.get(action=Action.SIGNIN_COMPLETED)
    assert recorded.detail["incomplete_claims"] == ["groups"]


# Ending


def test_ending_forgets_the_tokens_and_is_recorded() -> None:
    row = begin()

    end(row, reason="signed out")

    row.refresh_from_db()
    assert (row.ended_at, row.end_reason) == (NOON + HOUR / 2, "signed out")
    assert row.encrypted_id_token + row.encrypted_refresh_token == ""
    recorded = AuditEvent.objects.get(action=Action.SIGNIN_ENDED)
    assert (recorded.sub, recorded.reason) == ("sub-alice", "signed out")
    assert recorded.detail == {"sign_in": str(row.id), "ended_by": "person"}


def test_ending_twice_changes_and_records_nothing_more() -> None:
    row = begin()
    end(row, reason="first")

    end(row, reason="second")

    assert SignIn.objects.get().end_reason == "first"
    assert AuditEvent.objects.filter(action=Action.SIGNIN_ENDED).count() == 1


def test_ending_one_leaves_the_others() -> None:
    first, second = begin(), begin()

    end(first, reason="x" * 500)

    assert signins.get_open(sign_in_id=second.id, now=NOON) == second


# Secrets


def test_tokens_are_unreadable_in_the_database_and_readable_to_us(settings: Settings) -> None:
    row = begin(subject("alice"))

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_signin")
        assert "planted" not in repr(cursor.fetchall())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret, as long as the first one was, and as random"
    assert decrypt(row.encrypted_id_token) == "planted-id-token"
    assert decrypt(row.encrypted_refresh_token) == "planted-refresh-token"


def test_no_tokens_stay_none() -> None:
    assert begin(tokens=ProviderTokens()).encrypted_id_token == ""


def test_nothing_planted_is_shown() -> None:
    somebody = subject("alice", secret="planted-claim")
    row = begin(somebody)
    cast.block_everybody()
    shown: list[object] = [TOKENS, row, row.person, somebody, signins.subject_of(row), ORIGIN]

    refusals: list[Callable[[], SignIn]] = [
        lambda: begin(somebody),
        lambda: signins.get_open(sign_in_id=row.id, now=NOON),
        lambda: begin(replace(somebody, sub="")),
    ]
    for refuse in refusals:
        with pytest.raises(SignInAgain) as refusal:
            refuse()
        shown += [refusal.value, refusal.value.user_message, refusal.value.admin_message]

    assert "planted" not in "".join(f"{value!r} {value}" for value in shown)


# Hostile input


def test_claims_no_database_can_hold_are_kept_without_meaning_something_else() -> None:
    somebody = Subject(
        issuer="https://id.northwind.example",
        sub="sub-mallory",
        name="m\x00" * 300,
        email="\ud800" * 300,
        claims={"groups": ["portal-\x00admins", "ok"], "sid": "\x00" * 300, "n": 10**400},
        acr="\x00" * 300,
        amr=("\x00",),
    )
    origin = Origin(surface=Surface.PAGES, ip="x" * 99, user_agent="\x00" * 999)

    row = signins.begin(subject=somebody, tokens=TOKENS, origin=origin, now=NOON)
    row.refresh_from_db()

    assert not row.person.is_admin
    assert row.claims["groups"] == ["portal-\ufffdadmins", "ok"]
    assert resolve(subject=signins.subject_of(row), now=NOON).granted == ()


def test_sign_in_that_ended_while_the_person_was_at_the_provider_stays_ended() -> None:
    sign_in = cast.sign_in("alice", now=NOON)
    signins.end(sign_in=sign_in, reason="ended by its person", origin=ORIGIN, now=NOON)

    with pytest.raises(SignInAgain):
        signins.renew(
            sign_in=sign_in,
            subject=subject("alice"),
            tokens=ProviderTokens(refresh_token="another"),
            verification=Verification.REFRESH,
            origin=ORIGIN,
            now=NOON,
        )

    stored = SignIn.objects.get(pk=sign_in.pk)
    assert (stored.end_reason, stored.encrypted_refresh_token) == ("ended by its person", "")
    assert not AuditEvent.objects.filter(action="signin.person.verified").exists()
