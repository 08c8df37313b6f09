"""Ending sign-ins and command lines: one's own only, and each with all that hangs from it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import ending, signins
from accounts.ending import Ended
from accounts.errors import AccessDenied, SignInAgain
from accounts.models import Approval, AuditEvent, SignIn, Token
from accounts.models.audit import Action
from accounts.portal_tokens import lifecycle
from accounts.types import Kind, Scope
from tests import cast
from tests.cast import ORIGIN
from tests.sso.conftest import Program

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

ACCOUNTS = "/assignment/accounts"


def token_in(sign_in: SignIn, purpose: str = "report") -> Token:
    return lifecycle.create(
        sign_in=sign_in,
        purpose=purpose,
        scope=Scope(kinds=frozenset({Kind.KEYS})),
        lifetime=timedelta(days=1),
        origin=ORIGIN,
        now=timezone.now(),
    ).token


def is_live(token: Token) -> bool:
    token.refresh_from_db()
    return token.is_live(timezone.now())


def is_open(sign_in: SignIn) -> bool:
    sign_in.refresh_from_db()
    return sign_in.is_open(timezone.now())


def command_line(of: SignIn | None = None) -> tuple[Program, str, Approval]:
    """Let a command line in by the latest sign-in of alice, or by a new one."""
    program = Program()
    token = program.login()["accessToken"]
    approval = Approval.objects.latest("approved_at")
    if of is not None:
        Approval.objects.filter(pk=approval.pk).update(sign_in=of)
    return program, token, approval


def works(program: Program, token: str) -> bool:
    return bool(program.get(ACCOUNTS, token).status_code == 200)


# Denied


@pytest.mark.parametrize("whose", ["somebody else's", "nobody's"])
def test_a_sign_in_that_is_not_ones_own_is_not_ended(whose: str) -> None:
    bobs, mine = cast.sign_in("bob"), cast.sign_in("alice")
    asked: UUID = bobs.id if whose == "somebody else's" else uuid4()

    with pytest.raises(AccessDenied) as refusal:
        ending.end_one(sign_in_id=asked, by=mine, origin=ORIGIN, now=timezone.now())

    assert refusal.value.code == "sign_in.not_yours"
    assert str(asked) not in refusal.value.user_message
    assert is_open(bobs)


@pytest.mark.parametrize("whose", ["somebody else's", "nobody's"])
def test_a_command_line_that_is_not_ones_own_is_not_ended(whose: str) -> None:
    program, token, approval = command_line()
    asked = approval.id if whose == "somebody else's" else uuid4()

    with pytest.raises(AccessDenied) as refusal:
        ending.end_command_line(
            approval_id=asked, by=cast.sign_in("bob"), origin=ORIGIN, now=timezone.now()
        )

    assert refusal.value.code == "command_line.not_yours"
    assert works(program, token)


def test_who_is_signed_out_meanwhile_ends_nothing() -> None:
    mine, other = cast.sign_in("alice"), cast.sign_in("alice")
    now = timezone.now()
    signins.end(sign_in=mine, reason="signed out", origin=ORIGIN, now=now)

    with pytest.raises(SignInAgain):
        ending.end_one(sign_in_id=other.id, by=mine, origin=ORIGIN, now=now)
    with pytest.raises(SignInAgain):
        ending.end_others(by=mine, tokens_too=True, origin=ORIGIN, now=now)
    with pytest.raises(SignInAgain):
        ending.end_own(by=mine, tokens_too=True, origin=ORIGIN, now=now)

    assert is_open(other)


# Ended


def test_a_sign_in_ends_with_its_command_lines_and_tokens_and_nothing_else() -> None:
    mine, other, bobs = cast.sign_in("alice"), cast.sign_in("alice"), cast.sign_in("bob")
    program, bearer, _ = command_line(of=other)
    hanging, apart, foreign = token_in(other), token_in(mine), token_in(bobs)

    ended = ending.end_one(sign_in_id=other.id, by=mine, origin=ORIGIN, now=timezone.now())

    assert ended == Ended(sign_ins=1, command_lines=1, tokens=1)
    assert [is_open(one) for one in (mine, other, bobs)] == [True, False, True]
    assert [is_live(one) for one in (hanging, apart, foreign)] == [False, True, True]
    assert not works(program, bearer)
    row = AuditEvent.objects.get(action=Action.SIGNIN_ENDED)
    assert (row.sub, row.reason) == ("sub-alice", "ended by the person in another sign-in")


def test_a_sign_in_that_is_over_is_ended_without_another_row() -> None:
    mine, other = cast.sign_in("alice"), cast.sign_in("alice")
    now = timezone.now()
    signins.end(sign_in=other, reason="signed out", origin=ORIGIN, now=now)

    ended = ending.end_one(sign_in_id=other.id, by=mine, origin=ORIGIN, now=now)

    assert ended == Ended(0, 0, 0)
    other.refresh_from_db()
    assert other.end_reason == "signed out"


@pytest.mark.parametrize("tokens_too", [False, True])
def test_all_others_end_and_the_present_one_goes_on(tokens_too: bool) -> None:
    mine, others, bobs = (
        cast.sign_in("alice"),
        [cast.sign_in("alice") for _ in range(2)],
        cast.sign_in("bob"),
    )
    older, hanging = token_in(mine), token_in(others[0])

    ended = ending.end_others(by=mine, tokens_too=tokens_too, origin=ORIGIN, now=timezone.now())

    assert ended == Ended(sign_ins=2, command_lines=0, tokens=2 if tokens_too else 1)
    assert [is_open(one) for one in (mine, *others, bobs)] == [True, False, False, True]
    assert [is_live(one) for one in (older, hanging)] == [not tokens_too, False]


def test_everything_ends_the_present_sign_in_too() -> None:
    mine, other, bobs = cast.sign_in("alice"), cast.sign_in("alice"), cast.sign_in("bob")

    ended = ending.end_own(by=mine, tokens_too=False, origin=ORIGIN, now=timezone.now())

    assert ended.sign_ins == 2
    assert [is_open(one) for one in (mine, other, bobs)] == [False, False, True]


def test_one_command_line_ends_alone() -> None:
    first, second = command_line(), command_line()
    sign_in = first[2].sign_in
    assert sign_in is not None

    for _ in range(2):
        ending.end_command_line(
            approval_id=first[2].id, by=sign_in, origin=ORIGIN, now=timezone.now()
        )

    assert [works(*one[:2]) for one in (first, second)] == [False, True]
    assert is_open(sign_in)
    row = AuditEvent.objects.get(action=Action.CLI_TOKEN_REVOKED)
    assert (row.sub, row.reason) == ("sub-alice", "ended by the person")


def test_a_command_line_that_is_ended_before_it_has_its_tokens_gets_none() -> None:
    program = Program()
    program.register()
    code = program.code(cast.signed_in("alice"))
    approval = Approval.objects.get()
    assert approval.sign_in is not None

    ending.end_command_line(
        approval_id=approval.id, by=approval.sign_in, origin=ORIGIN, now=timezone.now()
    )

    assert program.redeem(code).status_code == 400
    assert not AuditEvent.objects.filter(action=Action.CLI_TOKEN_ISSUED).exists()


# Seen


def test_what_hangs_from_each_open_sign_in_is_shown_in_three_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    mine, other = cast.sign_in("alice"), cast.sign_in("alice")
    cast.sign_in("bob")
    over = cast.sign_in("alice")
    now = timezone.now()
    signins.end(sign_in=over, reason="signed out", origin=ORIGIN, now=now)
    _, _, approval = command_line(of=other)
    signins.end(
        sign_in=SignIn.objects.latest("started_at"), reason="signed out", origin=ORIGIN, now=now
    )
    token = token_in(mine)

    with django_assert_num_queries(3):
        found = {
            one.sign_in: (one.command_lines, one.tokens)
            for one in ending.open_sign_ins(mine.person, now=timezone.now())
        }

    assert found == {mine: ((), (token,)), other: ((approval,), ())}


def test_a_command_line_without_a_token_left_is_not_shown() -> None:
    _, _, approval = command_line()
    assert approval.sign_in is not None
    approval.tokens.update(expires_at=timezone.now())

    (found,) = ending.open_sign_ins(approval.sign_in.person, now=timezone.now())

    assert found.command_lines == ()
