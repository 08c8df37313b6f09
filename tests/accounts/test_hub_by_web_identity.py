"""The hub in a partition that it cannot reach: AWS vouches for it there (outbound identity federation)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django import Settings

from accounts import access, trust
from accounts.errors import AwsRefused, InvalidRequest
from accounts.models import Account, AuditEvent, PermissionSet
from accounts.trust.hub import partitions_without_hub
from accounts.types import IssuedKeys, RoleRef, SessionRequest
from tests import cast
from tests.accounts.test_trust import ROLE
from tests.emulators import Reply, ScriptedServer, Seen, aws_environment
from tests.strict_aws import StrictAws, WebIssuer, allow, policy

pytestmark = [pytest.mark.usefixtures("northwind"), pytest.mark.wire]

DEV, CHINA = "210987654321", "cn-north-1"
ABROAD = replace(ROLE, partition="aws-cn", region="")


@pytest.fixture(autouse=True)
def _dev_is_in_china(northwind: None, settings: Settings) -> None:
    Account.objects.filter(account_id=DEV).update(partition="aws-cn", region="")
    settings.AWS_WEB_IDENTITY_PARTITIONS = ["aws-cn"]
    settings.AWS_HUB_PROFILES = {}


@pytest.fixture
def aws(strict_aws: StrictAws, web_issuer: WebIssuer) -> Iterator[list[Seen]]:
    """An AWS whose issuer vouches for the hub, as this one signs; the rest is strict. Yields what was asked."""

    def answer(seen: Seen) -> Reply:
        if seen.form["Action"] == "GetWebIdentityToken":
            token = web_issuer.mint(aud=seen.form["Audience.member.1"], sub=strict_aws.hub_arn)
            return Reply(body=OUTBOUND.format(token))
        sent = {"Content-Type": "application/x-www-form-urlencoded"}
        there = requests.post(strict_aws.url, data=seen.body, headers=sent, timeout=20)
        return Reply(there.status_code, there.text)

    with (
        ScriptedServer(answer) as server,
        aws_environment(AWS_ENDPOINT_URL_STS=server.url),
    ):
        yield server.seen


OUTBOUND = (
    '<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult>'
    "<WebIdentityToken>{}</WebIdentityToken><Expiration>2030-01-02T03:04:05Z</Expiration>"
    "</GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"
)


def onboard(aws: StrictAws, issuer: str, *, sub: str, audience: str = "sts.amazonaws.com") -> None:
    """Do what an AWS admin does in the other partition: trust AWS's word for the portal's principal."""
    name = issuer.removeprefix("https://")
    arn = aws.create_provider(DEV, issuer, [audience], region=CHINA)
    condition = {"StringEquals": {f"{name}:aud": audience, f"{name}:sub": sub}}
    statement = allow(
        "sts:AssumeRoleWithWebIdentity", Principal={"Federated": arn}, Condition=condition
    )
    aws.create_role(
        DEV, "Developer", policy(statement), path="/gatehouse/", max_session=43200, region=CHINA
    )


def get_keys(**options: Any) -> IssuedKeys:
    return access.issue_keys(
        **{
            "subject": cast.as_subject("alice"),
            "role": RoleRef(DEV, "Developer"),
            "duration": None,
            "origin": cast.ORIGIN,
            "now": timezone.now(),
            **options,
        }
    )


def test_role_that_trusts_another_principal_stays_closed(
    aws: list[Seen], strict_aws: StrictAws, web_issuer: WebIssuer
) -> None:
    codes = []
    for wrong in (
        {"sub": "arn:aws:iam::999999999999:user/another"},
        {"sub": strict_aws.hub_arn, "audience": "another"},
    ):
        onboard(strict_aws, web_issuer.url, **wrong)
        with pytest.raises(AwsRefused) as refused:
            get_keys()
        codes.append(refused.value.code)

    assert codes == ["aws.access_denied", "aws.token_audience"]
    assert AuditEvent.objects.filter(action="access.keys.failed").count() == 2


def test_session_tags_are_refused_as_aws_passes_none_on(aws: list[Seen]) -> None:
    PermissionSet.objects.update(session_tags=["project"])

    with pytest.raises(InvalidRequest) as refused:
        get_keys(tags={"project": "payments"})
    with pytest.raises(AwsRefused) as wanted:
        trust.obtain(
            SessionRequest(
                role=ABROAD,
                subject=cast.subject("alice"),
                session_name="alice",
                duration=900,
                source_identity="alice",
            )
        )

    assert refused.value.code == "request.tags_not_possible"
    assert wanted.value.code == "trust.session_rules"
    assert aws == []


def test_partition_that_aws_does_not_vouch_for_stays_closed(
    aws: list[Seen], settings: Settings
) -> None:
    settings.AWS_WEB_IDENTITY_PARTITIONS = []

    with pytest.raises(AwsRefused) as refused:
        get_keys()

    assert refused.value.code == "aws.partition_without_hub"
    assert aws == []


def test_role_abroad_opens_by_the_word_of_aws_for_as_long_as_it_allows(
    aws: list[Seen], strict_aws: StrictAws, web_issuer: WebIssuer
) -> None:
    PermissionSet.objects.filter(name="Developer").update(session_duration=43200)
    onboard(strict_aws, web_issuer.url, sub=strict_aws.hub_arn)

    issued = get_keys()

    vouched, assumed = aws
    assert issued.duration == 43200
    assert issued.credentials.assumed_role_arn.startswith(f"arn:aws-cn:sts::{DEV}:")
    assert "/eu-west-1/sts/" in vouched.headers["authorization"]
    assert "authorization" not in assumed.headers
    assert partitions_without_hub(["aws-cn"]) == {}


def test_sessions_abroad_are_no_role_chaining(monkeypatch: pytest.MonkeyPatch) -> None:
    with aws_environment(AWS_SESSION_TOKEN="of a temporary principal"):
        assert trust.session_limit(ABROAD).seconds == ABROAD.session_duration
        assert trust.console_duration(ABROAD, 43200) == 43200
        assert trust.session_limit(ROLE).seconds == 3600
