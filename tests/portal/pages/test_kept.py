"""What is kept is never shown a moment too long, to nobody else, and holds no token."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

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
from accounts.plans.apply import apply
from accounts.types import Named
from portal.pages import kept
from tests import cast
from tests.portal.admin import forms

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

DEV = "210987654321"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(.*?)"')


def page_of(client: Client) -> str:
    """Return the page without its tokens."""
    return TOKEN.sub("", client.get("/").content.decode())


def through_the_admin() -> None:
    developer = PermissionSet.objects.get(name="Developer")
    path = f"/admin/accounts/permissionset/{developer.pk}/change/"
    form = forms.permission_set(name="Developer", iam_path="/gatehouse/", privileged="on")
    assert cast.signed_in("carol").post(path, form).status_code == 302


def by_a_file() -> None:
    apply(
        text='[[environment]]\nname = "production"\nlabel = "PROD!"\ncolour = "red"\n',
        source="gatehouse.toml",
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
        person=Person.objects.get(sub="sub-alice"), role=Named(DEV, "Developer")
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


@pytest.mark.parametrize("change", CHANGES)
def test_page_shows_a_change_at_the_next_request_as_if_nothing_had_been_kept(change: str) -> None:
    alice = cast.signed_in("alice")
    before = page_of(alice)

    CHANGES[change]()
    after = page_of(alice)
    kept.forget()

    assert after != before
    assert after == page_of(alice)


def test_page_that_was_kept_is_the_page_that_would_be_made() -> None:
    alice = cast.signed_in("alice")
    made = page_of(alice)

    assert page_of(alice) == made


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


def test_page_is_kept_for_nobody_else() -> None:
    page_of(cast.signed_in("alice"))

    bob = page_of(cast.signed_in("bob"))

    assert "payments-dev" not in bob
    assert "alice" not in bob


def test_sign_in_that_ended_is_shown_nothing() -> None:
    alice = cast.signed_in("alice")
    page_of(alice)

    SignIn.objects.update(ended_at=timezone.now())

    assert "payments-dev" not in page_of(alice)


def test_tokens_of_a_kept_page_are_new_each_time_and_work() -> None:
    row = cast.sign_in("alice")
    client = Client(enforce_csrf_checks=True)
    client.force_login(row.person)
    session = client.session
    session["sign_in"] = str(row.id)
    session.save()
    first, second = (TOKEN.findall(client.get("/").content.decode()) for _ in range(2))

    assert set(first).isdisjoint(second)
    for token in (*first, *second):
        fields = {"csrfmiddlewaretoken": token, "star": f"{DEV}/Developer"}
        assert client.post("/favourites", fields).status_code == 302


def test_page_is_compressed_for_who_takes_that() -> None:
    alice = cast.signed_in("alice")

    packed = alice.get("/", headers={"accept-encoding": "br, gzip"})
    plain = alice.get("/", headers={"accept-encoding": "br, gzip;q=0"})

    assert packed["Content-Encoding"] == "gzip"
    assert not plain.has_header("Content-Encoding")
    assert "Accept-Encoding" in packed["Vary"]
    assert "Accept-Encoding" in plain["Vary"]
    texts = [gzip.decompress(packed.content).decode(), plain.content.decode()]
    assert TOKEN.sub("", texts[0]) == TOKEN.sub("", texts[1])


def test_page_that_repeats_a_search_is_not_compressed() -> None:
    response = cast.signed_in("alice").get(
        "/", {"q": "payments"}, headers={"accept-encoding": "gzip"}
    )

    assert not response.has_header("Content-Encoding")


@pytest.mark.parametrize("query", [{}, {"all": ""}, {"q": "dev"}])
def test_page_is_stored_by_no_browser_and_no_proxy(query: dict[str, str]) -> None:
    response = cast.signed_in("alice").get("/", query)

    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]


def test_so_much_is_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_ROLES", 4)
    alice, again, bob = cast.signed_in("alice"), cast.signed_in("alice"), cast.signed_in("bob")

    for client in (alice, again, bob, alice):
        page_of(client)
        assert sum(len(shown.roles) for shown in kept._kept.values()) <= 4


def test_who_has_more_than_can_be_kept_is_shown_it_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "MOST_ROLES", 2)

    assert "payments-prod" in page_of(cast.signed_in("alice"))
    assert kept._kept == {}


def test_what_was_kept_of_another_revision_goes() -> None:
    alice, bob = cast.signed_in("alice"), cast.signed_in("bob")
    page_of(alice)
    Environment.objects.update(colour="red")

    page_of(bob)

    marks = {mark for mark, _ in kept._kept}
    assert len(marks) == 1
