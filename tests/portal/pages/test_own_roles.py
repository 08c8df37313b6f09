"""What a process remembers of somebody's roles is shown to them only, and never after a change."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import favourites
from accounts.models import (
    Account,
    AccountRole,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
    Person,
    Preferences,
    SignIn,
)
from accounts.plans.toml_file.apply import apply_file
from accounts.types import RoleRef
from portal.pages import own_roles
from tests import cast
from tests.portal.admin import forms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

DEV = "210987654321"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(.*?)"')
REQUEST = re.compile(r"Request: [0-9a-f]{32}|Request%3A%20[0-9a-f]{32}")


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    own_roles.forget_all()


def page_of(client: Client) -> str:
    """Return the page without its tokens and its request's id."""
    return REQUEST.sub("", TOKEN.sub("", client.get("/").content.decode()))


def through_the_admin() -> None:
    developer = PermissionSet.objects.get(name="Developer")
    path = f"/admin/accounts/permissionset/{developer.pk}/change/"
    form = forms.permission_set(name="Developer", iam_path="/gatehouse/", privileged="on")
    assert cast.signed_in("carol").post(path, form).status_code == 302


def by_a_file() -> None:
    apply_file(
        text='[[environment]]\nname = "production"\nlabel = "PROD!"\ncolour = "red"\n',
        name="gatehouse.toml",
        actor="carol",
        origin=cast.ORIGIN,
        now=timezone.now(),
    )


def by_hand() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_permissionset SET name = 'Renamed' WHERE name = 'Developer'"
        )


CHANGES: dict[str, Callable[[], object]] = {
    "an admin changes a permission set": through_the_admin,
    "a file changes an environment": by_a_file,
    "somebody types SQL": by_hand,
    "an account is closed": lambda: Account.objects.filter(account_id=DEV).update(active=False),
    "an environment is relabelled": lambda: Environment.objects.update(label="Elsewhere"),
    "a role is taken from an account": lambda: AccountRole.objects.first().delete(),  # type: ignore[union-attr]
    "a permission set becomes privileged": lambda: PermissionSet.objects.update(privileged=True),
    "a mapping is disabled": lambda: Mapping.objects.update(enabled=False),
    "a mapping no longer gives keys": lambda: Mapping.objects.update(keys=False),
    "a mapping aims elsewhere": lambda: MappingTarget.objects.first().delete(),  # type: ignore[union-attr]
    "the provider sends other groups": lambda: SignIn.objects.update(
        claims={"groups": ["on-call"]}
    ),
    "the person has another name": lambda: Person.objects.update(email="alice@elsewhere.example"),
    "the person becomes an admin": lambda: Person.objects.update(is_admin=True),
    "a role is starred": lambda: favourites.star(
        person=Person.objects.get(sub="sub-alice"), role=RoleRef(DEV, "Developer")
    ),
    "a role is used": lambda: favourites.remember_use(
        person=Person.objects.get(sub="sub-alice"),
        account_id=DEV,
        role_name="Developer",
        duration=None,
        now=timezone.now(),
    ),
    "the person prefers no shortcut": lambda: Preferences.objects.create(
        person=Person.objects.get(sub="sub-alice"), slash_searches=False
    ),
}


def test_page_after_a_change_shows_the_change_as_if_nothing_was_remembered() -> None:
    alice = cast.signed_in("alice")
    wrong = []
    for change, make in CHANGES.items():
        with transaction.atomic():
            before = page_of(alice)
            make()
            after = page_of(alice)
            own_roles.forget_all()
            if after == before or after != page_of(alice):
                wrong.append(change)
            transaction.set_rollback(True)

    assert wrong == []


def test_roles_are_decided_once_while_nothing_changes(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    alice = cast.signed_in("alice")
    first = page_of(alice)

    # The session, the sign-in with its person, the blocks, the revision, favourites and recent roles.
    with django_assert_num_queries(5):
        again = page_of(alice)

    assert again == first


def test_mapping_that_expires_is_gone_at_that_moment() -> None:
    now = timezone.now()
    Mapping.objects.filter(name="Developers of payments").update(
        expires_at=now + timedelta(minutes=5)
    )
    alice = cast.signed_in("alice")
    with time_machine.travel(now + timedelta(minutes=4, seconds=59), tick=False):
        assert "Console as Developer" in page_of(alice)
    with time_machine.travel(now + timedelta(minutes=5), tick=False):
        assert "Console as Developer" not in page_of(alice)


def test_roles_are_remembered_for_nobody_else() -> None:
    page_of(cast.signed_in("alice"))

    bob = page_of(cast.signed_in("bob"))

    assert "payments-dev" not in bob
    assert "alice" not in bob


def test_sign_in_that_ended_is_shown_nothing() -> None:
    alice = cast.signed_in("alice")
    page_of(alice)

    SignIn.objects.update(ended_at=timezone.now())

    assert "payments-dev" not in page_of(alice)


@pytest.mark.parametrize("query", [{}, {"all": ""}, {"q": "dev"}])
def test_page_is_stored_by_no_browser_and_no_proxy(query: dict[str, str]) -> None:
    response = cast.signed_in("alice").get("/", query)

    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]


def test_people_of_the_same_groups_are_decided_for_apart() -> None:
    page_of(cast.signed_in("alice"))

    page_of(cast.signed_in(cast.subject("dave", groups=["payments"])))

    assert {key[2] for key in own_roles._remembered} == {"sub-alice", "sub-dave"}


def test_so_many_roles_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_roles, "MOST_ROLES", 4)
    for name in ("alice", "alice", "bob", "alice"):
        page_of(cast.signed_in(name))
        assert 0 < sum(len(each.by_name) for each in own_roles._remembered.values()) <= 4


def test_more_roles_than_can_be_remembered_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_roles, "MOST_ROLES", 2)

    assert "payments-prod" in page_of(cast.signed_in("alice"))
    assert own_roles._remembered == {}


def test_roles_of_older_revisions_are_forgotten() -> None:
    alice, bob = cast.signed_in("alice"), cast.signed_in("bob")
    page_of(alice)
    Environment.objects.update(colour="red")

    page_of(bob)

    assert [key[2] for key in own_roles._remembered] == ["sub-bob"]
