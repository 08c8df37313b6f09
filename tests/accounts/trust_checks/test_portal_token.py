"""Each side that can be wrong where the portal signs the tokens: provider, audience, subject, actions, the role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import signing
from accounts.models import Account, AccountRole, AuditEvent, TrustCheck
from accounts.models.audit import Action
from accounts.models.trust_checks import CheckOutcome
from accounts.signing import documents, stored_keys
from accounts.trust_checks import CheckedRole, check_roles
from accounts.trust_checks.callers import Callers
from accounts.trust_checks.trials import try_role
from accounts.types import Origin, SessionRules, Surface
from tests import cast
from tests.accounts.test_trust import ROLE
from tests.emulators import aws_environment
from tests.strict_aws import StrictAws, WebIssuer, allow, policy

pytestmark = [pytest.mark.usefixtures("northwind"), pytest.mark.wire]

DEV = "210987654321"
OPEN, EXTRAS = "sts:AssumeRoleWithWebIdentity", ("sts:TagSession", "sts:SetSourceIdentity")


@pytest.fixture
def aws(strict_aws: StrictAws, web_issuer: WebIssuer, settings: Settings) -> Iterator[StrictAws]:
    """An AWS that reads the portal's keys where they are published; the portal has no keys of AWS."""
    settings.BASE_URL = settings.TRUST_ISSUER = web_issuer.url
    published = documents.build(stored_keys.create_first(now=timezone.now()), now=timezone.now())
    web_issuer.documents[documents.DISCOVERY_PATH] = published.discovery
    web_issuer.documents[documents.KEY_SET_PATH] = published.key_set
    Account.objects.update(trust_method="portal-token")
    with aws_environment(
        AWS_ENDPOINT_URL_STS=strict_aws.url,
        AWS_ENDPOINT_URL_IAM=strict_aws.url,
        AWS_ACCESS_KEY_ID=None,
        AWS_SECRET_ACCESS_KEY=None,
    ):
        yield strict_aws


def onboard(
    aws: StrictAws,
    *,
    client_id: str = "sts.amazonaws.com",
    audience: str = "sts.amazonaws.com",
    subject: str | None = None,
    actions: tuple[str, ...] = (OPEN, *EXTRAS),
    name: str = "Developer",
    path: str = "/gatehouse/",
) -> None:
    """Do what an AWS admin does for a role: the provider, and the role that trusts it."""
    url = signing.issuer_url()
    provider = url.removeprefix("https://")
    arn = aws.create_provider(DEV, url, [client_id])
    equals = {f"{provider}:aud": audience}
    if subject != "":
        equals[f"{provider}:sub"] = subject or signing.subject_for(DEV, name)
    condition = {"StringEquals": equals}
    trusts = policy(allow(*actions, Principal={"Federated": arn}, Condition=condition))
    aws.create_role(DEV, name, trusts, path=path, max_session=43200)


def check(name: str = "Developer") -> CheckedRole:
    role = AccountRole.objects.get(account__account_id=DEV, permission_set__name=name)
    (one,) = check_roles(
        [role.pk], subject=cast.as_subject("carol"), origin=Origin(surface=Surface.ADMIN)
    )
    return one


def test_a_role_that_demands_its_own_subject_works(aws: StrictAws) -> None:
    onboard(aws)

    found = check().finding

    assert (found.outcome, found.warnings) == (CheckOutcome.WORKS, ())
    assert TrustCheck.objects.get().outcome == "works"


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "audience of the provider": (
        {"client_id": "another"},
        "trust.provider_audience",
        "does not list the audience sts.amazonaws.com",
    ),
    "audience of the role": (
        {"audience": "another"},
        "trust.denied",
        ":aud sts.amazonaws.com",
    ),
    "subject": (
        {"subject": f"account:{DEV}:role:Administrator"},
        "trust.denied",
        f":sub account:{DEV}:role:Developer",
    ),
    "action": ({"actions": EXTRAS}, "trust.denied", f"must allow {OPEN}"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_side_has_its_words(aws: StrictAws, name: str) -> None:
    wrong, code, words = WRONG[name]
    onboard(aws, **wrong)

    found = check().finding

    assert (found.outcome, found.code) == (CheckOutcome.BROKEN, code)
    assert words in found.message


def test_a_missing_provider_is_named(aws: StrictAws) -> None:
    onboard(aws)
    iam = aws.iam(DEV)
    for known in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=known["Arn"])

    found = check().finding

    assert (found.outcome, found.code) == (CheckOutcome.BROKEN, "trust.provider_missing")
    assert f"no IAM OIDC provider for the issuer {signing.issuer_url()}." in found.message


@pytest.mark.parametrize(
    ("without", "code"),
    [("sts:TagSession", "trust.tag_session"), ("sts:SetSourceIdentity", "trust.source_identity")],
)
def test_what_a_session_needs_beside_is_named(aws: StrictAws, without: str, code: str) -> None:
    onboard(aws, actions=tuple(each for each in (OPEN, *EXTRAS) if each != without), path="/")
    rules = SessionRules(claim_tags=(("team", "team"),), source_identity_claim="team")
    role = replace(ROLE, trust_method="portal-token", session_duration=3600, session_rules=rules)

    found = try_role(
        role, subject=cast.subject("carol"), origin=cast.ORIGIN, caller_of=Callers()
    ).finding

    assert (found.outcome, found.code) == (CheckOutcome.BROKEN, code)


def test_a_role_that_any_token_of_the_portal_opens_works_with_a_warning(aws: StrictAws) -> None:
    onboard(aws, subject="")

    found = check().finding

    assert found.outcome is CheckOutcome.WORKS
    assert [warning[:40] for warning in found.warnings] == [
        "Dangerous: Nothing tests the subject (sub)"[:40],
        "The role lets in tokens that the portal "[:40],
    ]


@pytest.mark.django_db(transaction=True)
def test_a_role_that_refuses_is_read_by_another_of_its_account(aws: StrictAws) -> None:
    onboard(aws, subject=f"account:{DEV}:role:Administrator")
    onboard(aws, name="ReadOnly", path="/")
    ids = AccountRole.objects.filter(account__account_id=DEV).values_list("pk", flat=True)

    found = {
        one.role.role_name: one.finding
        for one in check_roles(
            list(ids), subject=cast.as_subject("carol"), origin=Origin(surface=Surface.ADMIN)
        )
    }

    assert found["Developer"].code == "trust.subject"
    assert f"demands account:{DEV}:role:Administrator" in found["Developer"].message
    assert "the portal sends " in found["Developer"].message


def test_no_token_and_no_key_is_in_the_record(aws: StrictAws) -> None:
    onboard(aws)

    check()

    row = AuditEvent.objects.get(action=Action.ROLE_TESTED)
    whole = " ".join(map(str, AuditEvent.objects.filter(pk=row.pk).values()[0].values()))
    assert row.detail["outcome"] == "works"
    assert len(row.detail["access_key_ids"]) > 1
    for session in aws.cloud.tokens.sessions:
        assert "eyJ" not in whole, session
    assert "SecretAccessKey" not in whole
