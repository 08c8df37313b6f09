"""Tokens in the admin: admins revoke, auditors look, nobody makes or changes one or sees its hash."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts.errors import TokenRefused
from accounts.models import AuditEvent, Token
from accounts.models.audit import Action
from accounts.portal_tokens import bearers
from accounts.types import Surface
from tests import cast
from tests.portal.pages.test_tokens import create

pytestmark = pytest.mark.usefixtures("northwind")

LIST = "/admin/accounts/token/"


@pytest.fixture
def secret() -> str:
    """The secret of alice's token, the only one there is."""
    return create(cast.signed_in("alice"))


def revoke(client: Client) -> int:
    ids = [str(pk) for pk in Token.objects.values_list("pk", flat=True)]
    status: int = client.post(LIST, {"action": "revoke", "_selected_action": ids}).status_code
    return status


def test_an_auditor_looks_and_revokes_nothing(secret: str, olga: Client) -> None:
    assert "nightly report" in olga.get(LIST).content.decode()
    revoke(olga)

    assert Token.objects.get().revoked_at is None


def test_somebody_without_rights_sees_and_revokes_nothing(secret: str, alice: Client) -> None:
    assert alice.get(LIST).status_code == 403
    assert revoke(alice) == 403
    assert Token.objects.get().revoked_at is None


@pytest.mark.parametrize("view", ["add/", "{}/change/", "{}/delete/"])
def test_nobody_creates_changes_or_deletes_one_here(secret: str, view: str, carol: Client) -> None:
    before = Token.objects.values().get()
    page = LIST + view.format(before["id"])

    carol.post(page, {"purpose": "else", "machine": "deploy", "audit": "on", "post": "yes"})

    assert Token.objects.values().get() == before


def test_no_page_shows_or_asks_about_the_hash(secret: str, carol: Client) -> None:
    token = Token.objects.get()

    for page in (LIST, f"{LIST}{token.id}/change/", f"{LIST}?q={token.digest[:8]}"):
        text = carol.get(page).content.decode()
        assert token.digest not in text
        assert secret not in text
    assert carol.get(LIST, {"digest__startswith": token.digest[:1]}).status_code == 400


def test_an_admin_revokes_at_once_and_it_is_recorded(secret: str, carol: Client) -> None:
    now = timezone.now()
    assert revoke(carol) == 302
    assert revoke(carol) == 302

    with pytest.raises(TokenRefused):
        bearers.subject_of(bearer=secret, origin=cast.ORIGIN, now=now)
    row = AuditEvent.objects.get(action=Action.TOKEN_REVOKED)
    assert (row.sub, row.surface) == ("sub-carol", Surface.ADMIN)
    assert row.detail["made_by"] == "alice@northwind.example"


@pytest.mark.parametrize(
    ("state", "found"), [("live", True), ("expired", False), ("revoked", False)]
)
def test_the_list_is_narrowed_by_state(secret: str, state: str, found: bool, carol: Client) -> None:
    assert ("nightly report" in carol.get(LIST, {"state": state}).content.decode()) is found
