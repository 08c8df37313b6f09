"""Purging forgets what nobody can use any more, and nothing else."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from accounts import signins
from accounts.encryption import decrypt
from accounts.models import AuditEvent, Job, SignIn, Token
from accounts.purging import Purged, purge
from accounts.signins import ProviderTokens
from portal.signin import sign_in_attempts
from tests import cast
from tests.cast import NOON

TOKENS = ProviderTokens(id_token="planted-id-token", refresh_token="planted-refresh")
LIFE = timedelta(hours=1)

pytestmark = pytest.mark.django_db


def begin(who: str = "alice", *, now: datetime = NOON, tokens: ProviderTokens = TOKENS) -> SignIn:
    return signins.begin(subject=cast.subject(who), tokens=tokens, origin=cast.ORIGIN, now=now)


def kept(sign_in: SignIn) -> list[str]:
    """Return the provider's tokens that the row still holds."""
    row = SignIn.objects.get(pk=sign_in.pk)
    sealed = (row.encrypted_id_token, row.encrypted_refresh_token)
    return [decrypt(one) for one in sealed if one]


def everything() -> list[Any]:
    return [
        list(model._default_manager.order_by("pk").values())
        for model in (SignIn, Session, AuditEvent, Token)
    ]


def said(**options: Any) -> str:
    out = io.StringIO()
    call_command("purge", stdout=out, **options)
    return out.getvalue()


# What stays


def test_purge_leaves_an_open_sign_in_as_it_is_to_its_last_second() -> None:
    sign_in = begin()
    before = everything()

    assert purge(now=NOON + LIFE - timedelta(seconds=1)) == Purged(sign_ins=0, sessions=0)

    assert everything() == before
    assert kept(sign_in) == ["planted-id-token", "planted-refresh"]


def test_purge_leaves_an_open_session_and_its_page_opens() -> None:
    alice = cast.signed_in("alice")

    purge(now=timezone.now())

    assert alice.get("/activity").status_code == 200


def test_purge_never_touches_the_audit_trail() -> None:
    begin()
    before = list(AuditEvent.objects.values())

    purge(now=NOON + timedelta(days=3650))

    assert list(AuditEvent.objects.values()) == before


def test_purge_leaves_the_row_of_a_sign_in_that_is_over_and_its_claims() -> None:
    sign_in = begin()

    purge(now=NOON + timedelta(days=30))

    row = SignIn.objects.get(pk=sign_in.pk)
    assert (row.claims, row.started_at, row.ended_at) == (sign_in.claims, NOON, None)


def test_purge_leaves_tokens_of_the_portal_which_the_audit_trail_names() -> None:
    Token.objects.create(
        created_by=begin().person,
        purpose="nightly report",
        digest="digest",
        keys=True,
        created_at=NOON,
        expires_at=NOON + LIFE,
    )
    before = list(Token.objects.values())

    purge(now=NOON + timedelta(days=3650))

    assert list(Token.objects.values()) == before


# What goes


def test_ending_a_sign_in_forgets_the_providers_tokens_at_once() -> None:
    sign_in = begin()

    signins.end(sign_in=sign_in, reason="signed out", origin=cast.ORIGIN, now=NOON)

    assert kept(sign_in) == []


def test_purge_forgets_the_providers_tokens_of_a_sign_in_that_ran_out() -> None:
    over, still_open = begin("alice"), begin("bob", now=NOON + timedelta(minutes=30))

    assert purge(now=NOON + LIFE).sign_ins == 1

    assert kept(over) == []
    assert len(kept(still_open)) == 2


def test_purge_forgets_a_single_token_that_was_left() -> None:
    over = begin(tokens=ProviderTokens(refresh_token="planted-refresh"))

    assert purge(now=NOON + LIFE).sign_ins == 1

    assert kept(over) == []


def test_purge_deletes_expired_sessions_and_attempts_at_signing_in(client: Client) -> None:
    cast.signed_in("alice")
    attempt = sign_in_attempts.new()
    attempt["oidc_states"] = {"state": {"nonce": "planted", "code_verifier": "planted"}}
    attempt.create()

    soon = purge(now=timezone.now() + timedelta(seconds=sign_in_attempts.LIFETIME + 1))
    later = purge(now=timezone.now() + timedelta(hours=13))

    assert (soon.sessions, later.sessions) == (1, 1)
    assert not Session.objects.exists()


def test_purge_again_finds_nothing_more() -> None:
    begin()
    purge(now=NOON + LIFE)

    assert purge(now=NOON + LIFE) == Purged(sign_ins=0, sessions=0)


# The command


def test_command_says_what_it_did() -> None:
    begin(now=timezone.now() - timedelta(days=1))

    assert said() == (
        "Deleted the provider's tokens of 1 ended sign-in.\n"
        "Deleted 0 expired browser sessions and attempts to sign in.\n"
        "Deleted 0 command lines whose sign-in has ended, and 0 of their tokens.\n"
        "Deleted 0 signing keys that nobody needs any more.\n"
        "Deleted 0 jobs that were finished 30 days ago.\n"
    )


def test_dry_run_says_what_would_go_and_changes_nothing() -> None:
    for who in ("alice", "bob"):
        begin(who, now=timezone.now() - timedelta(days=1))
    before = everything()

    assert said(dry_run=True) == (
        "Would delete the provider's tokens of 2 ended sign-ins.\n"
        "Would delete 0 expired browser sessions and attempts to sign in.\n"
        "Would delete 0 command lines whose sign-in has ended, and 0 of their tokens.\n"
        "Would delete 0 signing keys that nobody needs any more.\n"
        "Would delete 0 jobs that were finished 30 days ago.\n"
    )
    assert everything() == before


def test_command_can_be_quiet() -> None:
    assert said(verbosity=0) == ""


def test_command_says_what_to_do_where_the_database_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(**asked: Any) -> None:
        raise DatabaseError("no such table: accounts_signin")

    monkeypatch.setattr("accounts.management.commands.purge.purge", refuse)

    with pytest.raises(CommandError, match=r"manage\.py migrate"):
        said()


def test_purge_deletes_jobs_30_days_after_they_were_finished_and_no_others() -> None:
    for name, finished_at in (("old", NOON), ("new", NOON + timedelta(seconds=1)), ("due", None)):
        Job.objects.create(
            kind="cut", key=name, added_at=NOON, due_at=NOON, finished_at=finished_at
        )

    assert purge(now=NOON + timedelta(days=30)).jobs == 1

    assert set(Job.objects.values_list("key", flat=True)) == {"new", "due"}
