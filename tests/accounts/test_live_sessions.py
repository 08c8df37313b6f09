"""What is still alive at AWS: of one person, until it has expired at the latest."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts import audit, live_sessions
from accounts.live_sessions import LiveSession
from accounts.models.audit import Action
from accounts.types import Kind
from tests import cast
from tests.cast import NOON

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def issued(
    who: str = "alice", *, action: Action = Action.KEYS_ISSUED, at: datetime = NOON, **facts: Any
) -> None:
    columns = {"account_id": "210987654321", "role_name": "Developer", "duration": 3600, **facts}
    audit.record(action=action, now=at, origin=cast.ORIGIN, subject=cast.subject(who), **columns)


def of_alice(now: datetime = NOON) -> list[LiveSession]:
    return live_sessions.of_person(issuer=cast.ISSUER, sub="sub-alice", now=now)


def test_sessions_of_others_are_not_shown() -> None:
    issued("bob")

    assert of_alice() == []


@pytest.mark.parametrize(
    "action", [Action.KEYS_DENIED, Action.KEYS_FAILED, Action.CONSOLE_DENIED, Action.ROLE_TESTED]
)
def test_what_was_not_issued_is_not_alive(action: Action) -> None:
    issued(action=action)

    assert of_alice() == []


def test_a_link_for_switching_roles_is_no_session_of_the_portals() -> None:
    issued(action=Action.CONSOLE_ISSUED, duration=None)

    assert of_alice() == []


def test_keys_are_alive_until_aws_ends_them_at_the_latest() -> None:
    cast.account("payments-dev", "210987654321")
    issued()

    (session,) = of_alice(NOON + HOUR)

    # AWS counts from its own answer, for which the portal waits 15 seconds at most.
    assert session.expires_at == NOON + HOUR + 15 * SECOND
    assert session.kind is Kind.KEYS
    assert session.event.account_name == "payments-dev"  # type: ignore[attr-defined]
    assert of_alice(NOON + HOUR + 15 * SECOND) == []


def test_a_console_may_begin_a_quarter_of_an_hour_later() -> None:
    issued(action=Action.CONSOLE_ISSUED)

    (session,) = of_alice(NOON + HOUR)

    assert session.kind is Kind.CONSOLE
    assert session.expires_at == NOON + HOUR + 15 * timedelta(minutes=1) + 15 * SECOND


def test_the_longest_session_is_found_to_its_end_and_the_last_to_expire_comes_first() -> None:
    issued(duration=43200)
    issued(duration=900, at=NOON + 11 * HOUR)
    issued(duration=900, at=NOON + 12 * HOUR)

    found = of_alice(NOON + 12 * HOUR)

    assert [session.event.duration for session in found] == [900, 43200]
    rows = audit.of_person(issuer=cast.ISSUER, sub="sub-alice")
    assert live_sessions.last_expiry(rows, now=NOON + 12 * HOUR) == found[0].expires_at
    assert live_sessions.last_expiry(rows, now=NOON + 13 * HOUR) is None
    latest = live_sessions.alive(rows, now=NOON + 12 * HOUR, at_most=1)
    assert [session.event.duration for session in latest] == [900]
