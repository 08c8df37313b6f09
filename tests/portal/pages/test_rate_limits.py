"""How many forms somebody signed in may send: who sends too many is told to wait, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, Favourite
from accounts.models.audit import Action
from tests import cast

pytestmark = pytest.mark.usefixtures("northwind")

DENIED = {"account_id": "210987654321", "role_name": "Nobody"}


@pytest.fixture(autouse=True)
def _few(settings: Any) -> None:
    settings.PAGES_RATE_LIMIT = "3/hour"


@pytest.mark.parametrize("path", ["/keys", "/console"])
def test_who_asks_for_too_much_is_told_when_to_come_back(path: str) -> None:
    alice = cast.signed_in("alice")
    assert [alice.post(path, DENIED).status_code for _ in range(3)] == [403, 403, 403]

    answer = alice.post(path, DENIED)

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 3601
    assert "no-store" in answer["Cache-Control"]
    assert b"Try again in" in answer.content
    assert AuditEvent.objects.filter(action__endswith=".denied").count() == 3


def test_all_browsers_of_a_person_count_together_and_others_do_not_wait() -> None:
    for _ in range(2):
        cast.signed_in("alice").post("/keys", DENIED)
        cast.signed_in("alice").post("/console", DENIED)

    assert cast.signed_in("alice").post("/keys", DENIED).status_code == 429
    assert cast.signed_in("mallory").post("/keys", DENIED).status_code == 403


@pytest.mark.parametrize("path", ["/favourites", "/preferences", "/tokens", "/device"])
def test_every_form_counts(path: str) -> None:
    alice = cast.signed_in("alice")
    for _ in range(3):
        alice.post("/keys", DENIED)

    assert alice.post(path, {"star": "210987654321/Developer"}).status_code == 429
    assert not Favourite.objects.exists()


def test_the_admins_forms_count() -> None:
    carol = cast.signed_in("carol")
    for _ in range(3):
        carol.post("/keys", DENIED)

    assert carol.post("/admin/accounts/environment/add/", {}).status_code == 429


def test_several_roles_count_as_many_times() -> None:
    alice = cast.signed_in("alice")

    bob = cast.signed_in("bob")

    few = alice.post("/keys", {"role": ["210987654321/Nobody", "210987654321/Nothing"]})
    many = bob.post("/keys", {"role": [f"210987654321/Nothing{number}" for number in range(9)]})

    assert few.status_code == 200
    assert many.status_code == 429
    assert AuditEvent.objects.filter(action=Action.KEYS_DENIED).count() == 2


def test_looking_at_pages_and_signing_out_are_never_refused() -> None:
    alice = cast.signed_in("alice")
    for _ in range(5):
        alice.post("/keys", DENIED)

    assert alice.get("/").status_code == 200
    assert alice.get("/activity").status_code == 200
    assert alice.post("/oidc/logout/").status_code == 302
    assert b"Sign out" not in alice.get("/").content


def test_a_form_of_another_site_uses_up_nothing() -> None:
    alice = Client(enforce_csrf_checks=True)
    alice.cookies = cast.signed_in("alice").cookies
    for _ in range(5):
        assert alice.post("/keys", DENIED).status_code == 403
        assert (
            alice.post("/keys", DENIED, headers={"sec-fetch-site": "cross-site"}).status_code == 403
        )

    assert cast.signed_in("alice").post("/keys", DENIED).status_code == 403
    assert AuditEvent.objects.filter(action=Action.KEYS_DENIED).count() == 1
