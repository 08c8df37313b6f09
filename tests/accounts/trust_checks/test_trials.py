"""Each side that can be wrong is told from the others: tried at an AWS that means its trust policies."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from accounts.models.trust_checks import CheckOutcome
from accounts.trust_checks.callers import Callers
from accounts.trust_checks.reading import explain_denials
from accounts.trust_checks.sides import Finding
from accounts.trust_checks.trials import Trial, try_role
from accounts.types import OfferedRole, SessionRules
from tests import cast
from tests.strict_aws import StrictAws, allow, policy

pytestmark = pytest.mark.wire

ACCOUNT = "333333333333"
RULES = SessionRules(claim_tags=(("team", "team"),), source_identity_claim="preferred_username")
ROLE = OfferedRole(
    id=1,
    account_id=ACCOUNT,
    account_name="payments-dev",
    partition="aws",
    environment=None,
    organizational_unit="",
    tags=(),
    region="eu-west-1",
    role_name="Developer",
    iam_path="/gatehouse/",
    iam_role_name="Developer",
    description="",
    session_duration=3600,
    destination="",
    privileged=False,
    console=True,
    keys=True,
    external_id="right",
    session_rules=RULES,
)
EVERY = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")


CAROL = cast.subject("carol", team="payments", preferred_username="carol")


def without(name: str) -> OfferedRole:
    """The role of a permission set that sends no such claim."""
    rules = dataclasses.replace(
        RULES, **({"claim_tags": ()} if name == "tags" else {"source_identity_claim": ""})
    )
    return dataclasses.replace(ROLE, session_rules=rules)


def hub_policy(
    strict: StrictAws, *actions: str, external_id: str = "right", **more: Any
) -> dict[str, Any]:
    """As the portal writes it: the external id with AssumeRole, the rest in a statement of its own."""
    principal = {"AWS": strict.hub_arn}
    condition = {"StringEquals": {"sts:ExternalId": external_id}} if external_id else {}
    extras = [each for each in actions or EVERY if each != "sts:AssumeRole"]
    statements = [allow("sts:AssumeRole", Principal=principal, Condition=condition)]
    if extras:
        statements.append(allow(*extras, Principal=principal))
    return policy(*statements, *more.get("others", ()))


def tried(role: OfferedRole = ROLE) -> Finding:
    return try_role(role, subject=CAROL, origin=cast.ORIGIN, caller_of=Callers()).finding


def test_a_role_as_the_portal_writes_it_works(strict_aws: StrictAws) -> None:
    strict_aws.create_role(ACCOUNT, "Developer", hub_policy(strict_aws), path="/gatehouse/")

    assert tried() == Finding(outcome=CheckOutcome.WORKS)


WRONG: dict[str, tuple[Mapping[str, Any], str, str]] = {
    "tags": (
        {"actions": ("sts:AssumeRole", "sts:SetSourceIdentity")},
        "trust.tag_session",
        "sts:TagSession",
    ),
    "source identity": (
        {"actions": ("sts:AssumeRole", "sts:TagSession")},
        "trust.source_identity",
        "sts:SetSourceIdentity",
    ),
    "external id": ({"external_id": "wrong"}, "trust.denied", "sts:externalid"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_role_that_refuses_is_broken_and_says_what_is_missing(
    strict_aws: StrictAws, name: str
) -> None:
    wrong, code, words = WRONG[name]
    document = hub_policy(
        strict_aws, *wrong.get("actions", EVERY), external_id=wrong.get("external_id", "right")
    )
    strict_aws.create_role(ACCOUNT, "Developer", document, path="/gatehouse/")

    found = tried()

    assert (found.outcome, found.code) == (CheckOutcome.BROKEN, code)
    assert words in found.message
    assert "right" not in found.message.replace("copyright", "")


def test_a_missing_source_identity_is_told_from_missing_tags(strict_aws: StrictAws) -> None:
    strict_aws.create_role(
        ACCOUNT, "Developer", hub_policy(strict_aws, "sts:AssumeRole"), path="/gatehouse/"
    )

    with_both, without_tags = tried(), tried(without("tags"))

    assert (with_both.code, without_tags.code) == ("trust.tag_session", "trust.source_identity")


def test_a_role_that_demands_no_external_id_works_with_a_warning(strict_aws: StrictAws) -> None:
    strict_aws.create_role(
        ACCOUNT, "Developer", hub_policy(strict_aws, external_id=""), path="/gatehouse/"
    )

    found = tried()

    assert found.outcome is CheckOutcome.WORKS
    assert [warning[:40] for warning in found.warnings] == [
        "The role lets the portal in without the "
    ]


def test_a_permission_set_that_offers_more_than_the_role_allows_is_said(
    strict_aws: StrictAws,
) -> None:
    strict_aws.create_role(ACCOUNT, "Developer", hub_policy(strict_aws), path="/gatehouse/")

    found = tried(dataclasses.replace(ROLE, session_duration=8 * 3600))

    assert found.outcome is CheckOutcome.WORKS
    assert found.warnings == (
        "The permission set offers sessions of 8 hours, and the role allows 1 hour at most. Raise the role's "
        "MaxSessionDuration, or lower the permission set's session duration.",
    )


def test_claims_that_the_tester_lacks_are_no_fault_of_the_role(strict_aws: StrictAws) -> None:
    strict_aws.create_role(
        ACCOUNT, "Developer", hub_policy(strict_aws, "sts:AssumeRole"), path="/gatehouse/"
    )
    somebody = cast.subject("carol")

    refused = try_role(ROLE, subject=somebody, origin=cast.ORIGIN, caller_of=Callers()).finding
    strict_aws.create_role(ACCOUNT, "Developer", hub_policy(strict_aws), path="/gatehouse/")
    works = try_role(ROLE, subject=somebody, origin=cast.ORIGIN, caller_of=Callers()).finding

    assert (refused.code, works.code) == ("trust.tag_session", "")


def test_tags_that_people_choose_and_the_role_refuses_are_said(strict_aws: StrictAws) -> None:
    plain = dataclasses.replace(ROLE, session_rules=SessionRules(), session_tags=("ticket",))
    for actions, warnings in ((("sts:AssumeRole",), 1), (EVERY, 0)):
        document = hub_policy(strict_aws, *actions)
        strict_aws.create_role(ACCOUNT, "Developer", document, path="/gatehouse/")

        found = tried(plain)

        assert (found.outcome, len(found.warnings)) == (CheckOutcome.WORKS, warnings)


def test_a_policy_that_lets_others_in_is_said_of_a_role_that_works(strict_aws: StrictAws) -> None:
    stranger = allow(
        "sts:AssumeRole",
        Principal={"AWS": "*"},
        Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    )
    document = hub_policy(strict_aws, others=[stranger])
    strict_aws.create_role(ACCOUNT, "Developer", document, path="/gatehouse/")

    found = tried()

    assert found.outcome is CheckOutcome.WORKS
    assert [warning[:30] for warning in found.warnings] == ["Dangerous: The principal is *:"]


def of_account(strict: StrictAws, denied: OfferedRole) -> Finding:
    """Return the finding of a role that refuses, next to one of the same account that works."""
    strict.create_role(ACCOUNT, "Reader", hub_policy(strict))
    reader = dataclasses.replace(ROLE, id=2, iam_path="/", iam_role_name="Reader")
    callers, trials = Callers(), []
    for role in (denied, reader):
        trials.append(try_role(role, subject=CAROL, origin=cast.ORIGIN, caller_of=callers))
    assert [trial.finding.code for trial in trials] == ["trust.denied", ""]
    explain_denials(trials, caller_of=callers)
    return trials[0].finding


def test_a_role_that_is_not_there_is_told_from_one_that_refuses(strict_aws: StrictAws) -> None:
    found = of_account(strict_aws, dataclasses.replace(ROLE, iam_role_name="Nobody"))

    assert found.code == "trust.role_absent"
    assert f"arn:aws:iam::{ACCOUNT}:role/gatehouse/Nobody" in found.message


def test_another_path_is_said(strict_aws: StrictAws) -> None:
    strict_aws.create_role(ACCOUNT, "Elsewhere", hub_policy(strict_aws), path="/old/")

    found = of_account(strict_aws, dataclasses.replace(ROLE, iam_role_name="Elsewhere"))

    assert found.code == "trust.role_path"
    assert f"arn:aws:iam::{ACCOUNT}:role/old/Elsewhere" in found.message


DOCUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "another hub": (
        "trust.principal",
        allow("sts:AssumeRole", Principal={"AWS": "arn:aws:iam::111111111111:user/other"}),
    ),
    "another external id": (
        "trust.external_id",
        allow(
            "sts:AssumeRole",
            Principal={"AWS": "arn:aws:iam::999999999999:user/portal"},
            Condition={"StringEquals": {"sts:ExternalId": "another"}},
        ),
    ),
    "not to be judged": (
        "trust.denied",
        allow(
            "sts:AssumeRole",
            Principal={"AWS": "arn:aws:iam::999999999999:user/portal"},
            Condition={"StringEquals": {"aws:PrincipalOrgID": "o-another"}},
        ),
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_role_that_works_reads_why_another_refuses(strict_aws: StrictAws, name: str) -> None:
    code, statement = DOCUMENTS[name]
    strict_aws.create_role(ACCOUNT, "Developer", policy(statement), path="/gatehouse/")

    found = of_account(strict_aws, ROLE)

    assert (found.outcome, found.code) == (CheckOutcome.BROKEN, code)


def test_no_keys_of_a_test_may_do_anything(strict_aws: StrictAws) -> None:
    strict_aws.create_role(ACCOUNT, "Developer", hub_policy(strict_aws), path="/gatehouse/")
    before = set(strict_aws.cloud.tokens.sessions)

    trial: Trial = try_role(ROLE, subject=CAROL, origin=cast.ORIGIN, caller_of=Callers())

    opened = [
        session for key, session in strict_aws.cloud.tokens.sessions.items() if key not in before
    ]
    assert len(opened) == len(trial.sessions.access_key_ids) > 1
    for session in opened:
        narrowed = '"Effect":"Deny","Action":"*"' in session.policy
        reads = f'"Action":"iam:GetRole","Resource":"{ROLE.arn}"' in session.policy
        assert narrowed != reads
