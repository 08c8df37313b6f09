"""Names of others: what is hidden in them is marked, and `sub` and issuer tell look-alikes apart, on every page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, PermissionSet, Token
from accounts.portal_tokens import lifecycle
from accounts.types import Kind, Scope
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("northwind")
def test_hidden_characters_and_look_alikes_are_told_apart_on_every_page(carol: Client) -> None:
    hidden = "pay\u202ements"
    somebody = replace(
        cast.subject("mallory", groups=[hidden, "payments"]),
        sub=f"sub-{hidden}",
        name=hidden,
        email=f"{hidden}@northwind.example",
    )
    now = timezone.now()
    sign_in = cast.sign_in(somebody, now=now)
    lifecycle.create(
        sign_in=sign_in,
        purpose="nightly",
        scope=Scope(kinds=frozenset({Kind.KEYS})),
        lifetime=timedelta(days=1),
        machine=None,
        origin=cast.ORIGIN,
        now=now,
    )
    # A row from before names were checked.
    Token.objects.update(purpose=hidden)
    event = AuditEvent.objects.filter(sub=somebody.sub).first()
    assert event is not None
    mapping = cast.mapping(
        hidden, PermissionSet.objects.get(name="ReadOnly"), "all", name="Payments read"
    )

    for path in (
        "person/",
        f"person/{sign_in.person.pk}/change/",
        "signin/",
        f"signin/{sign_in.pk}/change/",
        "token/",
        "auditevent/",
        f"auditevent/{event.pk}/change/",
        f"mapping/{mapping.pk}/preview/",
    ):
        page = carol.get(f"/admin/accounts/{path}").content.decode()

        assert "pay[U+202E]ments" in page, path
        assert "sub-pay[U+202E]ments" in page, path
        assert hidden not in page.split("<main")[-1].split('id="content"')[-1], path
        assert cast.ISSUER in page, path
    assert "groups = pay[U+202E]ments" in carol.get("/admin/accounts/mapping/").content.decode()


def test_moments_have_one_form_and_accounts_their_names(carol: Client) -> None:
    cast.account("payments-prod", "123456789012")
    for account_id in ("123456789012", "999999999999"):
        AuditEvent.objects.create(
            at=cast.NOON, action="access.keys.issued", actor="alice", account_id=account_id
        )

    page = carol.get("/admin/accounts/auditevent/").content.decode()

    assert ">22 November 2026, 12:00:00 UTC</time>" in page
    assert "payments-prod (123456789012)" in page
    assert ">999999999999<" in page


@pytest.mark.usefixtures("northwind")
def test_pages_for_everybody_mark_what_is_hidden_in_claim_values() -> None:
    hidden = "pay\u200bments "
    lookalike = replace(
        cast.subject("mallory", groups=[hidden]), sub=f"sub-{hidden}", name="", email=""
    )
    page = cast.signed_in(lookalike).get("/").content.decode()

    assert "You have no AWS accounts yet" in page
    assert "<li>pay[U+200B]ments[U+0020]</li>" in page
    assert "sub-pay[U+200B]ments[U+0020]" in page

    cast.mapping(hidden, PermissionSet.objects.get(name="ReadOnly"), "all")
    role = {"account_id": "210987654321", "role_name": "ReadOnly"}
    page = cast.signed_in(lookalike).get("/keys", role).content.decode()

    assert "groups = pay[U+200B]ments[U+0020]</span>" in page
