"""Trust policies enforced: against ministack, the emulator that reads them (moto does not)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest

from accounts.aws import session_tags, sts
from accounts.errors import AwsRefused
from accounts.types import Credentials
from tests.emulators import aws_environment, whose_keys

pytestmark = pytest.mark.wire

ACCOUNT_ID = "000000000000"
HUB = f"arn:aws:iam::{ACCOUNT_ID}:user/hub"
EXTERNAL_ID = "northwind:payments"
TRUST: dict[str, dict[str, Any]] = {
    "Demanding": {
        "Effect": "Allow",
        "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
    },
    "Closed": {"Effect": "Deny"},
    "Open": {"Effect": "Allow"},
    "Tagged": {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"]},
    "Payments": {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {"aws:RequestTag/project": "payments"}},
    },
}


@pytest.fixture(scope="module")
def hub(ministack: str) -> dict[str, str]:
    """The roles, and the keys of an IAM user that may assume them as far as they let it."""
    iam: Any = boto3.client(
        "iam",
        endpoint_url=ministack,
        region_name="eu-west-1",
        aws_access_key_id="test",  # ministack's root
        aws_secret_access_key="test",
    )
    iam.create_user(UserName="hub")
    iam.put_user_policy(
        UserName="hub",
        PolicyName="assume",
        PolicyDocument=policy(
            Effect="Allow", Resource="*", Action=["sts:AssumeRole", "sts:TagSession"]
        ),
    )
    for name, statement in TRUST.items():
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=policy(**statement, Principal={"AWS": HUB}),
        )
    keys = iam.create_access_key(UserName="hub")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_ENDPOINT_URL_STS": ministack,
    }


def policy(**statement: Any) -> str:
    statement.setdefault("Action", "sts:AssumeRole")
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def assume(
    role_name: str, *, external_id: str = "", tags: Mapping[str, str] = session_tags.NONE
) -> Credentials:
    return sts.assume_role(
        role_arn=f"arn:aws:iam::{ACCOUNT_ID}:role/{role_name}",
        session_name="alice@northwind.example",
        duration=3600,
        external_id=external_id,
        tags=tags,
    )


@pytest.mark.parametrize("external_id", ["", "northwind:billing", "Northwind:Payments"])
def test_role_that_demands_an_external_id_refuses_others(
    hub: dict[str, str], external_id: str
) -> None:
    with aws_environment(**hub), pytest.raises(AwsRefused) as refused:
        assume("Demanding", external_id=external_id)

    assert refused.value.code == "aws.access_denied"


def test_role_that_does_not_allow_session_tags_refuses_them_and_is_told_why(
    hub: dict[str, str],
) -> None:
    with aws_environment(**hub), pytest.raises(AwsRefused) as refused:
        assume("Open", tags={"project": "payments"})

    assert refused.value.code == "aws.tags_denied"
    assert "must allow sts:TagSession" in refused.value.admin_message


def test_role_that_demands_a_session_tag_refuses_another_value(hub: dict[str, str]) -> None:
    with aws_environment(**hub), pytest.raises(AwsRefused):
        assume("Payments", tags={"project": "billing"})


@pytest.mark.parametrize("role_name", ["Tagged", "Payments"])
def test_role_that_allows_session_tags_is_assumed_with_them(
    hub: dict[str, str], role_name: str
) -> None:
    with aws_environment(**hub):
        assert assume(role_name, tags={"project": "payments"}).session_token


def test_role_that_denies_the_hub_is_refused(hub: dict[str, str]) -> None:
    with aws_environment(**hub), pytest.raises(AwsRefused) as refused:
        assume("Closed")

    assert refused.value.code == "aws.access_denied"


def test_role_that_does_not_exist_is_refused_like_any_other(hub: dict[str, str]) -> None:
    with aws_environment(**hub), pytest.raises(AwsRefused) as refused:
        assume("Nowhere")

    assert refused.value.code == "aws.access_denied"


def test_hub_with_a_wrong_secret_is_told_so(hub: dict[str, str]) -> None:
    with (
        aws_environment(**hub | {"AWS_SECRET_ACCESS_KEY": "not the secret"}),
        pytest.raises(AwsRefused) as refused,
    ):
        assume("Open")

    assert refused.value.code == "aws.hub_credentials"


def test_hub_with_an_unknown_key_is_told_so(hub: dict[str, str]) -> None:
    with (
        aws_environment(**hub | {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWNUNKNOWNXX"}),
        pytest.raises(AwsRefused) as refused,
    ):
        assume("Open")

    assert refused.value.code == "aws.hub_credentials"


@pytest.mark.parametrize(("role_name", "external_id"), [("Demanding", EXTERNAL_ID), ("Open", "")])
def test_role_that_trusts_the_hub_gives_keys_of_its_own(
    hub: dict[str, str], role_name: str, external_id: str
) -> None:
    with aws_environment(**hub):
        keys = assume(role_name, external_id=external_id)

    arn = whose_keys(
        hub["AWS_ENDPOINT_URL_STS"],
        access_key_id=keys.access_key_id,
        secret_access_key=keys.secret_access_key,
        session_token=keys.session_token,
    )
    assert arn == (f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role_name}/alice@northwind.example")
    assert keys.assumed_role_arn == arn
