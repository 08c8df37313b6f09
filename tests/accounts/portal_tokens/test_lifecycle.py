"""Who creates, lists and revokes the portal's tokens, and what is recorded of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from accounts import audit, signins
from accounts.errors import AccessDenied, InvalidRequest, SignInAgain
from accounts.models import AuditEvent, SignIn, Token
from accounts.models.audit import Action
from accounts.portal_tokens import lifecycle, scopes
from accounts.types import Scope
from tests import cast
from tests.accounts.portal_tokens.tokens import DAY, KEYS, create, refused, use
from tests.accounts.test_access import DEV
from tests.cast import NOON, ORIGIN

pytestmark = pytest.mark.usefixtures("northwind")

IMPOSSIBLE: tuple[tuple[dict[str, Any], str], ...] = (
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
)

# Refused


def test_where_personal_tokens_are_off_none_is_created_and_none_works(settings: Settings) -> None:
    secret = create().secret
    settings.PERSONAL_TOKENS = False

    with pytest.raises(AccessDenied, match="PERSONAL_TOKENS"):
        create()
    assert refused(secret) == "token.off"


def test_nobody_creates_a_token_of_their_own_that_reads_what_admins_read() -> None:
    for reads in ({"audit": True}, {"directory": True}):
        with pytest.raises(AccessDenied):
            create("carol", scope=replace(KEYS, **reads))  # type: ignore[arg-type]
    assert not Token.objects.exists()


def test_only_an_admin_creates_a_machine_token() -> None:
    with pytest.raises(AccessDenied) as refusal:
        create("alice", machine="deploy")

    assert refusal.value.code == "token.machine_denied"
    assert not Token.objects.exists()


def test_without_an_open_sign_in_nothing_is_created_or_revoked() -> None:
    new = create()
    ended = cast.sign_in("alice", now=NOON)
    signins.end(sign_in=ended, reason="signed out", origin=ORIGIN, now=NOON)

    with pytest.raises(SignInAgain):
        lifecycle.create(
            sign_in=ended, purpose="x", scope=KEYS, lifetime=DAY, origin=ORIGIN, now=NOON
        )
    with pytest.raises(SignInAgain):
        lifecycle.revoke(token_id=new.token.id, sign_in=ended, origin=ORIGIN, now=NOON)


def test_an_impossible_token_is_refused_with_its_code() -> None:
    for wrong, code in IMPOSSIBLE:
        with pytest.raises(InvalidRequest) as refusal:
            create(**{"who": "carol", "machine": "deploy", **wrong})
        assert refusal.value.code == code, wrong

    assert not Token.objects.exists()


def test_nobody_names_a_role_they_do_not_have() -> None:
    with pytest.raises(InvalidRequest, match="Operator"):
        create(scope=replace(KEYS, permission_sets=frozenset({"Operator"})))


def test_a_person_has_a_limited_number_of_live_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "MAX_LIVE", 2)
    expired = create().token
    Token.objects.update(created_at=NOON - DAY, expires_at=NOON)
    first, _ = create(), create()

    with pytest.raises(InvalidRequest) as refusal:
        create()
    assert refusal.value.code == "token.too_many"

    Token.objects.filter(pk=first.token.pk).update(revoked_at=NOON)
    assert create().token != expired


def test_others_revoke_nothing_and_learn_nothing() -> None:
    new = create()

    answers = set()
    for who in ("bob", "mallory"):
        sign_in = cast.sign_in(who, now=NOON)
        for token_id in (new.token.id, uuid4()):
            with pytest.raises(AccessDenied) as refusal:
                lifecycle.revoke(token_id=token_id, sign_in=sign_in, origin=ORIGIN, now=NOON)
            answers.add((refusal.value.code, refusal.value.user_message))

    assert len(answers) == 1
    assert use(new.secret).token_id == new.token.id


def test_a_former_admin_revokes_and_sees_no_machine_tokens() -> None:
    new = create("carol", machine="deploy")
    sign_in = cast.sign_in(cast.subject("carol", groups=[]), now=NOON)

    with pytest.raises(AccessDenied):
        lifecycle.revoke(token_id=new.token.id, sign_in=sign_in, origin=ORIGIN, now=NOON)
    with pytest.raises(AccessDenied):
        lifecycle.list_tokens(person=sign_in.person, machines=True)
    with pytest.raises(AccessDenied):
        scopes.choices(sign_in=sign_in, for_machine=True, now=NOON)


def test_without_its_record_no_token_is_created_or_revoked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new = create()

    def broken(**_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("accounts.audit.record", broken)
    sign_in = SignIn.objects.get()
    with pytest.raises(RuntimeError):
        lifecycle.create(
            sign_in=sign_in, purpose="x", scope=KEYS, lifetime=DAY, origin=ORIGIN, now=NOON
        )
    with pytest.raises(RuntimeError):
        lifecycle.revoke(token_id=new.token.id, sign_in=sign_in, origin=ORIGIN, now=NOON)

    assert Token.objects.get().revoked_at is None


# Granted


def test_an_owner_and_an_admin_revoke_and_it_is_recorded_once() -> None:
    mine, another = create(), create()

    for _ in range(2):
        for who, token in (("alice", mine.token), ("carol", another.token)):
            lifecycle.revoke(
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


def test_creation_is_recorded_with_what_the_token_may_do() -> None:
    new = create(scope=replace(KEYS, account_ids=frozenset({DEV})))

    row = AuditEvent.objects.get(action=Action.TOKEN_CREATED)
    assert (row.sub, row.at) == ("sub-alice", NOON)
    assert row.detail == {
        "object": "token alice@northwind.example: nightly report",
        "token": str(new.token.id),
        "machine": "",
        "purpose": "nightly report",
        "made_by": "alice@northwind.example",
        "permission_sets": None,
        "accounts": [DEV],
        "may": ["keys"],
        "read_only": False,
        "expires_at": "2027-02-20T12:00:00+00:00",
    }


def test_token_that_somebody_else_revokes_meanwhile_is_revoked_and_recorded_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = create("alice").token, create("alice").token
    record = audit.record

    def while_others_revoke(**row: Any) -> int:
        Token.objects.filter(revoked_at=None).update(revoked_at=NOON, revoked_by="alice")
        return record(**row)

    monkeypatch.setattr(audit, "record", while_others_revoke)

    revoked = lifecycle.revoke_personal(
        Token.objects.filter(pk__in=[first.pk, second.pk]), reason="gone", origin=ORIGIN, now=NOON
    )

    assert len(revoked) == 1
    assert AuditEvent.objects.filter(action=Action.TOKEN_REVOKED).count() == 1
