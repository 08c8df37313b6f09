"""Who it is, at an AWS that means its trust policies: by the hub, and by the portal's own token."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import signing
from accounts.access import issue_keys
from accounts.errors import AwsRefused
from accounts.models import Account, PermissionSet
from accounts.signing import documents, stored_keys
from accounts.types import Credentials, RoleRef
from tests import cast
from tests.strict_aws import StrictAws, WebIssuer, allow, policy

pytestmark = [pytest.mark.usefixtures("northwind"), pytest.mark.wire]

DEV = "210987654321"
RULES = {"claim_tags": {"team": "department"}, "source_identity_claim": "login"}
TEAM = {"StringEquals": {"aws:RequestTag/team": "payments"}}
IDENTITY = {"StringLike": {"sts:SourceIdentity": "a.archer-*"}}


@pytest.fixture(params=["hub", "portal-token"])
def trust(
    request: pytest.FixtureRequest, strict_aws: StrictAws, web_issuer: WebIssuer, settings: Settings
) -> Any:
    """A function that makes the role trust the portal for these further actions, by each trust method."""
    Account.objects.update(trust_method=request.param, external_id="")
    PermissionSet.objects.filter(name="Developer").update(**RULES)
    by_token = request.param == "portal-token"
    principal: dict[str, Any] = {"Principal": {"AWS": strict_aws.hub_arn}}
    opening = "sts:AssumeRole"
    if by_token:
        settings.BASE_URL = settings.TRUST_ISSUER = web_issuer.url
        keys = stored_keys.create_first(now=timezone.now())
        published = documents.build(keys, now=timezone.now())
        web_issuer.documents[documents.DISCOVERY_PATH] = published.discovery
        web_issuer.documents[documents.KEY_SET_PATH] = published.key_set
        provider = web_issuer.url.removeprefix("https://")
        arn = strict_aws.create_provider(DEV, web_issuer.url, ["sts.amazonaws.com"])
        subject = {f"{provider}:sub": signing.subject_for(DEV, "Developer")}
        audience = {f"{provider}:aud": "sts.amazonaws.com"}
        principal = {
            "Principal": {"Federated": arn},
            "Condition": {"StringEquals": {**subject, **audience}},
        }
        opening = "sts:AssumeRoleWithWebIdentity"

    def make(*statements: dict[str, Any]) -> None:
        further = [{**principal, **statement} for statement in statements]
        document = policy(allow(opening, **principal), *further)
        strict_aws.create_role(DEV, "Developer", document, path="/gatehouse/", max_session=43200)

    return make


def enter(**claims: Any) -> Credentials:
    who = {"department": "payments", "login": "a.archer", **claims}
    issued = issue_keys(
        subject=cast.as_subject(cast.subject("alice", **who)),
        role=RoleRef(DEV, "Developer"),
        duration=3600,
        origin=cast.ORIGIN,
        now=timezone.now(),
    )
    return issued.credentials


@pytest.mark.parametrize("missing", ["sts:TagSession", "sts:SetSourceIdentity"])
def test_a_role_that_lacks_an_action_refuses_everybody(trust: Any, missing: str) -> None:
    actions = {"sts:TagSession", "sts:SetSourceIdentity"} - {missing}
    trust(allow(*actions))

    with pytest.raises(AwsRefused):
        enter()


def test_a_role_that_demands_a_tag_and_a_source_identity_lets_in_who_has_them(trust: Any) -> None:
    trust(
        allow("sts:TagSession", Condition=TEAM), allow("sts:SetSourceIdentity", Condition=IDENTITY)
    )

    for wrong in ({"department": "billing"}, {"login": "b.baker"}):
        with pytest.raises(AwsRefused):
            enter(**wrong)

    assert enter().assumed_role_arn.startswith(f"arn:aws:sts::{DEV}:assumed-role/Developer/alice")
