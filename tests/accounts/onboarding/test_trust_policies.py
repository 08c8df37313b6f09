"""Trust policies: what each trust method makes a role demand, and what cannot be written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from accounts.errors import InvalidRequest
from accounts.models import Account, AccountRole, PermissionSet
from accounts.onboarding import trust_policy

HUB = "arn:aws:iam::999988887777:role/gatehouse-hub"
# Operators that are true when a token does not have the claim.
TRUE_WITHOUT_THE_CLAIM = ("IfExists", "ForAllValues", "Not", "Null")


def policy(
    method: str,
    *,
    partition: str = "aws",
    external_id: str = "9f8e7d6c",
    subjects: tuple[str, ...] = (),
    session_tags: tuple[str, ...] = (),
) -> dict[str, Any]:
    where = Account(
        account_id="123456789012",
        name="payments-prod",
        partition=partition,
        trust_method=method,
        external_id=external_id,
    )
    what = PermissionSet(name="Admin", iam_path="/gatehouse/", session_tags=list(session_tags))
    return trust_policy(
        where, AccountRole(account=where, permission_set=what, subjects=list(subjects))
    )


def refusal(method: str, **details: Any) -> str:
    with pytest.raises(InvalidRequest) as refused:
        policy(method, **details)
    return refused.value.code


@pytest.fixture
def provider(settings: Settings) -> None:
    settings.OIDC_ISSUER = "https://id.northwind.example/realms/staff"
    settings.OIDC_RP_CLIENT_ID = "gatehouse"


def test_a_hub_without_an_external_id_gets_no_policy() -> None:
    assert refusal("hub", external_id="") == "onboarding.external_id"


@pytest.mark.parametrize(
    "principal",
    [
        "",
        "*",
        "arn:aws:iam::999988887777:root",
        "arn:aws:iam::999988887777:role/*\n",
        "arn:aws-cn:iam::999988887777:role/gatehouse-hub",
    ],
)
def test_a_hub_that_is_no_role_or_user_of_the_partition_gets_no_policy(
    settings: Settings, principal: str
) -> None:
    settings.AWS_HUB_PRINCIPALS = {"aws": principal}

    assert refusal("hub") == "onboarding.hub_principal"


def test_a_role_of_the_hub_trusts_the_hub_alone_with_the_external_id() -> None:
    assert policy("hub")["Statement"] == [
        {
            "Sid": "Gatehouse",
            "Effect": "Allow",
            "Principal": {"AWS": HUB},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "9f8e7d6c"}},
        }
    ]


def test_a_role_of_the_hub_that_takes_session_tags_allows_them_apart_from_the_external_id() -> None:
    assume, tag = policy("hub", session_tags=("ticket",))["Statement"]

    assert assume["Action"] == "sts:AssumeRole"
    assert tag == {
        "Sid": "GatehouseSession",
        "Effect": "Allow",
        "Principal": {"AWS": HUB},
        "Action": "sts:TagSession",
    }


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"AWS_WEB_IDENTITY_ISSUER": ""}, "onboarding.hub_issuer"),
        ({"AWS_WEB_IDENTITY_ISSUER": "http://issuer.example"}, "onboarding.issuer"),
        ({"AWS_HUB_PRINCIPALS": {}}, "onboarding.hub_principal"),
        ({"AWS_HUB_PRINCIPALS": {"aws": "", "aws-cn": HUB}}, "onboarding.hub_principal"),
        ({"AWS_HUB_PRINCIPALS": {"aws": HUB, "aws-eusc": HUB}}, "onboarding.hub_principal"),
    ],
)
def test_a_hub_that_aws_cannot_vouch_for_gets_no_policy(
    settings: Settings, wrong: dict[str, Any], code: str
) -> None:
    vouched_for(settings, **wrong)

    assert refusal("hub", partition="aws-cn") == code


def test_a_role_abroad_trusts_the_word_of_aws_for_the_hub_alone(settings: Settings) -> None:
    vouched_for(settings)
    name = "0123-issuer.tokens.sts.global.api.aws"

    assert policy("hub", partition="aws-cn")["Statement"] == [
        {
            "Sid": "Gatehouse",
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws-cn:iam::123456789012:oidc-provider/{name}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{name}:aud": "sts.amazonaws.com", f"{name}:sub": HUB}},
        }
    ]


def vouched_for(settings: Settings, **changes: Any) -> None:
    """Let AWS vouch for the hub in China, with these mistakes."""
    right = {
        "AWS_WEB_IDENTITY_PARTITIONS": ["aws-cn"],
        "AWS_WEB_IDENTITY_ISSUER": "https://0123-issuer.tokens.sts.global.api.aws",
        "AWS_HUB_PRINCIPALS": {"aws": HUB},
    }
    for name, value in (right | changes).items():
        setattr(settings, name, value)


@pytest.mark.usefixtures("provider")
def test_a_role_of_id_tokens_that_names_nobody_gets_no_policy() -> None:
    assert refusal("user-token") == "onboarding.subjects"


@pytest.mark.parametrize(
    "subjects", ["alice", [7], ["*"], ["**?"], [""], ["a" * 256], ["${aws:username}"], ["a\nb"]]
)
def test_subjects_that_would_let_in_everybody_or_change_the_policy_are_refused(
    subjects: Any,
) -> None:
    role = AccountRole(subjects=subjects)

    with pytest.raises(ValidationError):
        role.clean()
    AccountRole(subjects=["alice", "f:ldap:*"]).clean()


@pytest.mark.usefixtures("provider")
def test_a_role_of_id_tokens_demands_audience_and_subject() -> None:
    name = "id.northwind.example/realms/staff"

    assert policy("user-token", subjects=("bob", "alice"))["Statement"] == [
        {
            "Sid": "Gatehouse",
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{name}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {f"{name}:aud": "gatehouse", f"{name}:sub": ["alice", "bob"]}
            },
        }
    ]


@pytest.mark.usefixtures("provider")
def test_a_subject_with_wildcards_is_compared_by_pattern_and_the_audience_exactly() -> None:
    name = "id.northwind.example/realms/staff"

    (statement,) = policy("user-token", subjects=("f:ldap:*",))["Statement"]

    assert statement["Condition"] == {
        "StringEquals": {f"{name}:aud": "gatehouse"},
        "StringLike": {f"{name}:sub": "f:ldap:*"},
    }


@pytest.mark.usefixtures("provider")
def test_a_policy_longer_than_iam_takes_is_refused() -> None:
    people = tuple(f"5d0b8c0e-1f0a-4c1d-9d7e-{number:012d}" for number in range(60))

    assert refusal("user-token", subjects=people) == "onboarding.policy_too_long"
    assert policy("user-token", subjects=people[:30])


@pytest.mark.parametrize(
    ("issuer", "client"),
    [
        ("http://id.northwind.example", "gatehouse"),
        ("https://id.northwind.example?tenant=1", "gatehouse"),
        ("https://someone@id.northwind.example", "gatehouse"),
        ("https://", "gatehouse"),
        ("https://id.northwind.example/" + "a" * 255, "gatehouse"),
        ("https://id.northwind.example", ""),
        ("https://id.northwind.example", "${aws:username}"),
    ],
)
def test_an_issuer_or_audience_that_iam_does_not_take_is_refused(
    settings: Settings, issuer: str, client: str
) -> None:
    settings.OIDC_ISSUER, settings.OIDC_RP_CLIENT_ID = issuer, client

    assert refusal("user-token", subjects=("alice",)) in (
        "onboarding.issuer",
        "onboarding.audience",
    )


def test_a_role_of_the_portals_tokens_demands_the_token_for_this_role_in_this_account() -> None:
    (statement,) = policy("portal-token", session_tags=("ticket",))["Statement"]

    assert statement["Principal"] == {
        "Federated": "arn:aws:iam::123456789012:oidc-provider/aws.northwind.example"
    }
    assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
    assert statement["Condition"] == {
        "StringEquals": {
            "aws.northwind.example:aud": "sts.amazonaws.com",
            "aws.northwind.example:sub": "account:123456789012:role:Admin",
        }
    }


def test_switching_by_nobody_in_particular_is_refused(settings: Settings) -> None:
    for principals in ([], ["*"], ["arn:aws-cn:iam::111122223333:root"]):
        settings.SWITCH_ROLE_PRINCIPALS = principals

        assert refusal("switch-role") == "onboarding.switch_role_principals"


def test_a_role_to_switch_to_trusts_what_people_sign_in_as_and_demands_nothing_they_cannot_give(
    settings: Settings,
) -> None:
    staff = "arn:aws:iam::111122223333:role/Staff"
    settings.SWITCH_ROLE_PRINCIPALS = [staff, "arn:aws-us-gov:iam::111122223333:role/Staff"]

    assert policy("switch-role", session_tags=("ticket",))["Statement"] == [
        {
            "Sid": "Gatehouse",
            "Effect": "Allow",
            "Principal": {"AWS": staff},
            "Action": "sts:AssumeRole",
        }
    ]


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn", "aws-eusc"])
@pytest.mark.parametrize("method", ["hub", "user-token", "portal-token", "switch-role"])
def test_every_policy_names_principals_of_the_accounts_own_partition_and_no_lenient_operator(
    settings: Settings, method: str, partition: str
) -> None:
    staff = f"arn:{partition}:iam::111122223333:role/Staff"
    settings.AWS_HUB_PRINCIPALS = {partition: staff}
    settings.SWITCH_ROLE_PRINCIPALS = [staff]

    written = policy(method, partition=partition, subjects=("a*", "bob"), session_tags=("ticket",))

    for statement in written["Statement"]:
        (arn,) = statement["Principal"].values()
        assert arn.startswith(f"arn:{partition}:iam::")
        for operator in statement.get("Condition", {}):
            assert not any(word in operator for word in TRUE_WITHOUT_THE_CLAIM)
    assert json.loads(json.dumps(written)) == written
