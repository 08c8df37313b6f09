"""The page Health, by sign-ins at a real provider."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.oidc import key_sets
from demo.identity import IdentityProvider
from tests import cast
from tests.identity import Visitor

pytestmark = pytest.mark.usefixtures("northwind")

PAGE = "/admin/health/"
LOSES = "A person disabled at the provider loses access here within"


def test_page_is_for_admins_and_auditors(db: None) -> None:
    assert cast.signed_in("alice").get(PAGE).status_code == 403
    auditor = cast.subject("olga", groups=["portal-auditors"])
    assert cast.signed_in(auditor).get(PAGE).status_code == 200


@pytest.mark.parametrize(
    ("reverify", "faults", "said"),
    [
        ("detect", {}, f"{LOSES} 5 minutes."),
        ("none", {}, f"{LOSES} 1 hour: REVERIFY is none."),
        (
            "userinfo",
            {"status": {"userinfo": 403}},
            f"{LOSES} 1 hour: the provider gives no userinfo",
        ),
    ],
)
def test_one_sentence_says_how_soon_access_ends(
    visitor: Visitor,
    identity: IdentityProvider,
    settings: Any,
    reverify: str,
    faults: dict[str, Any],
    said: str,
) -> None:
    settings.REVERIFY = reverify
    with identity.misbehaving(**faults):
        visitor.walk("carol")

    page = visitor.client.get(PAGE).content.decode()

    assert said in page
    assert "Identity provider" in page


def test_what_is_out_of_order_is_named(visitor: Visitor, identity: IdentityProvider) -> None:
    visitor.walk("carol")
    with identity.misbehaving(status={"jwks": 503}):
        key_sets.clear_cache()
        assert "not usable" in visitor.client.get(PAGE).content.decode()


def test_index_leads_there(db: None) -> None:
    assert f'href="{PAGE}"' in cast.signed_in("carol").get("/admin/").content.decode()
