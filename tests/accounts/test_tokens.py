"""Tokens of the portal: who makes one, what it opens, when it dies, and what is kept of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import access, bearer_secrets, bearers, signins, tokens
from accounts.entitlements import resolve
from accounts.errors import AccessDenied, InvalidRequest, SignInAgain, TokenRefused
from accounts.models import AuditEvent, Mapping, PermissionSet, Person, SignIn, Token
from accounts.models.audit import Action
from accounts.types import Kind, Named, Scope, Subject
from tests import cast
from tests.accounts.test_access import DEV, PROD
from tests.cast import NOON, ORIGIN

pytestmark = pytest.mark.usefixtures("northwind")

DAY = timedelta(days=1)
KEYS = Scope(kinds=frozenset({Kind.KEYS}))


def make(
    who: str | Subject = "alice",
    *,
    scope: Scope = KEYS,
    machine: str | None = None,
    lifetime: timedelta = 90 * DAY,
    purpose: str = "nightly report",
) -> tokens.NewToken:
    return tokens.create(
        sign_in=cast.sign_in(who, now=NOON),
        purpose=purpose,
        scope=scope,
        lifetime=lifetime,
        machine=machine,
        origin=ORIGIN,
        now=NOON,
    )


def use(bearer: str, *, now: datetime = NOON) -> Subject:
    return bearers.subject_of(bearer=bearer, origin=ORIGIN, now=now)


def refused(bearer: str, *, now: datetime = NOON) -> TokenRefused:
    with pytest.raises(TokenRefused) as refusal:
        use(bearer, now=now)
    assert refusal.value.http_status == 401
    assert bearer not in repr(refusal.value) + refusal.value.user_message
    return refusal.value


def roles(subject: Subject, *, now: datetime = NOON) -> set[tuple[str, str]]:
    return {
        (granted.role.account_id, granted.role.role_name)
        for granted in resolve(subject=subject, now=now).granted
    }


def refusals() -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(action=Action.TOKEN_REFUSED)
    return list(rows.values_list("sub", "error_code"))


# Refused


@pytest.mark.parametrize(
    "bearer",
    [
        "",
        "gatehouse_",
        "gatehouse_ \x00",
        "gatehouse_" + "0" * 49,
        "gatehouse_" + "é" * 49,
        "gatehouse_" + "0" * 100_000,
    ],
)
def test_a_mistyped_token_is_refused_without_a_query(bearer: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert refused(bearer or "x").code == "token.malformed"

    assert len(queries) == 0


def test_an_unknown_token_is_refused_and_fills_no_audit_trail() -> None:
    assert refused(bearer_secrets.new()).code == "token.unknown"
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), 400 * DAY])
def test_an_expired_token_is_refused_and_recorded(late: timedelta) -> None:
    secret = make(lifetime=DAY).secret

    assert refused(secret, now=NOON + DAY + late).code == "token.expired"
    assert refusals() == [("sub-alice", "token.expired")]


def test_a_revoked_token_is_refused_at_once_and_recorded() -> None:
    made = make()
    tokens.revoke(
        token_id=made.token.id, sign_in=cast.sign_in("alice", now=NOON), origin=ORIGIN, now=NOON
    )

    assert refused(made.secret).code == "token.revoked"
    assert refusals() == [("sub-alice", "token.revoked")]


def test_a_token_of_somebody_blocked_is_refused_and_recorded() -> None:
    secret = make().secret
    Person.objects.update(is_active=False)

    assert refused(secret).code == "token.blocked"
    assert refusals() == [("sub-alice", "token.blocked")]


@pytest.mark.parametrize("late", [timedelta(0), DAY])
def test_a_token_of_somebody_who_stays_away_is_refused(late: timedelta) -> None:
    secret = make().secret

    assert refused(secret, now=NOON + 7 * DAY + late).code == "token.stale"


def test_a_token_of_somebody_without_any_sign_in_is_refused() -> None:
    secret = make().secret
    SignIn.objects.all().delete()

    assert refused(secret).code == "token.stale"


def test_where_people_may_have_none_no_token_is_made_and_none_works(settings: Settings) -> None:
    secret = make().secret
    settings.TOKEN_CLAIMS_MAX_AGE = 0

    with pytest.raises(AccessDenied, match="TOKEN_CLAIMS_MAX_AGE"):
        make()
    assert refused(secret).code == "token.stale"


def test_a_scope_wider_than_the_entitlements_gives_nothing_more() -> None:
    everything = use(make().secret)

    assert roles(everything) == roles(cast.subject("alice")) != set()
    Mapping.objects.filter(permission_set__name="Developer").update(enabled=False)
    assert (DEV, "Developer") not in roles(everything)


@pytest.mark.usefixtures("sts_endpoint")
@pytest.mark.parametrize(
    ("account_id", "role_name"), [(PROD, "ReadOnly"), (DEV, "Developer"), (PROD, "Operator")]
)
def test_the_door_refuses_what_is_beyond_the_scope(account_id: str, role_name: str) -> None:
    made = make(
        scope=replace(KEYS, permission_sets=frozenset({"ReadOnly"}), account_ids=frozenset({DEV}))
    )

    with pytest.raises(AccessDenied):
        access.issue_keys(
            subject=use(made.secret),
            role=Named(account_id, role_name),
            duration=None,
            origin=ORIGIN,
            now=NOON,
        )

    row = AuditEvent.objects.get(action=Action.KEYS_DENIED)
    assert (row.sub, row.detail["token"]) == ("sub-alice", str(made.token.id))


def test_a_token_for_keys_opens_no_console() -> None:
    granted = resolve(subject=use(make().secret), now=NOON).granted

    assert granted
    assert not any(entitlement.console for entitlement in granted)


def test_a_group_lost_at_the_next_sign_in_is_lost_to_the_token() -> None:
    secret = make().secret
    cast.sign_in(cast.subject("alice", groups=[]), now=NOON + DAY)

    assert roles(use(secret, now=NOON + DAY), now=NOON + DAY) == set()


def test_the_token_of_an_admin_has_no_rights_of_an_admin() -> None:
    scope = use(make("carol").secret).scope

    assert scope is not None
    assert (scope.directory, scope.audit) == (False, False)


@pytest.mark.parametrize("reads", [{"audit": True}, {"directory": True}])
def test_nobody_makes_a_token_of_their_own_that_reads_what_admins_read(
    reads: dict[str, bool],
) -> None:
    with pytest.raises(AccessDenied):
        make("carol", scope=replace(KEYS, **reads))  # type: ignore[arg-type]


def test_only_an_admin_makes_a_token_for_a_machine() -> None:
    with pytest.raises(AccessDenied) as refusal:
        make("alice", machine="deploy")

    assert refusal.value.code == "token.machine_denied"
    assert not Token.objects.exists()


@pytest.mark.parametrize("claim", ["gatehouse:token", "token"])
@pytest.mark.parametrize("sent", ["deploy", ["deploy"], {"deploy": "deploy"}])
def test_no_provider_makes_anybody_a_machine(claim: str, sent: Any) -> None:
    map_machine("deploy")
    mallory = cast.subject("mallory", **{claim: sent}, gatehouse={"token": sent})

    assert roles(mallory) == set()
    assert roles(cast.as_subject(mallory, now=NOON)) == set()
    assert roles(replace(mallory, workload=True)) == set()
    assert roles(use(make(mallory).secret)) == set()


def test_a_machine_gets_nothing_by_the_groups_of_people_or_the_name_of_another() -> None:
    map_machine("deploy")
    cast.mapping("report", PermissionSet.objects.get(name="Operator"), "all", name="A group")

    assert roles(use(make("carol", machine="report").secret)) == set()


def test_without_an_open_sign_in_nothing_is_made_or_revoked() -> None:
    made = make()
    ended = cast.sign_in("alice", now=NOON)
    signins.end(sign_in=ended, reason="signed out", origin=ORIGIN, now=NOON)

    with pytest.raises(SignInAgain):
        tokens.create(sign_in=ended, purpose="x", scope=KEYS, lifetime=DAY, origin=ORIGIN, now=NOON)
    with pytest.raises(SignInAgain):
        tokens.revoke(token_id=made.token.id, sign_in=ended, origin=ORIGIN, now=NOON)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"purpose": "  "}, "token.purpose"),
        ({"purpose": "p" * 129}, "token.purpose"),
        ({"purpose": "a\x00b"}, "token.purpose"),
        ({"machine": ""}, "token.machine"),
        ({"machine": "Deploy"}, "token.machine"),
        ({"machine": "-deploy"}, "token.machine"),
        ({"machine": "deploy\n"}, "token.machine"),
        ({"machine": "m" * 64}, "token.machine"),
        ({"lifetime": timedelta(0)}, "token.lifetime"),
        ({"lifetime": 366 * DAY}, "token.lifetime"),
        ({"scope": Scope(kinds=frozenset())}, "token.scope"),
        ({"scope": Scope(permission_sets=frozenset())}, "token.scope"),
        ({"scope": Scope(permission_sets=frozenset({"ReadOnly", "Nothing"}))}, "token.scope"),
        ({"scope": Scope(account_ids=frozenset())}, "token.scope"),
        ({"scope": Scope(account_ids=frozenset({"000000000000"}))}, "token.scope"),
    ],
)
def test_what_cannot_be_is_refused_in_words(wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        make(**{"who": "carol", "machine": "deploy", **wrong})

    assert refusal.value.code == code
    assert not Token.objects.exists()


def test_nobody_names_what_they_do_not_have() -> None:
    with pytest.raises(InvalidRequest, match="Operator"):
        make(scope=replace(KEYS, permission_sets=frozenset({"Operator"})))


def test_there_are_so_many_tokens_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_LIVE", 2)
    expired = make().token
    Token.objects.update(created_at=NOON - DAY, expires_at=NOON)
    first, _ = make(), make()

    with pytest.raises(InvalidRequest) as refusal:
        make()
    assert refusal.value.code == "token.too_many"

    Token.objects.filter(pk=first.token.pk).update(revoked_at=NOON)
    assert make().token != expired


@pytest.mark.parametrize("who", ["bob", "mallory"])
def test_others_revoke_nothing_and_learn_nothing(who: str) -> None:
    made = make()
    sign_in = cast.sign_in(who, now=NOON)

    said = set()
    for token_id in (made.token.id, uuid4()):
        with pytest.raises(AccessDenied) as refusal:
            tokens.revoke(token_id=token_id, sign_in=sign_in, origin=ORIGIN, now=NOON)
        said.add((refusal.value.code, refusal.value.user_message))

    assert len(said) == 1
    assert use(made.secret).token_id == made.token.id


def test_who_is_no_admin_any_more_revokes_and_sees_nothing_of_machines() -> None:
    made = make("carol", machine="deploy")
    sign_in = cast.sign_in(cast.subject("carol", groups=[]), now=NOON)

    with pytest.raises(AccessDenied):
        tokens.revoke(token_id=made.token.id, sign_in=sign_in, origin=ORIGIN, now=NOON)
    with pytest.raises(AccessDenied):
        tokens.listed(person=sign_in.person, machines=True)
    with pytest.raises(AccessDenied):
        tokens.choices(sign_in=sign_in, for_machine=True, now=NOON)


def test_without_its_record_no_token_is_made_or_revoked(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make()

    def broken(**_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("accounts.audit.record", broken)
    sign_in = SignIn.objects.get()
    with pytest.raises(RuntimeError):
        tokens.create(
            sign_in=sign_in, purpose="x", scope=KEYS, lifetime=DAY, origin=ORIGIN, now=NOON
        )
    with pytest.raises(RuntimeError):
        tokens.revoke(token_id=made.token.id, sign_in=sign_in, origin=ORIGIN, now=NOON)

    assert Token.objects.get().revoked_at is None


# Granted


def test_a_token_acts_as_who_made_it_by_their_latest_claims() -> None:
    made = make()
    later = cast.subject("alice", groups=["on-call"])
    cast.sign_in(later, now=NOON + DAY)

    subject = use(made.secret, now=NOON + DAY)

    assert (subject.issuer, subject.sub, subject.label) == (
        later.issuer,
        later.sub,
        "alice@northwind.example",
    )
    assert (subject.workload, subject.sign_in_id, subject.token_id) == (
        False,
        None,
        made.token.id,
    )
    assert roles(subject, now=NOON + DAY) == {(PROD, "Operator")}


def test_a_token_outlives_the_sign_in_it_was_made_in_and_wakes_up_with_a_new_one() -> None:
    made = make()
    signins.end(sign_in=SignIn.objects.get(), reason="signed out", origin=ORIGIN, now=NOON)

    almost = NOON + 7 * DAY - timedelta(seconds=1)
    assert use(made.secret, now=almost).sub == "sub-alice"
    assert refused(made.secret, now=NOON + 8 * DAY).code == "token.stale"
    cast.sign_in("alice", now=NOON + 8 * DAY)
    assert use(made.secret, now=NOON + 8 * DAY).sub == "sub-alice"


def test_a_machine_has_roles_by_mappings_of_its_own_claim() -> None:
    map_machine("deploy")
    made = make("carol", machine="deploy")

    subject = use(made.secret)

    assert (subject.issuer, subject.sub) == ("http://localhost:8000", "token:deploy")
    assert subject.workload
    assert roles(subject) == {(DEV, "Developer")}
    assert roles(subject) == roles(use(make("carol", machine="deploy").secret))


def test_a_machine_keeps_working_when_who_made_its_token_leaves() -> None:
    map_machine("deploy")
    secret = make("carol", machine="deploy").secret
    Person.objects.update(is_active=False, is_admin=False)

    assert roles(use(secret, now=NOON + 80 * DAY), now=NOON + 80 * DAY)


def test_a_machine_may_read_what_admins_read_and_nothing_else() -> None:
    scope = Scope(kinds=frozenset(), directory=True, audit=True)

    assert use(make("carol", machine="siem", scope=scope).secret).scope == scope


def test_a_scope_comes_back_as_it_was_given() -> None:
    scope = Scope(
        permission_sets=frozenset({"ReadOnly"}),
        account_ids=frozenset({DEV, PROD}),
        kinds=frozenset({Kind.CONSOLE}),
    )

    assert use(make(scope=scope).secret).scope == scope


@pytest.mark.usefixtures("sts_endpoint")
def test_keys_taken_with_a_token_name_it_in_the_record() -> None:
    made = make()

    access.issue_keys(
        subject=use(made.secret),
        role=Named(DEV, "Developer"),
        duration=None,
        origin=ORIGIN,
        now=NOON,
    )

    row = AuditEvent.objects.get(action=Action.KEYS_ISSUED)
    assert (row.sub, row.detail) == ("sub-alice", {"token": str(made.token.id)})


def test_the_last_use_is_noted_at_most_once_a_minute() -> None:
    made = make()

    for second in (0, 1, 59, 60, 90):
        use(made.secret, now=NOON + timedelta(seconds=second))
        noted = Token.objects.get().last_used_at
        assert noted == NOON + timedelta(seconds=second // 60 * 60)
    assert Token.objects.get().last_used_ip == ORIGIN.ip


def test_a_use_within_the_minute_is_two_reads_and_no_write() -> None:
    secret = make().secret
    use(secret)

    with CaptureQueriesContext(connection) as queries:
        use(secret, now=NOON + timedelta(seconds=30))

    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "SELECT"]


def test_an_owner_and_an_admin_revoke_and_it_is_recorded_once() -> None:
    mine, another = make(), make()

    for _ in range(2):
        for who, token in (("alice", mine.token), ("carol", another.token)):
            tokens.revoke(
                token_id=token.id, sign_in=cast.sign_in(who, now=NOON), origin=ORIGIN, now=NOON
            )

    rows = AuditEvent.objects.filter(action=Action.TOKEN_REVOKED)
    assert {(row.sub, row.detail["token"]) for row in rows} == {
        ("sub-alice", str(mine.token.id)),
        ("sub-carol", str(another.token.id)),
    }
    assert rows.count() == 2
    another.token.refresh_from_db()
    assert another.token.revoked_by == "carol@northwind.example"


def test_making_one_is_recorded_with_what_it_may_do() -> None:
    made = make(scope=replace(KEYS, account_ids=frozenset({DEV})))

    row = AuditEvent.objects.get(action=Action.TOKEN_CREATED)
    assert (row.sub, row.at) == ("sub-alice", NOON)
    assert row.detail == {
        "object": "token alice@northwind.example: nightly report",
        "token": str(made.token.id),
        "machine": "",
        "purpose": "nightly report",
        "made_by": "alice@northwind.example",
        "permission_sets": None,
        "accounts": [DEV],
        "may": ["keys"],
        "expires_at": "2027-02-20T12:00:00+00:00",
    }


# Kept


def test_the_secret_is_in_no_row_no_log_and_no_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = make()
    use(made.secret)
    Person.objects.update(is_active=False)
    refused(made.secret)
    refused(made.secret[:-1])

    random = made.secret.removeprefix("gatehouse_")[:43]
    kept = [
        repr(made),
        repr(vars(made.token)),
        caplog.text,
        *(repr(vars(row)) for model in (Token, AuditEvent, SignIn) for row in model.objects.all()),
    ]
    assert made.token.digest == bearer_secrets.digest(made.secret)
    assert not any(random in text for text in kept)


def map_machine(name: str) -> Mapping:
    """Let a machine be Developer in payments-dev."""
    return cast.mapping(
        name,
        PermissionSet.objects.get(name="Developer"),
        "all",
        claim=bearers.MACHINE_CLAIM,
        name=f"{name} deploys",
    )
