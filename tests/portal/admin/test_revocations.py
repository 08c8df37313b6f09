"""Cut live sessions: where the form is, what has to be typed, and that each account's result is shown."""

from __future__ import annotations

import html
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.models import Account, AccountRole, Block, Person, Placement, Revocation, SignIn
from tests import cast
from tests.accounts.revocation.companies import DEV, PROD, enter, works
from tests.accounts.revocation.conftest import aws
from tests.strict_aws import StrictAws

__all__ = ["aws"]

CUT = "/admin/accounts/revocation/cut/"
ALICE = {"reach": "person", "issuer": cast.ISSUER, "sub": "sub-alice"}


def text_of(client: Client, path: str) -> str:
    return html.unescape(" ".join(client.get(path, follow=True).content.decode().split()))


@pytest.mark.usefixtures("northwind")
@pytest.mark.parametrize("who", ["alice", "olga"])
def test_nobody_but_portal_admins_cuts(who: str, request: pytest.FixtureRequest) -> None:
    client: Client = request.getfixturevalue(who)
    row = Revocation.objects.create(
        reach="everything",
        what="everybody",
        reason="x",
        requested_by="root",
        requested_at=cast.NOON,
        since=cast.NOON,
    )

    answers = [
        client.get(f"{CUT}?reach=everything"),
        client.post(f"{CUT}?reach=everything", {"reason": "x", "typed": "everything"}),
        client.post(f"/admin/accounts/revocation/{row.pk}/retry/"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert Revocation.objects.count() == 1


@pytest.mark.wire
def test_a_person_is_blocked_and_cut_only_with_the_words_typed(
    aws: StrictAws, carol: Client
) -> None:
    keys = enter("alice", DEV, "Developer")
    form = {"reason": "left", "block": "on"}
    address = f"{CUT}?{urlencode(ALICE)}"

    assert "1 policy in 1 account" in text_of(carol, address)
    for typed in ("", "alice", "everything"):
        answer = carol.post(address, {**form, "typed": typed})
        assert answer.status_code == 200
    assert works(aws, keys)
    assert not Block.objects.exists()

    answer = carol.post(address, {**form, "typed": "alice@northwind.example"}, follow=True)
    page = html.unescape(" ".join(answer.content.decode().split()))
    assert "1 open sign-in ended. Placed in 1 of 1 accounts" in page
    assert DEV in page
    assert not works(aws, keys)
    assert Revocation.objects.get().requested_by == "carol@northwind.example"


@pytest.mark.usefixtures("northwind")
def test_the_form_is_on_the_pages_of_those_it_is_for(carol: Client, olga: Client) -> None:
    sign_in = cast.sign_in("alice")
    rows = [
        Person.objects.get(sub="sub-alice"),
        sign_in,
        Account.objects.get(account_id=DEV),
        AccountRole.objects.filter(account__account_id=PROD).first(),
    ]
    for row in rows:
        assert row is not None
        page = f"/admin/accounts/{row._meta.model_name}/{row.pk}/change/"
        assert "Cut live sessions" in text_of(carol, page)
        assert "Cut live sessions" not in text_of(olga, page)
    assert "Cut everything" in text_of(carol, "/admin/accounts/revocation/")
    assert SignIn.objects.filter(pk=sign_in.pk, ended_at=None).exists()


@pytest.mark.usefixtures("northwind")
def test_an_admin_cannot_block_themselves(carol: Client) -> None:
    address = f"{CUT}?{urlencode({**ALICE, 'sub': 'sub-carol'})}"

    answer = carol.post(address, {"reason": "x", "block": "on", "typed": "carol@northwind.example"})

    assert "You cannot block yourself" in html.unescape(answer.content.decode())
    assert not Revocation.objects.exists()


@pytest.mark.usefixtures("northwind")
def test_what_failed_is_shown_and_tried_again(carol: Client) -> None:
    row = Revocation.objects.create(
        reach="account",
        what="everybody in payments-dev",
        reason="x",
        requested_by="root",
        requested_at=cast.NOON,
        since=cast.NOON,
    )
    arn = f"arn:aws:iam::{DEV}:role/gatehouse/Developer"
    failed = Placement.objects.create(
        revocation=row,
        account_id=DEV,
        policy_of=arn,
        state="failed",
        error_code="aws.access_denied",
        message="the <b>role</b>",
    )
    page = f"/admin/accounts/revocation/{row.pk}/change/"
    assert "0 of 1" in text_of(carol, "/admin/accounts/revocation/")

    assert "Placed in 0 of 1 accounts; policies 1 failed." in text_of(carol, page)
    assert "aws.access_denied" in text_of(carol, page)
    carol.post(f"/admin/accounts/revocation/{row.pk}/retry/")

    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == ("pending", 0)


@pytest.mark.usefixtures("northwind")
@pytest.mark.parametrize("query", ["", "?reach=x", "?reach=sign-in&sign_in=x", "?reach=account"])
def test_an_address_that_names_nothing_cuts_nothing(carol: Client, query: str) -> None:
    answer = carol.get(f"{CUT}{query}")

    assert answer.status_code in (302, 400)
