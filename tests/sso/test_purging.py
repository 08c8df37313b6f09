"""Purging deletes command lines whose sign-in has ended, and no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from pytest_django import Settings

from accounts import signins
from accounts.models import Approval, CliToken, SignIn
from accounts.purging import Purged, purge
from tests import cast
from tests.cast import NOON, ORIGIN
from tests.sso.conftest import INVALID_GRANT, Program, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind", "clock")]

HOUR = timedelta(hours=1)


def test_purge_leaves_a_command_line_that_is_signed_in(program: Program) -> None:
    given = program.login()

    assert purge(now=NOON + HOUR - timedelta(seconds=1)) == Purged(sign_ins=0, sessions=0)

    assert program.get("/assignment/accounts", given["accessToken"]).status_code == 200


def test_purge_leaves_a_code_that_can_still_be_typed(program: Program) -> None:
    program.begin()

    purge(now=NOON + timedelta(minutes=9, seconds=59))

    assert Approval.objects.count() == 1


def test_purge_leaves_what_tells_a_used_code_from_an_unknown_one(
    program: Program, clock: time_machine.Traveller
) -> None:
    program.register()
    code = program.code(cast.signed_in("alice"))
    program.redeem(code)
    clock.shift(timedelta(minutes=10))
    purge(now=NOON + timedelta(minutes=10))

    assert refusal(program.redeem(code)) == INVALID_GRANT

    assert Approval.objects.get().revoked_at is not None


def test_purge_forgets_what_nobody_answered_or_fetched(program: Program) -> None:
    program.begin()
    program.register()
    program.code(cast.signed_in("alice"))

    found = purge(now=NOON + timedelta(minutes=10))

    assert (found.approvals, found.cli_tokens) == (2, 0)
    assert not Approval.objects.exists()


@pytest.mark.parametrize("how", ["ran out", "signed out"])
def test_purge_forgets_a_command_line_whose_sign_in_is_over(program: Program, how: str) -> None:
    program.login()
    now = NOON + HOUR
    if how == "signed out":
        now = NOON + timedelta(minutes=5)
        signins.end(sign_in=SignIn.objects.get(), reason="test", origin=ORIGIN, now=now)

    found = purge(now=now)

    assert (found.approvals, found.cli_tokens) == (1, 2)
    assert not CliToken.objects.exists()
    assert SignIn.objects.count() == 1


def test_purge_forgets_tokens_that_ran_out_of_a_command_line_that_goes_on(
    program: Program, settings: Settings
) -> None:
    settings.SIGN_IN_LIFETIME = 2 * 3600
    program.login()

    found = purge(now=NOON + HOUR)

    assert (found.approvals, found.cli_tokens) == (0, 1)
    assert CliToken.objects.get().is_refresh_token


def test_dry_run_says_what_would_go_and_changes_nothing(program: Program) -> None:
    program.login()

    found = purge(now=NOON + HOUR, dry_run=True)

    assert (found.approvals, found.cli_tokens) == (1, 2)
    assert (Approval.objects.count(), CliToken.objects.count()) == (1, 2)
