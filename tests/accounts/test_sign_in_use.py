"""A sign-in notes its use once a minute, and ends where nobody uses it for too long."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import purging, signins
from accounts.encryption import encrypt
from accounts.errors import SignInAgain
from accounts.models import SignIn
from tests import cast
from tests.cast import NOON
from tests.sso.conftest import Program

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def half_an_hour(settings: Settings) -> None:
    settings.SIGN_IN_IDLE_LIFETIME = 1800
    settings.SIGN_IN_LIFETIME = 7200


def unused_for(minutes: int) -> None:
    SignIn.objects.update(last_used_at=timezone.now() - minutes * MINUTE)


def is_signed_in(client: Client) -> bool:
    return b"Sign out" in client.get("/").content


# Denied


@pytest.mark.usefixtures("half_an_hour")
def test_a_sign_in_that_nobody_used_for_too_long_is_over() -> None:
    row = cast.sign_in("alice", now=NOON)

    with pytest.raises(SignInAgain):
        signins.get_open(sign_in_id=row.id, now=NOON + 30 * MINUTE)

    assert not SignIn.objects.open_at(NOON + 30 * MINUTE).exists()
    assert SignIn.objects.over_at(NOON + 30 * MINUTE).get() == row


@pytest.mark.usefixtures("half_an_hour")
def test_use_does_not_carry_a_sign_in_past_its_limit() -> None:
    row = cast.sign_in("alice", now=NOON)
    signins.note_use(row, now=NOON + 119 * MINUTE)

    with pytest.raises(SignInAgain):
        signins.get_open(sign_in_id=row.id, now=NOON + 120 * MINUTE)


@pytest.mark.usefixtures("half_an_hour")
def test_a_browser_left_alone_is_signed_out() -> None:
    client = cast.signed_in("alice")
    unused_for(30)

    assert not is_signed_in(client)


@pytest.mark.usefixtures("half_an_hour", "northwind")
def test_a_command_line_left_alone_is_refused(client: Client) -> None:
    program = Program()
    token = program.login()["accessToken"]
    unused_for(30)

    assert program.get("/assignment/accounts", token).status_code == 401


@pytest.mark.usefixtures("half_an_hour")
def test_the_providers_tokens_of_a_sign_in_left_alone_are_purged() -> None:
    row = cast.sign_in("alice", now=NOON)
    SignIn.objects.update(encrypted_refresh_token=encrypt("planted"))

    assert purging.purge(now=NOON + 29 * MINUTE).sign_ins == 0
    assert purging.purge(now=NOON + 30 * MINUTE).sign_ins == 1

    row.refresh_from_db()
    assert row.encrypted_refresh_token == ""


# Granted


@pytest.mark.usefixtures("half_an_hour")
def test_a_sign_in_in_use_goes_on() -> None:
    client = cast.signed_in("alice")
    for _ in range(3):
        unused_for(29)
        assert is_signed_in(client)


@pytest.mark.usefixtures("half_an_hour", "northwind")
def test_a_command_line_in_use_keeps_its_sign_in_and_says_from_where() -> None:
    program = Program()
    token = program.login()["accessToken"]
    unused_for(29)

    assert program.get("/assignment/accounts", token).status_code == 200

    row = SignIn.objects.get()
    assert row.last_used_at > timezone.now() - MINUTE
    approval = row.approvals.get()
    assert approval.last_used_at is not None
    assert approval.last_used_ip == "192.0.2.10"


def test_without_an_idle_limit_only_the_limit_counts(settings: Settings) -> None:
    assert settings.SIGN_IN_IDLE_LIFETIME == 0
    client = cast.signed_in("alice")
    unused_for(10_000)

    assert is_signed_in(client)


# What it costs


def test_a_minute_of_requests_writes_once_whichever_portal_sees_them(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    row = cast.sign_in("alice", now=NOON)
    seen_by_another = SignIn.objects.get()
    later = NOON + MINUTE

    with django_assert_num_queries(0):
        signins.note_use(row, now=later - timedelta(seconds=1))
    with django_assert_num_queries(1):
        signins.note_use(row, now=later)
    signins.note_use(seen_by_another, now=later + timedelta(seconds=1))

    row.refresh_from_db()
    assert row.last_used_at == later
    with django_assert_num_queries(0):
        signins.note_use(row, now=later + timedelta(seconds=59))


def test_a_sign_in_that_has_ended_meanwhile_is_not_used() -> None:
    row = cast.sign_in("alice", now=NOON)
    signins.end(sign_in=row, reason="signed out", origin=cast.ORIGIN, now=NOON)

    signins.note_use(row, now=NOON + MINUTE)

    row.refresh_from_db()
    assert row.last_used_at == NOON


@pytest.mark.usefixtures("northwind")
def test_a_database_that_cannot_write_prevents_no_reading(caplog: pytest.LogCaptureFixture) -> None:
    program = Program()
    token = program.login()["accessToken"]
    client = cast.signed_in("alice")
    unused_for(5)

    with mock.patch(
        "django.db.models.query.QuerySet.update", side_effect=OperationalError("read-only")
    ):
        assert is_signed_in(client)
        assert program.get("/assignment/accounts", token).status_code == 200

    assert "the last use of a sign-in could not be stored" in caplog.text
    assert "the last use of a command line could not be stored" in caplog.text
