"""Your activity: all of one's own, none of anybody else's."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import audit
from accounts.models.audit import Action
from portal.pages.activity import PER_PAGE
from tests import cast

pytestmark = pytest.mark.django_db


def record(who: str, times: int, **facts: str) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    for number in range(times):
        audit.record(
            action=Action.KEYS_DENIED,
            now=yesterday + timedelta(minutes=number),
            origin=cast.ORIGIN,
            subject=cast.subject(who),
            account_id=f"{number:012}",
            role_name="Developer",
            **facts,
        )


def test_activity_shows_nothing_of_others() -> None:
    record("bob", 1)

    events = cast.signed_in("alice").get("/activity").context["events"]

    assert [event.sub for event in events] == ["sub-alice"]
    assert [event.action for event in events] == [Action.SIGNIN_COMPLETED]


def test_activity_shows_what_is_recorded_about_oneself() -> None:
    record("alice", 1, error_code="access.denied")

    page = cast.signed_in("alice").get("/activity").content.decode()

    assert "Keys denied" in page
    assert "access.denied" in page
    assert "192.0.2.7" in page


def test_activity_names_accounts_and_says_moments_as_everywhere() -> None:
    cast.account("payments-dev", f"{0:012}")
    record("alice", 2)

    page = cast.signed_in("alice").get("/activity").content.decode()

    assert "payments-dev" in page
    assert f"{1:012}" in page
    assert re.search(r">\d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d:\d\d UTC</time>", page)


def test_activity_comes_in_parts_newest_first_whatever_is_asked() -> None:
    record("alice", PER_PAGE + 10)
    client = cast.signed_in("alice")  # the newest row of all

    def rows(**query: str) -> list[int]:
        events = client.get("/activity", query).context["events"]
        return [int(event.account_id) for event in events if event.account_id]

    first = client.get("/activity")

    assert rows() == list(range(59, 10, -1))
    assert rows(before=str(first.context["older"])) == list(range(10, -1, -1))
    for nonsense in ("x", "9" * 99, "-1", "999999999"):
        assert rows(before=nonsense) == rows(), nonsense
    assert f"before={first.context['older']}" in first.content.decode()
