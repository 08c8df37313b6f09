"""Favourites and the roles used last: kept in order, for one person, and giving nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts import favourites
from accounts.entitlements import resolve
from accounts.errors import InvalidRequest
from accounts.favourites import last_keys, move, remember_use, star, unstar
from accounts.models import Person, RoleUse
from accounts.types import RoleRef
from tests import cast

pytestmark = pytest.mark.django_db

ONE, TWO, THREE = (RoleRef("123456789012", name) for name in ("One", "Two", "Three"))


@pytest.fixture
def alice() -> Person:
    return cast.sign_in("alice").person


def names(person: Person) -> list[str]:
    return [role.role_name for role in favourites.favourites(person=person)]


def use(person: Person, name: str, *, duration: int | None = None, minutes: int = 0) -> None:
    remember_use(
        person=person,
        account_id="123456789012",
        role_name=name,
        duration=duration,
        now=cast.NOON + timedelta(minutes=minutes),
    )


def starred(person: Person, *roles: RoleRef) -> None:
    for role in roles:
        star(person=person, role=role)


@pytest.mark.usefixtures("northwind")
def test_favourite_gives_nothing() -> None:
    mallory = cast.sign_in("mallory")
    starred(mallory.person, RoleRef("210987654321", "Developer"))

    assert resolve(subject=cast.subject("mallory"), now=cast.NOON).granted == ()


def test_favourites_are_in_the_order_in_which_they_were_starred(alice: Person) -> None:
    starred(alice, TWO, ONE, THREE)

    assert names(alice) == ["Two", "One", "Three"]


def test_starring_twice_is_starring_once(alice: Person) -> None:
    starred(alice, ONE, TWO, ONE)

    assert names(alice) == ["One", "Two"]


def test_favourites_of_others_are_theirs(alice: Person) -> None:
    bob = cast.sign_in("bob").person
    starred(bob, ONE)
    starred(alice, TWO)

    unstar(person=alice, role=ONE)

    assert (names(alice), names(bob)) == (["Two"], ["One"])


def test_unstarred_role_is_gone_and_the_rest_stays_in_order(alice: Person) -> None:
    starred(alice, ONE, TWO, THREE)

    unstar(person=alice, role=TWO)

    assert names(alice) == ["One", "Three"]


def test_there_are_only_so_many_favourites(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(favourites, "MOST_FAVOURITES", 2)
    starred(alice, ONE, TWO)

    with pytest.raises(InvalidRequest) as refused:
        star(person=alice, role=THREE)

    assert refused.value.code == "favourites.full"
    assert names(alice) == ["One", "Two"]


@pytest.mark.parametrize(
    ("role", "before", "then"),
    [
        (THREE, ONE, ["Three", "One", "Two"]),
        (ONE, THREE, ["Two", "One", "Three"]),
        (ONE, None, ["Two", "Three", "One"]),
        (TWO, TWO, ["One", "Two", "Three"]),
        (TWO, RoleRef("123456789012", "Gone"), ["One", "Three", "Two"]),
        (RoleRef("123456789012", "Gone"), ONE, ["One", "Two", "Three"]),
    ],
)
def test_favourite_moves_before_another_or_to_the_end(
    role: RoleRef, before: RoleRef | None, then: list[str], alice: Person
) -> None:
    starred(alice, ONE, TWO, THREE)

    move(person=alice, role=role, before=before)

    assert names(alice) == then


def test_chosen_roles_are_what_the_orm_finds_of_one_person_in_the_same_order(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(favourites, "MOST_FAVOURITES", 2)
    bob = cast.sign_in("bob").person
    for person, roles in ((bob, (THREE,)), (alice, (TWO, ONE))):
        starred(person, *roles)
        for minutes, name in enumerate(("C", "E", "A", "D", "B")):
            use(person, name, minutes=minutes)

    chosen = favourites.chosen_roles(person=alice)

    assert chosen.favourites == favourites.favourites(person=alice) == (TWO, ONE)
    # Twice as many as there can be favourites: enough to leave those out.
    recent = RoleUse.objects.filter(person=alice).order_by("-last_used_at")[:4]
    assert [role.role_name for role in chosen.recent] == [use.role_name for use in recent]
    assert [role.role_name for role in chosen.recent] == ["B", "D", "A", "E"]


def test_duration_last_chosen_is_remembered_for_each_role(alice: Person) -> None:
    use(alice, "One", duration=900)
    use(alice, "One", duration=7200)
    use(alice, "Two", duration=3600)

    assert last_keys(person=alice, account_id="123456789012", role_name="One").duration == 7200


def test_use_without_a_choice_leaves_the_duration_chosen_before(alice: Person) -> None:
    use(alice, "One", duration=7200)
    use(alice, "One", minutes=1)

    assert last_keys(person=alice, account_id="123456789012", role_name="One").duration == 7200
    assert RoleUse.objects.get().last_used_at == cast.NOON + timedelta(minutes=1)


def test_no_duration_is_remembered_for_a_role_that_was_never_used(alice: Person) -> None:
    use(cast.sign_in("bob").person, "One", duration=7200)

    assert last_keys(person=alice, account_id="123456789012", role_name="One").duration is None


def test_uses_longest_ago_are_forgotten(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(favourites, "_MOST_USES", 2)

    for minutes, name in enumerate(("One", "Two", "Three")):
        use(alice, name, minutes=minutes)

    assert list(RoleUse.objects.values_list("role_name", flat=True)) == ["Three", "Two"]
