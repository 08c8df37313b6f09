"""What docs/trust.md says of AWS, tried in an account: `pytest -m aws` for the real one, and here always in the embedded one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import signing
from accounts.aws import existing_roles
from accounts.errors import AwsRefused
from accounts.models.trust_checks import CheckOutcome
from accounts.signing import documents, stored_keys
from accounts.trust_checks.callers import Callers
from accounts.trust_checks.reading import explain_denials
from accounts.trust_checks.sessions import TrialSessions
from accounts.trust_checks.sides import Finding
from accounts.trust_checks.trials import Trial, try_role
from accounts.types import OfferedRole, SessionRequest, SessionRules
from tests import cast
from tests.accounts.test_trust import ROLE
from tests.real_aws.sandbox import PATH, REGION, Sandbox
from tests.strict_aws import allow, policy

ALL = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
WEB = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity")
EXTERNAL_ID = "gatehouse-check:right"
RULES = SessionRules(claim_tags=(("team", "team"),), source_identity_claim="team")
CAROL = cast.subject("carol", team="payments")


def role_of(sandbox: Sandbox, name: str, **changes: Any) -> OfferedRole:
    usual = replace(
        ROLE,
        account_id=sandbox.account_id,
        iam_path=PATH,
        role_name=name,
        iam_role_name=name,
        region=REGION,
        session_duration=3600,
        external_id=EXTERNAL_ID,
        session_rules=RULES,
    )
    return replace(usual, **changes)


def trusting_hub(sandbox: Sandbox, *actions: str, external_id: str = EXTERNAL_ID) -> dict[str, Any]:
    principal = {"AWS": sandbox.hub_arn}
    condition = {"StringEquals": {"sts:ExternalId": external_id}} if external_id else {}
    extras = [each for each in actions or ALL if each != "sts:AssumeRole"]
    statements = [allow("sts:AssumeRole", Principal=principal, Condition=condition)]
    if extras:
        statements.append(allow(*extras, Principal=principal))
    return policy(*statements)


def tried(role: OfferedRole) -> Trial:
    return try_role(role, subject=CAROL, origin=cast.ORIGIN, caller_of=Callers())


def finding(sandbox: Sandbox, role: OfferedRole, *, code: str) -> Finding:
    """Return how the test of a role ends, once it ends so: at the real AWS a change takes seconds to work."""
    return sandbox.eventually(lambda: tried(role).finding, lambda found: found.code == code)


def test_role_that_trusts_the_portal_works(sandbox: Sandbox) -> None:
    sandbox.role("right", trusting_hub(sandbox), reads_itself=True)

    found = finding(sandbox, role_of(sandbox, "right"), code="")

    assert (found.outcome, found.warnings) == (CheckOutcome.WORKS, ())


@pytest.mark.parametrize(
    ("without", "code"),
    [("sts:TagSession", "trust.tag_session"), ("sts:SetSourceIdentity", "trust.source_identity")],
)
def test_action_that_the_trust_policy_lacks_is_named(
    sandbox: Sandbox, without: str, code: str
) -> None:
    allowed = [action for action in ALL if action != without]
    sandbox.role("lacking", trusting_hub(sandbox, *allowed))

    found = finding(sandbox, role_of(sandbox, "lacking"), code=code)

    assert (found.outcome, found.code) == (CheckOutcome.BROKEN, code)


def test_external_id_is_demanded_and_its_absence_is_noticed(sandbox: Sandbox) -> None:
    sandbox.role("external", trusting_hub(sandbox, external_id=""))
    role = role_of(sandbox, "external")
    open_to_all = sandbox.eventually(
        lambda: tried(role).finding, lambda found: bool(found.warnings)
    )

    sandbox.role("external", trusting_hub(sandbox, external_id="gatehouse-check:another"))
    another = finding(sandbox, role, code="trust.denied")

    assert [warning[:40] for warning in open_to_all.warnings] == [
        "The role lets the portal in without the "
    ]
    assert (another.outcome, another.code) == (CheckOutcome.BROKEN, "trust.denied")


def test_role_that_is_absent_is_found_out_by_one_that_reads(sandbox: Sandbox) -> None:
    sandbox.role("reader", trusting_hub(sandbox), reads_itself=True)
    reader = role_of(sandbox, "reader")
    finding(sandbox, reader, code="")

    def absent() -> str:
        trials = [tried(role_of(sandbox, "absent")), tried(reader)]
        explain_denials(trials, caller_of=Callers())
        return trials[0].finding.code

    assert sandbox.eventually(absent, lambda code: code == "trust.role_absent") == (
        "trust.role_absent"
    )


def test_session_of_a_test_may_do_nothing_and_one_that_reads_may_read(sandbox: Sandbox) -> None:
    sandbox.role("narrow", trusting_hub(sandbox), reads_itself=True)
    role = role_of(sandbox, "narrow")
    finding(sandbox, role, code="")
    sessions = TrialSessions(
        SessionRequest(role=role, subject=CAROL, session_name="carol", duration=900)
    )

    with pytest.raises(AwsRefused) as denied:
        existing_roles.find("narrow", keys=sessions.harmless(), region=REGION)
    read = existing_roles.find("narrow", keys=sessions.reading(role.arn), region=REGION)

    assert denied.value.code == "aws.access_denied"
    assert read is not None
    assert (read.arn, read.longest_session) == (role.arn, 3600)
    assert existing_roles.arn_of(sessions.harmless(), region=REGION).endswith("/narrow/carol")


@pytest.fixture
def issuer(sandbox: Sandbox, settings: Settings, db: None) -> str:
    """Publish the portal's key set where the account reads it; return the name that condition keys begin with."""
    settings.BASE_URL = settings.TRUST_ISSUER = sandbox.issuer_url
    keys = stored_keys.create_first(now=timezone.now())
    sandbox.publish(documents.build(keys, now=timezone.now()))
    return sandbox.issuer_url.removeprefix("https://")


def trusting_tokens(
    sandbox: Sandbox, issuer: str, arn: str, *actions: str, **claims: str
) -> dict[str, Any]:
    equals = {f"{issuer}:{claim}": value for claim, value in claims.items()}
    return policy(allow(*actions, Principal={"Federated": arn}, Condition={"StringEquals": equals}))


def test_tokens_of_the_portal_open_the_one_role(sandbox: Sandbox, issuer: str) -> None:
    role = role_of(sandbox, "token", trust_method="portal-token")
    audience, subject = signing.audience(), signing.subject_for(sandbox.account_id, "token")
    codes = []

    # The role first: a trust policy may name a provider that is not there.
    arn = f"arn:aws:iam::{sandbox.account_id}:oidc-provider/{issuer}"
    sandbox.role("token", trusting_tokens(sandbox, issuer, arn, *WEB, aud=audience, sub=subject))
    codes.append(finding(sandbox, role, code="trust.provider_missing").code)
    sandbox.provider(audience)
    codes.append(finding(sandbox, role, code="").code)
    for claims, actions, code in (
        ({"aud": audience, "sub": subject + "x"}, WEB, "trust.denied"),
        ({"aud": "another", "sub": subject}, WEB, "trust.denied"),
        ({"aud": audience, "sub": subject}, (WEB[0], WEB[2]), "trust.tag_session"),
        ({"aud": audience, "sub": subject}, WEB[:2], "trust.source_identity"),
    ):
        sandbox.role("token", trusting_tokens(sandbox, issuer, arn, *actions, **claims))
        codes.append(finding(sandbox, role, code=code).code)

    assert codes == [
        "trust.provider_missing",
        "",
        "trust.denied",
        "trust.denied",
        "trust.tag_session",
        "trust.source_identity",
    ]


def test_audience_that_the_provider_does_not_list_is_named(sandbox: Sandbox, issuer: str) -> None:
    arn = sandbox.provider("another-portal")
    audience, subject = signing.audience(), signing.subject_for(sandbox.account_id, "audience")
    sandbox.role("audience", trusting_tokens(sandbox, issuer, arn, *WEB, aud=audience, sub=subject))
    role = role_of(sandbox, "audience", trust_method="portal-token")

    found = finding(sandbox, role, code="trust.provider_audience")

    assert (found.outcome, found.code) == (CheckOutcome.BROKEN, "trust.provider_audience")
