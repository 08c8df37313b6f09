"""The demo's STS and ministack are asked the same: wherever both answer, both say yes, or both say no.

Where one of them is known to be wrong, the case says what each answers, so that a change of either is noticed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.emulators import aws_environment
from tests.strict_aws import StrictAws, WebIssuer, allow, policy

pytestmark = pytest.mark.wire

HUB_ACCOUNT, ACCOUNT = "444444444444", "555555555555"
HUB = f"arn:aws:iam::{HUB_ACCOUNT}:user/hub"
AUDIENCE, SUBJECT = "sts.amazonaws.com", "account:555555555555:role:/Admin"
ASSUME, TAG, IDENTIFY = "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"
FEDERATE = "sts:AssumeRoleWithWebIdentity"
TAGS = [{"Key": "team", "Value": "payments"}]
IN, OUT = True, False


@dataclass
class Side:
    """One of the two: its address, and the keys of the hub there."""

    url: str
    hub: dict[str, str] = field(default_factory=dict)

    def client(self, service: Literal["iam", "sts"], **more: Any) -> Any:
        return boto3.client(service, endpoint_url=self.url, region_name="eu-west-1", **more)

    def iam(self, account_id: str) -> Any:
        return self.client("iam", aws_access_key_id=account_id, aws_secret_access_key="test")

    def create_role(self, trust: dict[str, Any]) -> str:
        """Create the role, or give it another trust policy."""
        iam, document = self.iam(ACCOUNT), json.dumps(trust)
        try:
            iam.create_role(RoleName="Role", AssumeRolePolicyDocument=document)
        except iam.exceptions.EntityAlreadyExistsException:
            iam.update_assume_role_policy(RoleName="Role", PolicyDocument=document)
        return f"arn:aws:iam::{ACCOUNT}:role/Role"

    def assume(self, role_arn: str, **asked: Any) -> str:
        """Return the code of the refusal, "" if there is none."""
        return _code(
            self.client("sts", **self.hub).assume_role,
            RoleArn=role_arn,
            **{"RoleSessionName": "alice", **asked},
        )

    def federate(self, role_arn: str, token: str) -> str:
        """Return the code of the refusal, "" if there is none."""
        unsigned = Config(signature_version=UNSIGNED, retries={"max_attempts": 0})
        return _code(
            self.client("sts", config=unsigned).assume_role_with_web_identity,
            RoleArn=role_arn,
            RoleSessionName="alice",
            WebIdentityToken=token,
        )


def _code(call: Any, **asked: Any) -> str:
    try:
        call(**asked)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.fixture(scope="module")
def known() -> dict[str, dict[str, str]]:
    """The keys of the hub by address: its user is made once on each side."""
    return {}


@pytest.fixture
def both(
    ministack: str, strict_aws: StrictAws, known: dict[str, dict[str, str]]
) -> Iterator[tuple[Side, Side]]:
    """Ministack and the demo's STS, each with the hub, an IAM user of another account."""
    sides = Side(ministack), Side(strict_aws.url)
    for side in sides:
        if side.url not in known:
            iam = side.iam(HUB_ACCOUNT)
            iam.create_user(UserName="hub")
            every = policy(allow(ASSUME, TAG, IDENTIFY, Resource="*"))
            iam.put_user_policy(UserName="hub", PolicyName="own", PolicyDocument=json.dumps(every))
            keys = iam.create_access_key(UserName="hub")["AccessKey"]
            known[side.url] = {
                "aws_access_key_id": keys["AccessKeyId"],
                "aws_secret_access_key": keys["SecretAccessKey"],
            }
        side.hub = known[side.url]
    with aws_environment(AWS_SESSION_TOKEN=None):
        yield sides


def by_hub(*actions: str, **condition: Any) -> dict[str, Any]:
    return allow(*(actions or (ASSUME,)), Principal={"AWS": HUB}, Condition=condition)


EXTERNAL_ID = by_hub(StringEquals={"sts:ExternalId": "northwind:1"})
BY_TEAM = by_hub(ASSUME, TAG, StringEquals={"aws:RequestTag/team": "payments"})
DENIED = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": ASSUME}


@pytest.mark.parametrize(
    ("statements", "asked", "expected"),
    [
        ([EXTERNAL_ID], {}, OUT),
        ([EXTERNAL_ID], {"ExternalId": "northwind:2"}, OUT),
        ([EXTERNAL_ID], {"ExternalId": "Northwind:1"}, OUT),
        ([EXTERNAL_ID], {"ExternalId": "northwind:1"}, IN),
        ([by_hub()], {"ExternalId": "not:asked:for"}, IN),
        ([by_hub(), DENIED], {}, OUT),
        ([allow(ASSUME, Principal={"AWS": "arn:aws:iam::444444444444:user/other"})], {}, OUT),
        ([allow(ASSUME, Principal={"AWS": "arn:aws:iam::666666666666:root"})], {}, OUT),
        ([allow(ASSUME, Principal={"AWS": f"arn:aws:iam::{HUB_ACCOUNT}:root"})], {}, IN),
        ([allow(ASSUME, Principal={"AWS": HUB_ACCOUNT})], {}, IN),
        ([allow(FEDERATE, Principal={"AWS": HUB})], {}, OUT),
        ([by_hub()], {"Tags": TAGS}, OUT),
        ([by_hub(ASSUME, TAG)], {"Tags": TAGS}, IN),
        ([BY_TEAM], {}, OUT),
        ([BY_TEAM], {"Tags": [{"Key": "team", "Value": "billing"}]}, OUT),
        ([BY_TEAM], {"Tags": TAGS}, IN),
        ([by_hub(StringLike={"sts:RoleSessionName": "*@northwind.example"})], {}, OUT),
        (
            [by_hub(StringLike={"sts:RoleSessionName": "*@northwind.example"})],
            {"RoleSessionName": "alice@northwind.example"},
            IN,
        ),
        ([by_hub(StringEqualsIfExists={"sts:ExternalId": "northwind:1"})], {}, IN),
        ([by_hub(StringNotEquals={"sts:ExternalId": "northwind:1"})], {}, IN),
        ([by_hub(Null={"sts:ExternalId": "true"})], {}, IN),
        ([by_hub(Null={"sts:ExternalId": "false"})], {}, OUT),
        ([by_hub(ASSUME, TAG, **{"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}})], {}, IN),
        ([by_hub(ASSUME, TAG, **{"ForAllValues:StringEquals": {"aws:TagKeys": ["x"]}})], {"Tags": TAGS}, OUT),
        ([by_hub(ASSUME, TAG, **{"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}})], {}, OUT),
        ([by_hub(ArnEquals={"aws:PrincipalArn": HUB})], {}, IN),
        ([by_hub(ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:user/x*"})], {}, OUT),
        ([by_hub()], {"Tags": [*TAGS, {"Key": "Team", "Value": "x"}]}, OUT),
        ([by_hub()], {"Policy": "{}"}, OUT),
        ([by_hub()], {}, IN),
    ],
)  # fmt: skip
def test_both_decide_alike_on_assume_role(
    both: tuple[Side, Side], statements: list[dict[str, Any]], asked: dict[str, Any], expected: bool
) -> None:
    theirs, ours = (side.assume(side.create_role(policy(*statements)), **asked) for side in both)

    assert ours == theirs
    assert (ours == "") is expected


@pytest.mark.parametrize(
    ("statements", "asked", "theirs_is", "ours_is"),
    [
        # As AWS documents it, ours is right in each of these.
        ([by_hub()], {"SourceIdentity": "alice"}, IN, OUT),
        (
            [by_hub(ASSUME, IDENTIFY, StringEquals={"sts:SourceIdentity": "alice"})],
            {"SourceIdentity": "alice"},
            OUT,
            IN,
        ),
        ([by_hub()], {"DurationSeconds": 3601}, IN, OUT),
        ([by_hub()], {"DurationSeconds": 43201}, IN, OUT),
        ([by_hub()], {"RoleSessionName": "a b/c"}, IN, OUT),
    ],
)
def test_known_differences_on_assume_role(
    both: tuple[Side, Side],
    statements: list[dict[str, Any]],
    asked: dict[str, Any],
    theirs_is: bool,
    ours_is: bool,
) -> None:
    theirs, ours = (side.assume(side.create_role(policy(*statements)), **asked) for side in both)

    assert (theirs == "", ours == "") == (theirs_is, ours_is)


def federated(issuer: WebIssuer, *actions: str, **condition: Any) -> dict[str, Any]:
    """Return a trust policy for an issuer: for AUDIENCE and SUBJECT, or by another condition."""
    name = issuer.url.removeprefix("https://")
    usual = {"StringEquals": {f"{name}:aud": AUDIENCE, f"{name}:sub": SUBJECT}}
    principal = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{name}"}
    return policy(
        allow(*(actions or (FEDERATE,)), Principal=principal, Condition=condition or usual)
    )


@pytest.fixture
def providers(both: tuple[Side, Side], web_issuer: WebIssuer) -> None:
    """The provider of the issuer on both sides."""
    for side in both:
        iam = side.iam(ACCOUNT)
        try:
            iam.create_open_id_connect_provider(Url=web_issuer.url, ClientIDList=[AUDIENCE])
        except iam.exceptions.EntityAlreadyExistsException:
            pass


@pytest.mark.usefixtures("providers")
@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"sub": SUBJECT}, IN),
        ({"sub": "account:555555555555:role:/Other"}, OUT),
        ({"sub": SUBJECT, "aud": "another"}, OUT),
        ({"sub": SUBJECT, "iss": "https://evil.example"}, OUT),
    ],
)
def test_both_decide_alike_on_web_identities(
    both: tuple[Side, Side], web_issuer: WebIssuer, claims: dict[str, Any], expected: bool
) -> None:
    arns = [side.create_role(federated(web_issuer)) for side in both]
    for token in (web_issuer.mint(claims), *(() if expected else ("garbage",))):
        answers = [side.federate(arn, token) for side, arn in zip(both, arns, strict=True)]

        assert [code == "" for code in answers] == [expected, expected], answers


@pytest.mark.usefixtures("providers")
@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", OUT),
        ("StringEqualsIfExists", IN),
        ("StringNotEquals", IN),
        ("ForAllValues:StringEquals", IN),
        ("ForAnyValue:StringEquals", OUT),
    ],
)
def test_both_know_the_trap_of_claims_that_are_no_condition_keys(
    both: tuple[Side, Side], web_issuer: WebIssuer, operator: str, expected: bool
) -> None:
    trust = federated(
        web_issuer, **{operator: {f"{web_issuer.url.removeprefix('https://')}:groups": "admins"}}
    )
    token = web_issuer.mint(sub="anybody", groups=["visitors"])

    assert [side.federate(side.create_role(trust), token) == "" for side in both] == [
        expected,
        expected,
    ]


@pytest.mark.usefixtures("providers")
def test_known_differences_on_web_identities(
    both: tuple[Side, Side], web_issuer: WebIssuer
) -> None:
    """Ministack reads a token without verifying it, and neither its tags nor its source identity."""
    tags = "https://aws.amazon.com/tags"
    head, body, _ = web_issuer.mint(sub=SUBJECT).split(".")
    for token in (
        f"{head}.{body}.",
        web_issuer.mint(sub=SUBJECT, exp=1),
        web_issuer.mint(sub=SUBJECT, without="exp"),
        web_issuer.mint(sub=SUBJECT, azp="another"),
        web_issuer.mint({"sub": SUBJECT, tags: {"principal_tags": {"team": ["payments"]}}}),
        web_issuer.mint({"sub": SUBJECT, "https://aws.amazon.com/source_identity": "alice"}),
    ):
        answers = [side.federate(side.create_role(federated(web_issuer)), token) for side in both]

        assert answers[0] == "" != answers[1], token
