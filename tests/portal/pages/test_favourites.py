"""The favourites' forms: what is starred shows first, gives nothing, and only its owner changes it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts import favourites
from accounts.models import Mapping, Person
from tests import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

DEV, PROD = "210987654321", "123456789012"
ALL = [f"{DEV}/Developer", f"{DEV}/ReadOnly", f"{PROD}/ReadOnly"]


@pytest.fixture
def alice() -> Client:
    return cast.signed_in("alice")


def press(client: Client, act: str, value: str, **fields: str) -> int:
    return client.post("/favourites", {act: value, **fields}).status_code


def tiles(client: Client) -> list[str]:
    return re.findall('data-role="(.*?)"', client.get("/").content.decode())


def stored(name: str) -> list[str]:
    person = Person.objects.get(sub=f"sub-{name}")
    return [f"{role.account_id}/{role.role_name}" for role in favourites.favourites(person=person)]


def use(name: str, *values: str) -> None:
    person = Person.objects.get(sub=f"sub-{name}")
    for value in values:
        account_id, _, role_name = value.partition("/")
        favourites.remember_use(
            person=person, account_id=account_id, role_name=role_name, duration=None, now=cast.NOON
        )


def test_role_that_one_does_not_have_cannot_be_starred(alice: Client) -> None:
    for value in (f"{PROD}/Operator", "999999999999/ReadOnly", "", "/"):
        assert press(alice, "star", value) == 403, value
    assert stored("alice") == []


def test_whoever_is_signed_out_is_asked_to_sign_in(client: Client) -> None:
    response = client.post("/favourites", {"star": ALL[0]})

    assert response.status_code == 401
    assert "oidc/authenticate" in response.content.decode()


def test_form_of_another_site_stars_nothing() -> None:
    row = cast.sign_in("alice")
    client = Client(enforce_csrf_checks=True)
    client.force_login(row.person)
    session = client.session
    session["sign_in"] = str(row.id)
    session.save()

    assert press(client, "star", ALL[0]) == 403
    assert stored("alice") == []


def test_request_that_says_nothing_to_do_is_refused(alice: Client) -> None:
    assert press(alice, "dance", ALL[0]) == 400


def test_starred_roles_come_first_on_the_page_in_their_order(alice: Client) -> None:
    for value in (ALL[2], ALL[0]):
        assert press(alice, "star", value) == 302

    assert tiles(alice) == [ALL[2], ALL[0]]


def test_unstarred_role_is_no_longer_first(alice: Client) -> None:
    press(alice, "star", ALL[0])
    press(alice, "unstar", ALL[0])

    assert tiles(alice) == []


def test_favourite_moves_by_one_place(alice: Client) -> None:
    for each in ALL:
        press(alice, "star", each)
    first, second, third = ALL
    for action, value, order in (
        ("up", first, [first, second, third]),
        ("down", third, [first, second, third]),
        ("up", third, [first, third, second]),
        ("down", first, [third, first, second]),
    ):
        press(alice, action, value)

        assert tiles(alice) == order


def test_favourite_moves_past_one_that_is_not_shown_now(alice: Client) -> None:
    for each in ALL:
        press(alice, "star", each)
    Mapping.objects.filter(name="Developers of payments").update(enabled=False)
    press(alice, "star", f"{DEV}/ReadOnly")

    press(alice, "up", ALL[2])

    assert tiles(alice) == [ALL[2], ALL[1]]


def test_favourite_that_one_no_longer_has_is_not_shown_and_not_lost(alice: Client) -> None:
    press(alice, "star", ALL[0])
    given = Mapping.objects.filter(name="Developers of payments")

    given.update(enabled=False)
    assert tiles(alice) == []
    assert "Developer in payments-dev" not in alice.get("/favourites").content.decode()
    given.update(enabled=True)

    assert tiles(alice) == [ALL[0]]


def test_role_without_access_is_not_offered_to_be_starred(alice: Client) -> None:
    page = alice.get("/favourites", {"account_id": PROD, "role_name": "Operator"})

    assert "Add to favourites" not in page.content.decode()


def test_form_leads_back_to_where_it_was_sent_from(alice: Client) -> None:
    assert alice.post("/favourites", {"star": ALL[0]})["Location"] == "/"
    arranged = alice.post("/favourites", {"up": ALL[0], "arrange": ""})
    pressed = f"pressed=up&account_id={DEV}&role_name=Developer"
    assert arranged["Location"] == f"/favourites?{pressed}"
    taken = alice.post("/favourites", {"unstar": ALL[0], "arrange": ""})
    assert taken["Location"] == "/favourites"


def test_script_gets_the_tiles_alone(alice: Client) -> None:
    page = alice.post("/favourites", {"star": ALL[0], "tiles": ""}).content.decode()

    assert f'data-role="{ALL[0]}"' in page
    assert "<html" not in page


def test_what_was_used_last_follows_the_favourites_once(alice: Client) -> None:
    use("alice", ALL[0], ALL[1])
    press(alice, "star", ALL[0])

    assert tiles(alice) == [ALL[0], ALL[1]]


def test_only_so_many_uses_are_shown_and_none_of_what_one_no_longer_has() -> None:
    what = cast.permission_set("Six")
    values = []
    for number in range(7):
        where = cast.account(f"a{number}", f"{number:012}")
        cast.offer(where, what)
        cast.mapping("payments", what, where, name=str(number))
        values.append(f"{number:012}/Six")
    alice = cast.signed_in("alice")
    use("alice", *values, f"{PROD}/Operator")
    Mapping.objects.filter(name="0").update(enabled=False)

    shown = tiles(alice)

    assert len(shown) == 5
    assert set(shown) < set(values[1:])
