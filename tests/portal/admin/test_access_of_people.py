"""What a person has right now: auditors see it, admins end it, and are told what lives on at AWS."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, Person, SignIn, Token
from accounts.models.audit import Action
from accounts.portal_tokens import lifecycle
from accounts.types import Kind, Scope
from tests import cast
from tests.sso.conftest import Program

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

ACCOUNTS = "/assignment/accounts"


def page_of(person: Person) -> str:
    return f"/admin/accounts/person/{person.pk}/change/"


def end_of(person: Person) -> str:
    return f"/admin/accounts/person/{person.pk}/end/"


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def issued(who: str = "alice") -> None:
    audit.record(
        action=Action.KEYS_ISSUED,
        now=timezone.now(),
        origin=cast.ORIGIN,
        subject=cast.subject(who),
        account_id="210987654321",
        role_name="Developer",
        duration=3600,
        access_key_id="ASIAEXAMPLE",
    )


def token_of(sign_in: SignIn) -> Token:
    return lifecycle.create(
        sign_in=sign_in,
        purpose="nightly report",
        scope=Scope(kinds=frozenset({Kind.KEYS})),
        lifetime=timedelta(days=1),
        origin=cast.ORIGIN,
        now=timezone.now(),
    ).token


def is_open(sign_in: SignIn) -> bool:
    sign_in.refresh_from_db()
    return sign_in.is_open(timezone.now())


# Denied


@pytest.mark.parametrize("who", ["auditor", "alice", "nobody"])
def test_only_portal_admins_end_what_others_have(who: str) -> None:
    sign_in = cast.sign_in("bob")
    auditor = cast.subject("dave", groups=["portal-auditors"])
    client = Client() if who == "nobody" else cast.signed_in(auditor if who == "auditor" else who)

    for fields in ({}, {"sign_in": str(sign_in.pk)}):
        assert client.post(end_of(sign_in.person), fields).status_code in (302, 403)
    client.post(
        "/admin/accounts/signin/",
        {"action": "end", "_selected_action": [str(sign_in.pk)]},
    )

    assert is_open(sign_in)


def test_no_link_ends_anything(carol: Client) -> None:
    sign_in = cast.sign_in("alice")

    assert carol.get(end_of(sign_in.person)).status_code == 405
    assert is_open(sign_in)


def test_a_page_ends_no_sign_in_of_somebody_else(carol: Client) -> None:
    alices, bobs = cast.sign_in("alice"), cast.sign_in("bob")

    for named in (str(bobs.pk), str(uuid4())):
        carol.post(end_of(alices.person), {"sign_in": named})
    assert carol.post(end_of(alices.person), {"sign_in": "x"}).status_code == 404
    assert carol.post("/admin/accounts/person/0/end/").status_code == 404

    assert [is_open(one) for one in (alices, bobs)] == [True, True]


# Seen


def test_auditors_see_what_somebody_has_and_no_button() -> None:
    Program().login("alice")
    sign_in = SignIn.objects.get()
    token_of(sign_in)
    issued()
    auditor = cast.signed_in(cast.subject("dave", groups=["portal-auditors"]))

    response = auditor.get(page_of(sign_in.person))

    text = text_of(response)
    for shown in ("Access right now", "Token: nightly report", "payments-dev", "ASIAEXAMPLE"):
        assert shown in text
    assert end_of(sign_in.person) not in response.content.decode()


def test_who_has_nothing_has_nothing_to_end(carol: Client) -> None:
    sign_in = cast.sign_in("alice")
    SignIn.objects.filter(pk=sign_in.pk).update(ended_at=timezone.now())

    response = carol.get(page_of(sign_in.person))

    assert "No sign-in is open." in text_of(response)
    assert "Nothing that this portal knows of." in text_of(response)
    assert end_of(sign_in.person) not in response.content.decode()


def test_the_list_narrows_to_open_sign_ins_and_says_their_state(carol: Client) -> None:
    cast.sign_in("alice")
    cast.sign_in("bob", now=timezone.now() - timedelta(days=2))

    shown = text_of(carol.get("/admin/accounts/signin/", {"state": "open"}))
    hidden = text_of(carol.get("/admin/accounts/signin/", {"state": "over"}))

    assert ("sub-alice" in shown, "sub-bob" in shown) == (True, False)
    assert ("sub-alice" in hidden, "sub-bob" in hidden) == (False, True)


def test_a_sign_in_shows_its_command_lines(carol: Client) -> None:
    program = Program()
    token = program.login("alice")["accessToken"]
    page = f"/admin/accounts/signin/{SignIn.objects.get(person__sub='sub-alice').pk}/change/"

    assert "not used yet" in text_of(carol.get(page))
    program.get(ACCOUNTS, token)
    assert re.search(r"requested from \S+, used .* from 192\.0\.2\.10", text_of(carol.get(page)))


# Ended


def test_an_admin_ends_one_sign_in_and_the_others_go_on(carol: Client) -> None:
    one, other = cast.sign_in("alice"), cast.sign_in("alice")
    issued()

    response = carol.post(end_of(one.person), {"sign_in": str(one.pk)}, follow=True)

    assert response.redirect_chain == [(f"{page_of(one.person)}#access", 302)]
    assert re.search(
        r"1 sign-in ended; keys at AWS live until \d+ \w+ \d{4}, \d\d:\d\d UTC\.", text_of(response)
    )
    assert [is_open(row) for row in (one, other)] == [False, True]
    row = AuditEvent.objects.get(action=Action.SIGNIN_ENDED)
    assert (row.sub, row.surface) == ("sub-alice", "admin")
    assert row.reason == "ended by a portal admin, carol@northwind.example"


def test_an_admin_ends_all_that_somebody_has(carol: Client) -> None:
    program = Program()
    bearer = program.login("alice")["accessToken"]
    sign_in, elsewhere, bobs = (
        SignIn.objects.get(person__sub="sub-alice"),
        cast.sign_in("alice"),
        cast.sign_in("bob"),
    )
    token = token_of(sign_in)

    response = carol.post(end_of(sign_in.person), follow=True)

    assert "2 sign-ins and 1 command line ended, 1 token revoked." in text_of(response)
    assert [is_open(one) for one in (sign_in, elsewhere, bobs)] == [False, False, True]
    assert program.get(ACCOUNTS, bearer).status_code == 401
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_the_list_ends_what_is_chosen(carol: Client) -> None:
    chosen, other = cast.sign_in("alice"), cast.sign_in("alice")

    response = carol.post(
        "/admin/accounts/signin/",
        {"action": "end", "_selected_action": [str(chosen.pk)]},
        follow=True,
    )

    assert "1 sign-in ended." in text_of(response)
    assert [is_open(one) for one in (chosen, other)] == [False, True]


def test_a_block_says_what_it_did_and_what_lives_on_at_aws(carol: Client) -> None:
    alice = cast.sign_in("alice").person
    cast.sign_in("alice")
    issued()

    response = carol.post(page_of(alice), {"blocked": "on", "block_reason": "left"}, follow=True)

    assert re.search(
        r"2 open sign-ins ended; keys at AWS live until \d+ \w+ \d{4}, \d\d:\d\d UTC\. Cut them now",
        text_of(response),
    )
    (link,) = set(re.findall(r'href="([^"]+revocation/cut/[^"]+)"', response.content.decode()))
    assert "alice" in text_of(carol.get(link.replace("&amp;", "&")))


def test_a_block_of_a_claim_value_says_what_lives_on_of_those_it_reaches(carol: Client) -> None:
    sign_in = cast.sign_in("alice")
    SignIn.objects.filter(pk=sign_in.pk).update(ended_at=timezone.now())
    cast.sign_in("bob")
    issued("bob")
    fields = {"claim": "groups", "value": "payments", "reason": "incident"}

    unreached = text_of(carol.post("/admin/accounts/block/add/", fields, follow=True))
    issued("alice")
    reached = text_of(
        carol.post("/admin/accounts/block/add/", {**fields, "value": "platform"}, follow=True)
    )

    assert "keys at AWS" not in unreached
    assert "0 open sign-ins ended; keys at AWS live until" in reached.replace("0 Open", "0 open")
