"""What CloudTrail says was done with issued keys: asked by real boto3 of the embedded AWS, which answers as AWS documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import audit, key_uses
from accounts.aws import cloudtrail
from accounts.errors import AccessDenied, AuditUnavailable, AwsRefused, InvalidRequest
from accounts.models import Account, AuditEvent, PermissionSet
from accounts.models.audit import Action
from accounts.types import IssuedKeys
from tests import cast
from tests.accounts.revocation import companies
from tests.accounts.revocation.companies import DEV, PROD, enter
from tests.accounts.revocation.conftest import aws
from tests.emulators import Reply, ScriptedServer, aws_environment
from tests.strict_aws import StrictAws, allow, policy

__all__ = ["aws"]
pytestmark = pytest.mark.wire

READER = "TrailReader"


@pytest.fixture
def trail(aws: StrictAws, settings: Settings) -> StrictAws:
    """Accounts with a role that may read CloudTrail, which nobody is given."""
    settings.CLOUDTRAIL_PERMISSION_SET = READER
    reader = cast.permission_set(READER)
    for account in Account.objects.all():
        cast.offer(account, reader)
    companies.onboard(aws)
    for account_id in (DEV, PROD):
        may_read(aws, account_id)
    return aws


def may_read(aws: StrictAws, account_id: str, *actions: str) -> None:
    aws.iam(account_id).put_role_policy(
        RoleName=READER,
        PolicyName="Gatehouse",
        PolicyDocument=json.dumps(
            policy(allow(*(actions or ("cloudtrail:LookupEvents",)), Resource="*"))
        ),
    )


def use(aws: StrictAws, keys: IssuedKeys, service: str = "ec2", region: str = "us-east-1") -> None:
    """Call AWS with issued keys, as a program of whoever has them would."""
    secret = keys.credentials
    client: Any = boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=aws.url,
        region_name=region,
        aws_access_key_id=secret.access_key_id,
        aws_secret_access_key=secret.secret_access_key,
        aws_session_token=secret.session_token,
    )
    client.describe_instances()


def look_up(row: int, who: str = "carol") -> key_uses.KeyUses:
    subject = cast.as_subject(who)
    return key_uses.look_up(row=row, subject=subject, origin=cast.ORIGIN, now=timezone.now())


@pytest.mark.parametrize(("account_id", "role_name"), [(DEV, "Developer"), (PROD, "ReadOnly")])
def test_what_was_done_with_keys_is_shown_and_that_somebody_looked_is_recorded(
    trail: StrictAws, account_id: str, role_name: str
) -> None:
    mine, others = enter("alice", account_id, role_name), enter("alice", account_id, role_name)
    use(trail, mine)
    use(trail, others)

    uses = look_up(mine.audit_id)

    assert [(event.service, event.name) for event in uses.events] == [
        ("ec2.amazonaws.com", "DescribeInstances")
    ]
    assert uses.events[0].session_arn == mine.credentials.assumed_role_arn
    assert not any(region.error or region.more for region in uses.regions)
    row = AuditEvent.objects.get(action=Action.CLOUDTRAIL_READ)
    assert (row.sub, row.account_id, row.role_name) == ("sub-carol", account_id, READER)
    assert row.detail["about_row"] == mine.audit_id
    assert row.detail["about_key"] == mine.credentials.access_key_id
    # Or a trace of the key would end at those who asked about it.
    assert row.access_key_id not in ("", mine.credentials.access_key_id)


def test_regions_are_those_of_the_account_and_of_the_setting(
    trail: StrictAws, settings: Settings
) -> None:
    keys = enter("alice", DEV, "Developer")
    use(trail, keys, region="eu-central-1")
    Account.objects.filter(account_id=DEV).update(region="eu-west-1")

    assert [one.region for one in look_up(keys.audit_id).regions] == ["eu-west-1", "us-east-1"]
    assert not look_up(keys.audit_id).events

    settings.CLOUDTRAIL_REGIONS = ["eu-central-1", "cn-north-1", "us-east-1"]
    found = look_up(keys.audit_id)
    assert [one.region for one in found.regions] == ["eu-west-1", "us-east-1", "eu-central-1"]
    assert [event.region for event in found.events] == ["eu-central-1"]


def test_the_session_may_do_nothing_but_look_up_whatever_its_role_may(trail: StrictAws) -> None:
    may_read(trail, DEV, "*")
    keys = enter("alice", DEV, "Developer")

    look_up(keys.audit_id)

    sessions = trail.cloud.tokens.sessions
    reader = AuditEvent.objects.get(action=Action.CLOUDTRAIL_READ).access_key_id
    assert json.loads(sessions[reader].policy)["Statement"] == [
        {"Effect": "Allow", "Action": "cloudtrail:LookupEvents", "Resource": "*"}
    ]


def test_a_console_session_is_found_by_its_name_and_only_that_one(trail: StrictAws) -> None:
    # AWS makes the keys of the console: those that the portal had are not in CloudTrail.
    keys = enter("alice", DEV, "Developer")
    elsewhere = enter("alice", DEV, "ReadOnly")
    use(trail, keys)
    use(trail, elsewhere)
    issued = AuditEvent.objects.get(pk=keys.audit_id)
    row = audit.record(
        action=Action.CONSOLE_ISSUED,
        now=issued.at,
        origin=cast.ORIGIN,
        subject=cast.subject("alice"),
        account_id=DEV,
        role_name="Developer",
        duration=900,
        access_key_id="ASIAOFTHECONSOLE0000",
        session_name=issued.session_name,
        assumed_role_arn=issued.assumed_role_arn,
    )

    assert [event.session_arn for event in look_up(row).events] == [issued.assumed_role_arn]


def test_nobody_else_may_look(trail: StrictAws) -> None:
    keys = enter("alice", DEV, "Developer")

    with pytest.raises(AccessDenied):
        look_up(keys.audit_id, "alice")

    assert not AuditEvent.objects.filter(action__startswith="audit.cloudtrail").exists()


def test_off_unless_a_permission_set_is_named(trail: StrictAws, settings: Settings) -> None:
    keys = enter("alice", DEV, "Developer")
    settings.CLOUDTRAIL_PERMISSION_SET = ""

    assert not key_uses.can_be_looked_up(AuditEvent.objects.get(pk=keys.audit_id))
    with pytest.raises(InvalidRequest) as refused:
        look_up(keys.audit_id)

    assert refused.value.code == "cloudtrail.off"


def test_what_nothing_was_given_out_by_cannot_be_looked_up(trail: StrictAws) -> None:
    denied = audit.record(
        action=Action.KEYS_DENIED, now=timezone.now(), origin=cast.ORIGIN, account_id=DEV
    )
    old = audit.record(
        action=Action.KEYS_ISSUED,
        now=timezone.now() - cloudtrail.KEPT - timedelta(minutes=1),
        origin=cast.ORIGIN,
        account_id=DEV,
        access_key_id="ASIAIOSFODNN7EXAMPLE",
    )

    codes = []
    for row in (denied, old, 2**40):
        with pytest.raises(InvalidRequest) as refused:
            look_up(row)
        codes.append(refused.value.code)

    nothing = "cloudtrail.nothing_issued"
    assert codes == [nothing, "cloudtrail.too_old", nothing]


def test_an_account_without_the_permission_set_says_so(trail: StrictAws) -> None:
    keys = enter("alice", DEV, "Developer")
    PermissionSet.objects.get(name=READER).delete()

    with pytest.raises(InvalidRequest, match="does not have the permission set TrailReader"):
        look_up(keys.audit_id)


def test_a_role_that_does_not_let_the_portal_in_is_an_error_and_recorded(
    trail: StrictAws,
) -> None:
    keys = enter("alice", DEV, "Developer")
    trail.create_role(DEV, READER, policy(allow("sts:AssumeRole", Principal={"AWS": "1" * 12})))

    with pytest.raises(AwsRefused):
        look_up(keys.audit_id)

    row = AuditEvent.objects.get(action=Action.CLOUDTRAIL_FAILED)
    assert row.error_code == "aws.access_denied"
    assert row.detail["about_row"] == keys.audit_id


def test_a_role_that_may_not_look_up_says_so_for_each_region(trail: StrictAws) -> None:
    keys = enter("alice", DEV, "Developer")
    may_read(trail, DEV, "ec2:DescribeInstances")

    uses = look_up(keys.audit_id)

    assert {region.error for region in uses.regions} == {
        "The portal may not read CloudTrail here. Contact your portal admins."
    }


def test_nothing_is_shown_that_could_not_be_recorded(
    trail: StrictAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = enter("alice", DEV, "Developer")
    monkeypatch.setattr(key_uses, "why_not_writable", lambda: "read-only")

    with pytest.raises(AuditUnavailable):
        look_up(keys.audit_id)


@pytest.fixture
def answering(trail: StrictAws) -> Iterator[list[Reply]]:
    """What CloudTrail answers next."""
    replies: list[Reply] = []
    with (
        ScriptedServer(lambda seen: replies[0]) as server,
        aws_environment(AWS_ENDPOINT_URL_CLOUDTRAIL=server.url),
    ):
        yield replies


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, {"__type": "ThrottlingException"}, "two lookups a second"),
        (400, {"__type": "InvalidTimeRangeException"}, "AWS"),
        (200, {"Events": [{"EventTime": 1, "CloudTrailEvent": "[no json"}]}, "AWS"),
        (200, {"Events": [{"EventTime": 1, "CloudTrailEvent": "[]"}]}, "AWS"),
    ],
)
def test_what_goes_wrong_at_cloudtrail_is_said_in_words(
    answering: list[Reply], status: int, body: dict[str, Any], said: str
) -> None:
    keys = enter("alice", DEV, "Developer")
    answering.append(Reply(status=status, body=json.dumps(body)))

    uses = look_up(keys.audit_id)

    assert not uses.events
    assert all(said in region.error for region in uses.regions)


def test_more_than_is_shown_is_said(answering: list[Reply]) -> None:
    keys = enter("alice", DEV, "Developer")
    event = {"EventTime": 1, "EventName": "ListBuckets", "Resources": [{"ResourceName": "b"}]}
    answering.append(Reply(body=json.dumps({"Events": [event], "NextToken": "more"})))

    region, *_ = look_up(keys.audit_id).regions

    assert region.more
    assert region.events[0].resources == ("b",)


def test_time_that_is_over_leaves_regions_out(
    trail: StrictAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = enter("alice", DEV, "Developer")
    monkeypatch.setattr(key_uses, "PATIENCE", -1.0)

    assert all("no time left" in region.error for region in look_up(keys.audit_id).regions)
