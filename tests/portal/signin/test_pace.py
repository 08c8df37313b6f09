"""How often anybody may begin to sign in, and fail to: floods are told to wait, and keep nobody else out."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client as DjangoClient

from accounts.models import AuditEvent
from accounts.models.audit import Action
from demo.identity import IdentityProvider, Misbehaviour
from tests.identity import Visitor


@pytest.fixture(autouse=True)
def _few(settings: Any) -> None:
    settings.SIGN_IN_RATE_LIMIT = "3/hour"


def depart(browser: DjangoClient, **more: str) -> Any:
    return browser.get("/oidc/authenticate/", **more)  # type: ignore[arg-type]


def test_an_address_that_begins_too_many_sign_ins_is_told_when_to_come_back(
    visitor: Visitor,
) -> None:
    assert [depart(DjangoClient()).status_code for _ in range(3)] == [302, 302, 302]

    answer = depart(DjangoClient())

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 3601
    assert "no-store" in answer["Cache-Control"]
    assert b"Try again in" in answer.content
    assert Session.objects.count() == 3
    assert not AuditEvent.objects.exists()


def test_other_addresses_do_not_wait(visitor: Visitor) -> None:
    for _ in range(4):
        depart(DjangoClient())

    assert depart(DjangoClient(), REMOTE_ADDR="192.0.2.7").status_code == 302
    assert depart(DjangoClient(), REMOTE_ADDR="127.0.0.1").status_code == 429


def test_a_browser_that_signed_in_before_is_kept_out_by_nobody_at_its_address(
    visitor: Visitor,
) -> None:
    visitor.walk()
    visitor.client.cookies.pop("gatehouse")
    for _ in range(4):
        depart(DjangoClient())

    assert depart(DjangoClient()).status_code == 429
    assert visitor.walk()["Location"] == "/"
    assert visitor.is_signed_in


def test_a_known_browser_is_bounded_by_itself(visitor: Visitor) -> None:
    visitor.walk()

    assert [depart(visitor.client).status_code for _ in range(4)] == [302, 302, 302, 429]


@pytest.mark.parametrize("mark", ["", "x", "InN0b2xlbiI:1vTuaH:forged", "\x00", "é"])
def test_nobody_makes_up_that_a_browser_is_known(visitor: Visitor, mark: str) -> None:
    for _ in range(3):
        depart(DjangoClient())
    stranger = DjangoClient()
    stranger.cookies["gatehouse-browser"] = mark

    assert depart(stranger).status_code == 429


def test_the_mark_of_a_browser_opens_nothing_and_says_nothing(visitor: Visitor) -> None:
    visitor.walk()
    mark = visitor.client.cookies["gatehouse-browser"]
    other = DjangoClient()
    other.cookies["gatehouse-browser"] = mark.value

    assert b"Sign out" not in other.get("/").content
    assert mark["httponly"]
    assert mark["samesite"] == "Lax"
    assert "alice" not in mark.value


def test_failures_from_an_address_fill_no_audit_trail(visitor: Visitor) -> None:
    answers = [DjangoClient().get("/oidc/callback/?state=x&error=y") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 429, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert AuditEvent.objects.filter(action=Action.SIGNIN_FAILED).count() == 3


def test_a_sign_in_that_succeeds_waits_for_no_failures_at_its_address(visitor: Visitor) -> None:
    for _ in range(5):
        DjangoClient().get("/oidc/callback/?state=x&error=y")

    assert visitor.walk()["Location"] == "/"
    assert visitor.is_signed_in


def test_nobody_signed_in_is_signed_out_by_a_flood(visitor: Visitor) -> None:
    visitor.walk()
    for _ in range(5):
        DjangoClient().get("/oidc/callback/?state=x&error=y")
        depart(DjangoClient())
        visitor.client.get("/oidc/callback/?state=x&error=y")

    assert visitor.is_signed_in


def test_a_provider_that_is_down_is_said_to_be_down_also_when_many_come(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    identity.misbehaviour = Misbehaviour(status={"token": 500})
    answers = [visitor.client.get(visitor.prove(visitor.depart())).status_code for _ in range(3)]
    DjangoClient().get("/oidc/callback/?state=x&error=y")
    other = Visitor()
    other.client.defaults["REMOTE_ADDR"] = "192.0.2.7"
    departed = other.depart()
    other.client.defaults["REMOTE_ADDR"] = "127.0.0.1"

    answer = other.client.get(other.prove(departed))

    assert answers == [503, 503, 503]
    assert answer.status_code == 503
    assert b"does not answer as it should" in answer.content
    assert AuditEvent.objects.filter(action=Action.SIGNIN_FAILED).count() == 3
