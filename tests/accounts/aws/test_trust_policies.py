"""Trust policies enforced: against ministack, the emulator that reads them (moto does not)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from django.utils import timezone

from accounts.access import issue_keys
from accounts.aws import session_tags, sts
from accounts.errors import AccessDenied, AwsRefused
from accounts.types import Credentials, RoleRef
from tests import cast
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
    "Worker": {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"]},
}
LIMITS = f"arn:aws:iam::{ACCOUNT_ID}:policy/Limits"


@pytest.fixture(scope="session")
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
    # What the role itself may do, and a managed policy that session policies can name.
    everything = policy(Effect="Allow", Action="iam:*", Resource="*")
    iam.put_role_policy(RoleName="Worker", PolicyName="all", PolicyDocument=everything)
    limits = policy(Effect="Allow", Action=["iam:List*", "iam:CreateRole"], Resource="*")
    iam.create_policy(PolicyName="Limits", PolicyDocument=limits)
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


# --- less than the role may: through the door, with what the permission set says ---


def may(hub: dict[str, str], keys: Credentials) -> set[str]:
    """Return which calls AWS lets a session make."""
    iam: Any = boto3.client(
        "iam",
        endpoint_url=hub["AWS_ENDPOINT_URL_STS"],
        region_name="eu-west-1",
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        aws_session_token=keys.session_token,
    )
    name = f"a{keys.access_key_id}"
    calls: dict[str, Callable[[], Any]] = {
        "list": iam.list_roles,
        "create role": partial(iam.create_role, RoleName=name, AssumeRolePolicyDocument=policy()),
        "create user": partial(iam.create_user, UserName=name),
    }
    allowed = set()
    for what, call in calls.items():
        try:
            call()
            allowed.add(what)
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
    return allowed


READ = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "iam:List*", "Resource": "*"},
    }
)
NO_WRITING = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "NotAction": "iam:List*", "Resource": "*"},
    }
)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rules", "all_of_it", "read_only"),
    [
        ({"read_only_policy": READ}, {"list", "create role", "create user"}, {"list"}),
        (
            {"read_only_policy_arns": [LIMITS]},
            {"list", "create role", "create user"},
            {"list", "create role"},
        ),
        (
            {"session_policy_arns": [LIMITS], "read_only_policy": NO_WRITING},
            {"list", "create role"},
            {"list"},
        ),
    ],
)
def test_read_only_keys_are_refused_what_the_policy_leaves_out_and_allowed_the_rest(
    hub: dict[str, str], rules: dict[str, Any], all_of_it: set[str], read_only: set[str]
) -> None:
    worker = cast.permission_set("Worker", **rules)
    worker.full_clean()
    stack = cast.account("ministack", ACCOUNT_ID)
    cast.offer(stack, worker)
    cast.mapping("payments", worker, stack)
    asked: dict[str, Any] = {
        "subject": cast.as_subject("alice"),
        "role": RoleRef(ACCOUNT_ID, "Worker"),
        "duration": 900,
        "origin": cast.ORIGIN,
        "now": timezone.now(),
    }

    with aws_environment(**hub):
        everything = issue_keys(**asked).credentials
        less = issue_keys(**asked, read_only=True).credentials

    assert may(hub, less) == read_only
    assert may(hub, everything) == all_of_it


@pytest.mark.django_db
def test_tags_from_claims_open_what_demands_them_and_people_cannot_choose_them(
    hub: dict[str, str],
) -> None:
    payments = cast.permission_set("Payments", claim_tags={"project": "department"})
    stack = cast.account("ministack", ACCOUNT_ID)
    cast.offer(stack, payments)
    cast.mapping("payments", payments, stack)
    asked: dict[str, Any] = {
        "role": RoleRef(ACCOUNT_ID, "Payments"),
        "duration": 900,
        "origin": cast.ORIGIN,
        "now": timezone.now(),
    }
    alice = cast.as_subject(cast.subject("alice", department="payments"))
    elsewhere = cast.as_subject(cast.subject("alice", department="billing"))

    with aws_environment(**hub):
        with pytest.raises(AwsRefused):
            issue_keys(subject=elsewhere, **asked)
        with pytest.raises(AccessDenied):
            issue_keys(subject=elsewhere, **asked, tags={"project": "payments"})
        assert issue_keys(subject=alice, **asked).credentials.session_token
