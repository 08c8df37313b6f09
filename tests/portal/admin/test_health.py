"""The page Health, by sign-ins at a real provider."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import audit
from accounts.audit_trail import batches
from accounts.models import Account
from accounts.models.audit import Action
from accounts.oidc import key_sets
from accounts.types import Origin, Surface
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


def test_every_part_is_in_one_view(db: None) -> None:
    page = cast.signed_in("carol").get(PAGE).content.decode()

    for part in ("Database", "Identity provider", "AWS", "Age of claims", "Signing key", "Jobs"):
        assert f'<th scope="row">{part}</th>' in page
    assert "not asked yet" in page
    assert "rows wait to be sealed; none is sealed yet" in page


def test_where_no_role_can_be_assumed_is_named(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    Account.objects.filter(trust_method="hub").update(partition="aws-cn")

    page = cast.signed_in("carol").get(PAGE).content.decode()

    assert "aws-cn: the portal" in html.unescape(page)


def test_how_far_the_trail_is_sealed_and_when_aws_last_answered(db: None) -> None:
    now = timezone.now()
    carol = cast.signed_in("carol")
    audit.record(action=Action.KEYS_ISSUED, now=now, origin=Origin(surface=Surface.PAGES))
    batches.seal(now=now + timedelta(minutes=5))

    page = carol.get(PAGE).content.decode()

    assert "ok: the last session was given on" in page
    assert "sealed up to row" in page


def test_index_leads_there(db: None) -> None:
    assert f'href="{PAGE}"' in cast.signed_in("carol").get("/admin/").content.decode()
