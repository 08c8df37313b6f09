"""People can be blocked and nothing else; sign-ins show no token and no protocol claim."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import signins
from accounts.errors import SignInAgain
from accounts.models import AuditEvent, Person, SignIn
from accounts.portal_tokens import lifecycle
from accounts.types import Kind, Scope
from tests import cast

pytestmark = pytest.mark.django_db


BLOCKED = {"blocked": "on", "block_reason": "left"}


def page_of(person: Person) -> str:
    return f"/admin/accounts/person/{person.pk}/change/"


def test_an_admin_cannot_block_themselves(carol: Client) -> None:
    me = Person.objects.get(sub="sub-carol")

    response = carol.post(page_of(me), BLOCKED)

    assert "You cannot block yourself" in response.content.decode()
    assert carol.get("/admin/").status_code == 200


def test_nobody_makes_an_admin_through_the_form(carol: Client) -> None:
    person = cast.sign_in("mallory").person

    carol.post(page_of(person), {"is_admin": "on", "sub": "sub-carol"})

    person.refresh_from_db()
    assert (person.is_admin, person.sub) == (False, "sub-mallory")


def test_a_block_takes_effect_at_once(carol: Client, alice: Client) -> None:
    assert alice.session.get("sign_in")

    carol.post(page_of(Person.objects.get(sub="sub-alice")), BLOCKED)

    alice.get("/")
    assert not alice.session.get("sign_in")
    with pytest.raises(SignInAgain):
        cast.sign_in("alice")


def test_a_block_ends_open_sign_ins_for_good_and_is_recorded(carol: Client) -> None:
    sign_in = cast.sign_in("alice")

    carol.post(page_of(sign_in.person), BLOCKED)
    carol.post(page_of(sign_in.person), {})

    sign_in.refresh_from_db()
    assert sign_in.end_reason == "blocked by an admin"
    block, unblock = AuditEvent.objects.filter(detail__model="block").order_by("at")
    assert (block.action, unblock.action) == ("admin.object.added", "admin.object.deleted")
    assert block.detail["after"] == unblock.detail["before"]
    assert block.detail["after"]["sub"] == "sub-alice"
    assert block.detail["after"]["reason"] == "left"
    history = carol.get(page_of(sign_in.person).replace("change", "history")).content.decode()
    assert history.count("by carol@northwind.example") == 2


def test_blocking_an_admin_warns_of_the_machine_tokens_they_created(carol: Client) -> None:
    now = timezone.now()
    dave = cast.sign_in(cast.subject("dave", groups=["portal-admins"]), now=now)
    for machine in ("report", None):
        lifecycle.create(
            sign_in=dave,
            purpose="nightly report",
            scope=Scope(kinds=frozenset({Kind.KEYS})),
            lifetime=timedelta(days=1),
            machine=machine,
            origin=cast.ORIGIN,
            now=now,
        )

    page = carol.post(page_of(dave.person), BLOCKED, follow=True).content.decode()

    assert "1 machine token that dave@northwind.example created still works" in page
    listed = f"/admin/accounts/token/?created_by__exact={dave.person.pk}&amp;state=live"
    assert f'href="{listed}"' in page
    assert "report" in carol.get(listed.replace("&amp;", "&")).content.decode()


def test_blocking_somebody_without_machine_tokens_warns_of_nothing(carol: Client) -> None:
    page = carol.post(page_of(cast.sign_in("alice").person), BLOCKED, follow=True).content.decode()

    assert "machine token" not in page


def test_the_list_narrows_to_blocked_identities_and_to_the_others(carol: Client) -> None:
    alice, bob = cast.sign_in("alice").person, cast.sign_in("bob").person
    cast.block(alice)

    for chosen, shown, hidden in (("yes", alice, bob), ("no", bob, alice)):
        page = carol.get("/admin/accounts/person/", {"blocked": chosen}).content.decode()
        assert shown.identity in page
        assert hidden.identity not in page


def test_an_unblocked_person_signs_in_again(carol: Client) -> None:
    person = cast.sign_in("alice").person
    carol.post(page_of(person), BLOCKED)

    carol.post(page_of(person), {})

    assert cast.sign_in("alice").person == person


def test_a_sign_in_shows_no_token_and_no_protocol_claim(carol: Client) -> None:
    sign_in = signins.begin(
        subject=cast.subject("alice", nonce="n-secret", sid="s-secret", at_hash="h-secret"),
        tokens=signins.ProviderTokens("id-secret", "refresh-secret"),
        origin=cast.ORIGIN,
        now=cast.NOON,
    )
    stored = SignIn.objects.get(pk=sign_in.pk)

    page = carol.get(f"/admin/accounts/signin/{sign_in.pk}/change/").content.decode()
    listed = carol.get("/admin/accounts/signin/").content.decode()

    assert "payments" in page
    for text in (page, listed):
        assert "secret" not in text
        assert stored.encrypted_id_token not in text
        assert stored.encrypted_refresh_token not in text


def test_tokens_are_not_even_loaded(carol: Client) -> None:
    sign_in = cast.sign_in("alice")

    page = carol.get(f"/admin/accounts/signin/{sign_in.pk}/change/")

    assert page.context["original"].get_deferred_fields() == {
        "encrypted_id_token",
        "encrypted_refresh_token",
        "encrypted_access_token",
    }
