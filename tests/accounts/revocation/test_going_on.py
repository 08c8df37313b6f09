"""What the worker does: AWS that does not answer, keys that came late, cuts that nothing outlives; the organization's policy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import revocation
from accounts.aws import errors
from accounts.aws.revocation_policies import RevocationPolicy
from accounts.jobs import Postponed
from accounts.models import AuditEvent, Job, Placement
from accounts.models import Revocation as Row
from accounts.models.audit import Action
from accounts.models.revocations import Engine, PlacementState, Reach
from accounts.onboarding.roles import NO_OLDER_SESSIONS
from accounts.revocation import Request, revokers
from tests import cast
from tests.accounts.revocation.companies import DEV, enter, placed, works
from tests.emulators import aws_environment
from tests.strict_aws import StrictAws, allow, policy

pytestmark = pytest.mark.wire

MANAGEMENT = "888888888888"


def ask(reach: Reach, **more: Any) -> Row:
    request = Request(reach=reach, **{"reason": "leaked", **more})
    return revocation.ask(request, by="root", origin=cast.ORIGIN, now=timezone.now()).revocation


def test_an_account_that_does_not_answer_is_tried_again_and_not_called_failed(
    aws: StrictAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = enter("alice", DEV, "Developer")

    def hangs(*args: Any, **options: Any) -> Any:
        raise errors.TIMEOUT.error()

    with monkeypatch.context() as patch:
        patch.setattr(revokers, "enter", hangs)
        row = ask(Reach.ROLE, account_id=DEV, role_name="Developer")
        with pytest.raises(Postponed) as later:
            revocation.go_on(row.pk, now=timezone.now())

    waiting = row.placements.get()
    assert (waiting.state, waiting.attempts) == (PlacementState.PENDING, 2)
    assert waiting.error_code == "aws.timeout"
    assert later.value.until > timezone.now()
    assert not AuditEvent.objects.filter(action=Action.CUT_FAILED).exists()
    assert Job.objects.filter(kind="revocation", key=str(row.pk), finished_at=None).exists()
    assert works(aws, keys)

    revocation.go_on(row.pk, now=timezone.now())
    assert not works(aws, keys)
    revocation.go_on(row.pk, now=timezone.now())
    assert AuditEvent.objects.filter(action=Action.CUT_PLACED).count() == 1


def test_keys_that_came_while_the_person_was_being_blocked_are_cut_too(aws: StrictAws) -> None:
    alices = {"issuer": cast.ISSUER, "sub": "sub-alice"}
    enter("alice", DEV, "ReadOnly")
    late = enter("alice", DEV, "Developer")
    row = ask(Reach.PERSON, block=True, **alices)
    # As if the answer with these keys had come after the cut was asked for.
    row.placements.filter(role_name="Developer").delete()
    developers = RevocationPolicy.read(NO_OLDER_SESSIONS).written(10_240)
    aws.iam(DEV).put_role_policy(
        RoleName="Developer", PolicyName="GatehouseDenyOlderSessions", PolicyDocument=developers
    )
    assert works(aws, late)

    with pytest.raises(Postponed):
        revocation.go_on(row.pk, now=timezone.now())

    assert not works(aws, late)
    assert row.placements.count() == 2


def test_what_no_session_outlives_is_not_tried_for_ever(aws: StrictAws) -> None:
    row = ask(Reach.ROLE, account_id=DEV, role_name="Developer")
    row.placements.update(state=PlacementState.PENDING)

    revocation.go_on(row.pk, now=timezone.now() + timedelta(hours=13))

    assert row.placements.get().error_code == "revocation.outlived"
    revocation.go_on("5f0d2c1e-6f43-4f4e-8a52-0a4f3f6f4d11", now=timezone.now())


@pytest.fixture
def organization(aws: StrictAws, settings: Settings) -> Iterator[Any]:
    """An organization whose policy the portal may change, as its admin sees it."""
    admin: Any = boto3.client(
        "organizations",
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id=MANAGEMENT,
        aws_secret_access_key="anything",
    )
    try:
        admin.create_organization(FeatureSet="ALL")
    except admin.exceptions.AlreadyInOrganizationException:
        pass
    created = admin.create_policy(
        Content=json.dumps(NO_OLDER_SESSIONS),
        Description="",
        Name=f"cut-{timezone.now().timestamp()}",
        Type="SERVICE_CONTROL_POLICY",
    )
    condition = {"StringEquals": {"sts:ExternalId": "gatehouse:organization"}}
    trust = allow("sts:AssumeRole", Principal={"AWS": aws.hub_arn}, Condition=condition)
    settings.ORGANIZATION_REVOCATION_ROLE = aws.create_role(MANAGEMENT, "Cutter", policy(trust))
    settings.ORGANIZATION_REVOCATION_EXTERNAL_ID = "gatehouse:organization"
    settings.ORGANIZATION_REVOCATION_POLICY = created["Policy"]["PolicySummary"]["Id"]
    with aws_environment(AWS_ENDPOINT_URL_ORGANIZATIONS=aws.url):
        yield admin


def content(organization: Any, settings: Settings) -> Any:
    found = organization.describe_policy(PolicyId=settings.ORGANIZATION_REVOCATION_POLICY)
    return json.loads(found["Policy"]["Content"])


def test_one_policy_of_the_organization_holds_the_cut_once_it_is_attached(
    organization: Any, settings: Settings, aws: StrictAws
) -> None:
    enter("alice", DEV, "Developer")
    alices = {"issuer": cast.ISSUER, "sub": "sub-alice", "engine": Engine.ORGANIZATION}

    row = ask(Reach.PERSON, **alices)

    unattached = row.placements.get()
    assert unattached.state == PlacementState.FAILED
    assert unattached.error_code == "revocation.policy_not_attached"
    assert content(organization, settings) == NO_OLDER_SESSIONS

    root = organization.list_roots()["Roots"][0]["Id"]
    organization.attach_policy(PolicyId=settings.ORGANIZATION_REVOCATION_POLICY, TargetId=root)
    row = ask(Reach.PERSON, **alices)
    everything = ask(Reach.EVERYTHING, engine=Engine.ORGANIZATION)

    assert revocation.progress_of(row).is_complete
    cuts = RevocationPolicy.read(content(organization, settings)).cuts
    assert {cut.person for cut in cuts} == {"", row.person_mark}
    (reached,) = [cut.roles for cut in cuts if cut.since == everything.since and cut.roles]
    assert "arn:aws:iam::*:role/gatehouse/Developer" in reached
    # The roles' own policies are left alone.
    assert placed(aws, DEV, "Developer") == NO_OLDER_SESSIONS
    assert set(Placement.objects.values_list("policy_of", flat=True)) == {
        settings.ORGANIZATION_REVOCATION_POLICY
    }
