"""Your activity: all of one's own, none of anybody else's; what lives at AWS, and what it came from can be ended."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, SignIn
from accounts.models.audit import Action, AuditOutcome
from accounts.portal_tokens import lifecycle
from accounts.types import Kind, Origin, Scope, Surface
from portal.pages import audit_words
from portal.pages.activity import PER_PAGE
from tests import cast
from tests.sso.conftest import Program

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

    events = [row.event for row in cast.signed_in("alice").get("/activity").context["rows"]]

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
        events = [row.event for row in client.get("/activity", query).context["rows"]]
        return [int(event.account_id) for event in events if event.account_id]

    first = client.get("/activity")

    assert rows() == list(range(59, 10, -1))
    assert rows(before=str(first.context["older"])) == list(range(10, -1, -1))
    for nonsense in ("x", "9" * 99, "-1", "999999999"):
        assert rows(before=nonsense) == rows(), nonsense
    assert f"before={first.context['older']}" in first.content.decode()


def issued(
    who: str, surface: Surface = Surface.PAGES, *, hours_ago: int = 0, **detail: object
) -> None:
    audit.record(
        action=Action.KEYS_ISSUED,
        now=timezone.now() - timedelta(hours=hours_ago),
        origin=Origin(surface, ip="192.0.2.9", user_agent="aws-cli/2.31.2 md/awscrt#0.26"),
        subject=cast.subject(who),
        account_id="210987654321",
        role_name="Developer",
        duration=3600,
        detail={name: str(value) for name, value in detail.items()},
    )


def text_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_nothing_can_be_ended_that_is_over_or_somebody_elses() -> None:
    client, bobs = cast.signed_in("alice"), cast.sign_in("bob")
    over = cast.sign_in("alice", now=timezone.now() - timedelta(days=9))
    for sign_in in (bobs.pk, over.pk, uuid4()):
        issued("alice", sign_in=sign_in)
    issued("alice", hours_ago=3, sign_in=client.session["sign_in"])

    page = text_of(client.get("/activity"))

    assert "Alive at AWS" in page
    assert "End this" not in page


def test_what_lives_says_what_for_from_where_until_when_and_what_it_came_from() -> None:
    client = cast.signed_in("alice")
    Program().login(client)
    approval = AuditEvent.objects.get(action=Action.CLI_ALLOWED).detail["approval"]
    token = lifecycle.create(
        sign_in=SignIn.objects.get(),
        purpose="nightly report",
        scope=Scope(kinds=frozenset({Kind.KEYS})),
        lifetime=timedelta(days=1),
        origin=cast.ORIGIN,
        now=timezone.now(),
    ).token
    here = client.session["sign_in"]
    issued("alice", Surface.SSO, sign_in=here, approval=approval)
    issued("alice", Surface.API, sign_in=here, token=token.pk)
    issued("alice", sign_in=here)

    page = text_of(client.get("/activity"))

    alive, everything = page.split("All activity")
    for told in ("Command line", "Keys for a program", "from 192.0.2.9 with aws-cli/2.31.2"):
        assert told in alive, told
        assert told in everything, told
    assert everything.count("alive at AWS") == 3
    assert "This ends that command line" in alive
    assert "By your token “nightly report”. Revoke it" in alive
    assert "Sign out here" in alive
    assert "End this" not in everything


def test_ended_command_line_gets_nothing_more_and_the_page_says_until_when_its_keys_live(
    northwind: None,
) -> None:
    client, program = cast.signed_in("alice"), Program()
    bearer = program.login(client)["accessToken"]
    approval = AuditEvent.objects.get(action=Action.CLI_ALLOWED).detail["approval"]
    issued("alice", Surface.SSO, sign_in=client.session["sign_in"], approval=approval)
    path = re.search(r'action="(/sessions/command-lines/[^"]+)"', _page(client))
    assert path

    ended = client.post(path[1], {"back": "activity"}, follow=True)

    assert ended.redirect_chain == [("/activity", 302)]
    assert re.search(r"alive there until \d+ \w+ \d+, \d\d:\d\d UTC at the latest", text_of(ended))
    assert program.get("/assignment/accounts", bearer).status_code == 401
    assert "End this" not in text_of(ended)


def test_ended_sign_in_of_another_browser_is_told_with_its_keys() -> None:
    client, other = cast.signed_in("alice"), cast.sign_in("alice")
    issued("alice", sign_in=other.pk)

    ended = client.post(f"/sessions/{other.pk}/end", {"back": "activity"}, follow=True)

    assert ended.redirect_chain == [("/activity", 302)]
    assert "alive there until" in text_of(ended)


def test_words_of_actions_are_those_of_the_trail() -> None:
    assert {one: str(words) for one, words in audit_words.ACTIONS.items()} == {
        one: one.label for one in Action
    }
    assert {one: str(words) for one, words in audit_words.OUTCOMES.items()} == {
        one: one.label for one in AuditOutcome
    }
    assert audit_words.action_in_words("of.another.version") == "of.another.version"


def _page(client: Client) -> str:
    return client.get("/activity").content.decode()
