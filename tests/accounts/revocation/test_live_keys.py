"""Keys that the portal gave out die at the next call, and those of others live: the door, the cut, an AWS that means it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.utils import timezone

from accounts import revocation
from accounts.aws.revocation_policies import Cut, RevocationPolicy
from accounts.errors import SignInAgain
from accounts.models import AuditEvent, Revocation, SignIn
from accounts.models.audit import Action
from accounts.models.revocations import Reach
from accounts.revocation import Asked, Request
from tests import cast
from tests.accounts.revocation import companies
from tests.accounts.revocation.companies import DEV, PROD, enter, placed, works
from tests.strict_aws import StrictAws

pytestmark = pytest.mark.wire


def cut(reach: Reach, **more: Any) -> Asked:
    request = Request(reach=reach, **{"reason": "keys were leaked", **more})
    return revocation.ask(request, by="root", origin=cast.ORIGIN, now=timezone.now())


def of(name: str) -> dict[str, str]:
    return {"issuer": cast.ISSUER, "sub": f"sub-{name}"}


def next_second() -> None:
    """Wait for the second after this one: AWS counts sessions in seconds."""
    time.sleep(1.05)


def test_a_person_is_blocked_first_and_cut_in_every_role_and_others_live(aws: StrictAws) -> None:
    alices = [enter("alice", DEV, "Developer"), enter("alice", PROD, "ReadOnly")]
    bobs = enter("bob", DEV, "Developer")
    assert all(works(aws, keys) for keys in (*alices, bobs))

    asked = cut(Reach.PERSON, block=True, **of("alice"))

    assert asked.sign_ins_ended == 2
    assert [works(aws, keys) for keys in alices] == [False, False]
    assert works(aws, bobs)
    with pytest.raises(SignInAgain):
        enter("alice", DEV, "Developer")
    progress = revocation.progress_of(asked.revocation)
    assert (progress.accounts_placed, progress.accounts, progress.is_complete) == (2, 2, True)
    assert str(progress).startswith("Placed in 2 of 2 accounts within ")


def test_new_keys_of_a_person_who_is_not_blocked_live(aws: StrictAws) -> None:
    leaked = enter("alice", DEV, "Developer")
    elsewhere = enter("alice", PROD, "ReadOnly")

    cut(Reach.PERSON_IN_ROLE, account_id=DEV, role_name="Developer", **of("alice"))

    assert not works(aws, leaked)
    assert works(aws, elsewhere)
    next_second()
    assert works(aws, enter("alice", DEV, "Developer"))


def test_a_role_is_cut_for_everybody_and_what_was_there_stays(aws: StrictAws) -> None:
    by_hand = {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}
    companies.put(aws, DEV, "Developer", {"Version": "2012-10-17", "Statement": [by_hand]})
    both = [enter(name, DEV, "Developer") for name in ("alice", "bob")]
    other_role = enter("alice", DEV, "ReadOnly")

    first = cut(Reach.ROLE, account_id=DEV, role_name="Developer").revocation
    again = cut(Reach.PERSON_IN_ROLE, account_id=DEV, role_name="Developer", **of("bob")).revocation

    assert [works(aws, keys) for keys in both] == [False, False]
    assert works(aws, other_role)
    found = placed(aws, DEV, "Developer")
    assert by_hand in found["Statement"]
    assert RevocationPolicy.read(found).has(
        [Cut(first.since), Cut(again.since, again.person_mark)], now=timezone.now()
    )
    next_second()
    assert works(aws, enter("alice", DEV, "Developer"))


def test_an_account_and_everything(aws: StrictAws) -> None:
    inside = [enter("alice", DEV, "Developer"), enter("alice", DEV, "ReadOnly")]
    outside = enter("bob", PROD, "Operator")

    cut(Reach.ACCOUNT, account_id=DEV)

    assert [works(aws, keys) for keys in inside] == [False, False]
    assert works(aws, outside)
    asked = cut(Reach.EVERYTHING)
    assert not works(aws, outside)
    assert asked.revocation.placements.count() == 4


def test_one_sign_in_ends_and_what_it_entered_is_cut(aws: StrictAws) -> None:
    keys = enter("alice", DEV, "Developer")
    first = SignIn.objects.get()
    bobs = enter("bob", DEV, "Developer")
    other = enter("alice", PROD, "ReadOnly")  # By a sign-in of its own.

    asked = cut(Reach.SIGN_IN, sign_in=str(first.pk))

    first.refresh_from_db()
    assert (first.ended_at is not None, asked.sign_ins_ended) == (True, 1)
    assert not works(aws, keys)
    assert [works(aws, one) for one in (bobs, other)] == [True, True]
    assert SignIn.objects.filter(ended_at=None).count() == 2


def test_every_step_is_in_the_audit_trail_and_no_key_is(aws: StrictAws) -> None:
    keys = enter("alice", DEV, "Developer")

    cut(Reach.PERSON, block=True, **of("alice"))

    asked = AuditEvent.objects.get(action=Action.SESSIONS_CUT)
    assert (asked.actor, asked.reason) == ("root", "keys were leaked")
    assert asked.detail["sub"] == "sub-alice"
    row = AuditEvent.objects.get(action=Action.CUT_PLACED)
    assert (row.account_id, row.role_name) == (DEV, "Developer")
    assert row.detail["revocation"] == str(Revocation.objects.get().pk)
    whole = str(list(AuditEvent.objects.values()) + list(Revocation.objects.values()))
    assert keys.credentials.secret_access_key not in whole
    for session in aws.cloud.tokens.sessions:
        if session != keys.credentials.access_key_id:
            assert session not in whole  # The revoker's own.
