"""A block reaches everybody it names on every surface: identities never seen, claim values, look-alikes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from accounts import access, blocks, signins
from accounts.errors import SignInAgain
from accounts.models import AuditEvent, Block, Mapping, Person
from accounts.people import forget_noted, note_seen
from accounts.types import RoleRef, Subject, Surface
from tests import cast

pytestmark = pytest.mark.django_db

API = "pairwise-of-the-api"


def of_api(name: str) -> Subject:
    """Return the identity of one of the cast for the API's client, at a provider with pairwise `sub`."""
    return replace(cast.subject(name), sub=f"{API}-{name}")


def keys(subject: Subject) -> str:
    """Ask the door for keys of a role that does not exist, and return the code of the refusal."""
    with pytest.raises(Exception) as refused:  # noqa: PT011
        access.issue_keys(
            subject=subject,
            role=RoleRef("123456789012", "Nothing"),
            duration=None,
            origin=cast.ORIGIN,
            now=timezone.now(),
        )
    return str(getattr(refused.value, "code", refused.value))


def add(carol: Client, **columns: str) -> str:
    data = {"issuer": "", "sub": "", "claim": "", "value": "", "reason": "left the company"}
    response = carol.post("/admin/accounts/block/add/", data | columns, follow=True)
    return response.content.decode()


def test_an_identity_never_seen_is_blocked_by_issuer_and_sub(carol: Client) -> None:
    assert keys(of_api("alice")) != "signin.blocked"

    add(carol, issuer=cast.ISSUER, sub=f"{API}-alice")

    assert keys(of_api("alice")) == "signin.blocked"
    assert keys(of_api("bob")) != "signin.blocked"
    assert not Person.objects.filter(sub__startswith=API).exists()
    event = AuditEvent.objects.get(action="admin.object.added")
    assert event.detail["after"]["reason"] == "left the company"
    assert event.actor.startswith("carol")


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("email", " Alice@Northwind.EXAMPLE"),
        ("preferred_username", "ALICE"),
        ("groups", "payments"),
    ],
)
def test_a_claim_value_blocks_every_identity_that_has_it(
    carol: Client, claim: str, value: str
) -> None:
    claims = {"preferred_username": "alice", "groups": ["x", "payments"]}
    browser = cast.sign_in(replace(cast.subject("alice"), claims=claims))
    api = replace(of_api("alice"), claims=claims)
    bob = cast.sign_in("bob")

    page = add(carol, claim=claim, value=value)

    assert "1 open sign-in ended" in page
    assert "sub-alice at" in page
    assert keys(api) == "signin.blocked"
    with pytest.raises(SignInAgain):
        signins.get_open(sign_in_id=browser.id, now=timezone.now())
    with pytest.raises(SignInAgain, match="blocked"):
        cast.sign_in(replace(cast.subject("alice"), claims=claims))
    assert signins.get_open(sign_in_id=bob.id, now=timezone.now()) == bob


def test_a_block_that_nobody_ended_sign_ins_for_refuses_them_all_the_same(carol: Client) -> None:
    sign_in = cast.sign_in("alice")
    Block.objects.create(claim="groups", value="payments", reason="restored from a backup")

    with pytest.raises(SignInAgain):
        signins.get_open(sign_in_id=sign_in.id, now=timezone.now())

    carol.post(f"/admin/accounts/block/{Block.objects.get().pk}/delete/", {"post": "yes"})

    assert signins.get_open(sign_in_id=sign_in.id, now=timezone.now()) == sign_in
    assert AuditEvent.objects.filter(action="admin.object.deleted").count() == 1


def test_nobody_blocks_themselves_or_everybody_by_mistake(carol: Client) -> None:
    assert "You would block yourself" in add(carol, claim="groups", value="portal-admins")
    for columns in ({}, {"claim": "email"}, {"sub": "x"}, {"claim": "a", "value": "b", "sub": "x"}):
        assert "Fill in issuer and sub" in add(carol, **columns)
    assert not Block.objects.exists()


def test_who_asks_the_api_only_is_found_by_admins_and_blocked_with_their_browser(
    carol: Client,
) -> None:
    now = timezone.now()
    sign_in = cast.sign_in("alice")
    shouting = replace(of_api("alice"), email="ALICE@northwind.example")
    note_seen(shouting, surface=Surface.API, now=now)
    note_seen(of_api("bob"), surface=Surface.API, now=now)
    note_seen(replace(of_api("ci"), workload=True), surface=Surface.API, now=now)
    other = Person.objects.get(sub=shouting.sub)
    page = f"/admin/accounts/person/{sign_in.person.pk}/change/"

    assert other.last_seen_via == "api"
    assert not Person.objects.filter(sub=f"{API}-ci").exists()
    assert list(blocks.look_alikes(sign_in.person)) == [other]
    assert f"{API}-alice at {cast.ISSUER}" in carol.get(page).content.decode()

    done = carol.post(
        page, {"blocked": "on", "block_reason": "left", "also": [str(other.pk)]}, follow=True
    )

    assert "Blocked: alice@northwind.example" in done.content.decode()
    assert "1 open sign-in ended" in done.content.decode()
    assert keys(shouting) == "signin.blocked"
    assert keys(of_api("bob")) != "signin.blocked"
    recorded = AuditEvent.objects.filter(action="admin.object.added")
    assert [event.detail["after"]["reason"] for event in recorded] == ["left", "left"]

    carol.post(page, {"also": [str(other.pk)]})

    assert keys(shouting) != "signin.blocked"


def test_a_person_cannot_be_blocked_without_a_reason(carol: Client) -> None:
    page = f"/admin/accounts/person/{cast.sign_in('alice').person.pk}/change/"

    assert "Say why" in carol.post(page, {"blocked": "on"}).content.decode()
    assert not Block.objects.exists()


@pytest.mark.parametrize("by", ["this identity", "groups = PAYMENTS", "email = alice@"])
def test_every_page_says_who_is_blocked_and_by_what(
    carol: Client, northwind: None, by: str
) -> None:
    person = cast.sign_in("alice").person
    mapping = Mapping.objects.get(name="Developers of payments")
    pages = [
        "/admin/accounts/person/",
        f"/admin/accounts/person/{person.pk}/change/",
        f"/admin/accounts/mapping/{mapping.pk}/preview/",
    ]
    if by == "this identity":
        cast.block(person)
    else:
        claim, value = by.split(" = ")
        value = "alice@northwind.example" if claim == "email" else value
        Block.objects.create(claim=claim, value=value, reason="left", created_by="carol")

    listed, page, preview = (carol.get(page).content.decode() for page in pages)

    assert by in listed
    assert by in page
    assert "(blocked)" in preview


def test_an_hour_of_requests_writes_once(carol: Client, django_assert_num_queries: object) -> None:
    del carol
    now = timezone.now()
    note_seen(of_api("bob"), surface=Surface.API, now=now)
    with django_assert_num_queries(0):  # type: ignore[operator]
        note_seen(of_api("bob"), surface=Surface.SSO, now=now)
    forget_noted()  # As another process, which asks first.
    with django_assert_num_queries(1):  # type: ignore[operator]
        note_seen(of_api("bob"), surface=Surface.SSO, now=now)

    note_seen(of_api("bob"), surface=Surface.SSO, now=now + timedelta(hours=1))

    assert Person.objects.get(sub=of_api("bob").sub).last_seen_via == "sso"


def test_who_could_not_be_noted_is_noted_by_the_next_request(
    carol: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    del carol

    def read_only(*args: object, **columns: object) -> None:
        raise DatabaseError("read-only")

    with monkeypatch.context() as without:
        without.setattr(Person.objects, "get_or_create", read_only)
        note_seen(of_api("bob"), surface=Surface.API, now=timezone.now())
    assert not Person.objects.filter(sub=of_api("bob").sub).exists()

    note_seen(of_api("bob"), surface=Surface.API, now=timezone.now())

    assert Person.objects.filter(sub=of_api("bob").sub).exists()
