"""`manage.py block` and `unblock`: whom they find, what they say and leave in the audit trail."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import blocking, blocks, signins
from accounts.errors import SignInAgain
from accounts.management.operators import operator_name
from accounts.models import AuditEvent, Block, Person
from accounts.people import note_seen
from accounts.types import Subject, Surface
from tests import cast

pytestmark = pytest.mark.django_db

ALICE = cast.subject("alice", preferred_username="alice")
OF_API = replace(ALICE, sub="pairwise-alice")
RENAMED = replace(OF_API, sub="renamed-alice", email="alice@home.example")


def run(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out, no_color=True)
    return out.getvalue()


def blocked() -> set[str]:
    people = (ALICE, OF_API, RENAMED, cast.subject("bob"))
    return {subject.sub for subject in people if blocks.is_blocked(subject)}


def seen(*subjects: Subject) -> None:
    for subject in subjects:
        note_seen(subject, surface=Surface.API, now=timezone.now())


def test_who_is_not_named_clearly_is_not_blocked() -> None:
    for arguments in (
        (),
        ("--issuer", cast.ISSUER),
        ("--sub", "sub-alice"),
        ("--claim", "groups"),
        ("--email", "a@b.example", "--claim", "groups", "--value", "x"),
        ("--issuer", cast.ISSUER, "--value", "x"),
    ):
        with pytest.raises(CommandError, match="Name whom"):
            run("block", *arguments, "--reason", "left")
    with pytest.raises(CommandError, match="Nobody has been seen with the address"):
        run("block", "--email", "nobody@northwind.example", "--reason", "left")
    with pytest.raises(CommandError, match="--reason"):
        run("block", "--claim", "groups", "--value", "x")
    with pytest.raises(CommandError, match="cannot be blank"):
        run("block", "--claim", "groups", "--value", "x", "--reason", "")
    assert not Block.objects.exists()
    assert not AuditEvent.objects.exists()


def test_an_address_blocks_all_its_identities_and_names_the_look_alikes() -> None:
    sign_in = cast.sign_in(ALICE)
    seen(OF_API, RENAMED, cast.subject("bob"))
    ask = ("--email", " ALICE@northwind.example", "--reason", "left the company")

    dry = run("block", *ask, "--dry-run")
    assert dry.count("Would block") == 2
    assert blocked() == set()

    said = run("block", *ask)

    assert blocked() == {"sub-alice", "pairwise-alice"}
    assert f"Blocked sub-alice at {cast.ISSUER}; 1 open sign-in ended." in said
    assert f"Blocked pairwise-alice at {cast.ISSUER}; 0 open sign-ins ended." in said
    assert "may be the same human being: alice@home.example" in said
    assert f"--issuer {cast.ISSUER} --sub renamed-alice" in said
    with pytest.raises(SignInAgain):
        signins.get_open(sign_in_id=sign_in.id, now=timezone.now())
    rows = AuditEvent.objects.filter(action="admin.object.added")
    assert {row.actor for row in rows} == {operator_name()}
    assert {row.surface for row in rows} == {"command"}
    assert {row.detail["after"]["reason"] for row in rows} == {"left the company"}

    assert "Was blocked already" in run("block", *ask)
    assert rows.count() == 2


def test_an_address_unblocks_them_and_names_what_still_refuses_them() -> None:
    seen(ALICE, OF_API)
    run("block", "--email", ALICE.email, "--reason", "left")
    run("block", "--claim", "email", "--value", ALICE.email.upper(), "--reason", "left")

    assert run("unblock", "--email", ALICE.email, "--dry-run").count("Would unblock") == 2
    said = run("unblock", "--email", ALICE.email)

    assert said.count("Unblocked") == 2
    assert "Still refuses alice@northwind.example: the block of email = ALICE@" in said
    assert blocked() == {"sub-alice", "pairwise-alice"}

    run("unblock", "--claim", "email", "--value", ALICE.email)

    assert blocked() == set()
    assert AuditEvent.objects.filter(action="admin.object.deleted").count() == 3
    with pytest.raises(CommandError, match="Not blocked: sub-alice at"):
        run("unblock", "--issuer", cast.ISSUER, "--sub", "sub-alice")


def test_what_two_admins_lift_at_once_is_recorded_once() -> None:
    row = cast.block(ALICE)
    for _ in range(2):
        blocking.unblock(row, by=ALICE, origin=cast.ORIGIN, now=timezone.now())

    event = AuditEvent.objects.get(action="admin.object.deleted")
    assert event.actor == ALICE.label
    assert event.detail["before"]["reason"] == "left"


def test_an_identity_never_seen_and_a_claim_value_are_blocked_and_a_reason_is_corrected() -> None:
    identity = ("--issuer", cast.ISSUER, "--sub", "pairwise-alice")
    run("block", *identity, "--reason", "lfet")
    run("block", *identity, "--reason", "left")

    assert blocked() == {"pairwise-alice"}
    change = AuditEvent.objects.get(action="admin.object.changed")
    assert change.detail["before"] == {"reason": "lfet"}
    assert change.detail["after"] == {"reason": "left"}
    assert not Person.objects.exists()

    cast.sign_in("bob")
    assert "1 open sign-in ended" in run(
        "block", "--claim", "groups", "--value", "ON-CALL", "--reason", "incident"
    )
    assert blocked() == {"pairwise-alice", "sub-bob"}
