"""What was used is remembered after a release, and only then."""

from __future__ import annotations

import pytest
from django.db import DatabaseError

from accounts import favourites
from accounts.models import RoleUse
from tests import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind", "aws")]

DEV = "210987654321"


def ask(door: str, role_name: str = "Developer", **fields: str) -> int:
    fields |= {"account_id": DEV, "role_name": role_name}
    return cast.signed_in("alice").post(door, fields).status_code


def uses() -> list[tuple[str, str, str, int | None]]:
    return list(RoleUse.objects.values_list("person__sub", "account_id", "role_name", "duration"))


@pytest.mark.parametrize("door", ["/keys", "/console"])
def test_denied_role_is_not_remembered_as_used(door: str) -> None:
    assert ask(door, "Operator") == 403
    assert uses() == []


def test_keys_are_remembered_with_the_duration_that_was_chosen() -> None:
    assert ask("/keys", duration="1800") == 200
    assert uses() == [("sub-alice", DEV, "Developer", 1800)]


def test_console_is_remembered_without_a_duration() -> None:
    assert ask("/console") == 303
    assert uses() == [("sub-alice", DEV, "Developer", None)]


def test_keys_are_shown_even_if_their_use_cannot_be_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(**_: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(favourites, "remember_use", broken)

    assert ask("/keys") == 200
