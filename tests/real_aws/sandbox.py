"""An account in which tests may make roles: one of the embedded AWS, or a real one named by the environment.

The real one: GATEHOUSE_AWS_PROFILE names a profile of an administrator in an account that holds nothing else. For the
trust method portal-token, GATEHOUSE_AWS_BUCKET names a bucket whose objects anybody may read, and GATEHOUSE_AWS_ISSUER its
address, such as https://BUCKET.s3.eu-west-1.amazonaws.com. docs/trust.md has the commands.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.emulators import aws_environment
from tests.strict_aws import StrictAws, WebIssuer

if TYPE_CHECKING:
    from accounts.signing.documents import Documents

T = TypeVar("T")

PATH = "/gatehouse-check/"
REGION = "eu-west-1"
SETTLING = 90.0
"""Seconds in which changes of IAM are expected to work everywhere at the real AWS."""

# What boto3 would find in the environment of the tests instead of the profile.
_NO_KEYS_OF_TESTS = dict.fromkeys(
    (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_ENDPOINT_URL_STS",
        "AWS_ENDPOINT_URL_IAM",
    )
)


@dataclass
class Sandbox:
    """An account; the portal enters its roles as `hub_arn`. `publish` puts an issuer's documents at `issuer_url`."""

    account_id: str
    hub_arn: str
    iam: Any
    issuer_url: str = ""
    publish: Callable[[Documents], None] = lambda documents: None
    settling: float = 0.0
    _roles: list[str] = field(default_factory=list)
    _providers: list[str] = field(default_factory=list)

    def role(self, name: str, trust: dict[str, Any], *, reads_itself: bool = False) -> str:
        """Make a role, or give the one that is there this trust policy; return its ARN. It lasts at most an hour."""
        document = json.dumps(trust)
        if name in self._roles:
            self.iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
        else:
            self.iam.create_role(RoleName=name, Path=PATH, AssumeRolePolicyDocument=document)
            self._roles.append(name)
        if reads_itself:
            statement = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}
            policy = {"Version": "2012-10-17", "Statement": [statement]}
            self.iam.put_role_policy(
                RoleName=name, PolicyName="reads", PolicyDocument=json.dumps(policy)
            )
        arn: str = self.iam.get_role(RoleName=name)["Role"]["Arn"]
        return arn

    def provider(self, client_id: str) -> str:
        """Make the provider of the issuer; return its ARN."""
        made = self.iam.create_open_id_connect_provider(
            Url=self.issuer_url, ClientIDList=[client_id]
        )
        arn: str = made["OpenIDConnectProviderArn"]
        self._providers.append(arn)
        return arn

    def eventually(self, get: Callable[[], T], wanted: Callable[[T], bool]) -> T:
        """Return what `get` returns once it is wanted, or in the end whatever it is: IAM's changes take their time."""
        until = time.monotonic() + self.settling
        while not wanted(found := get()) and time.monotonic() < until:
            time.sleep(5)
        return found

    def clear(self) -> None:
        """Delete what was made."""
        for name in self._roles:
            with contextlib.suppress(ClientError):
                self.iam.delete_role_policy(RoleName=name, PolicyName="reads")
            self.iam.delete_role(RoleName=name)
        for arn in self._providers:
            self.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


@pytest.fixture
def emulated(strict_aws: StrictAws, web_issuer: WebIssuer) -> Iterator[Sandbox]:
    """An account of the embedded AWS: so the tests themselves are tried in every run."""
    account_id = "444444444444"

    def publish(documents: Documents) -> None:
        web_issuer.documents["/.well-known/openid-configuration"] = documents.discovery
        web_issuer.documents["/.well-known/jwks.json"] = documents.key_set

    sandbox = Sandbox(
        account_id,
        strict_aws.hub_arn,
        strict_aws.iam(account_id),
        issuer_url=web_issuer.url,
        publish=publish,
    )
    yield sandbox
    sandbox.clear()


@pytest.fixture
def real() -> Iterator[Sandbox]:
    """The account of GATEHOUSE_AWS_PROFILE; skipped where there is none."""
    profile = os.environ.get("GATEHOUSE_AWS_PROFILE", "")
    if not profile:
        pytest.skip("GATEHOUSE_AWS_PROFILE names no profile: docs/trust.md says how to run this")
    region = os.environ.get("GATEHOUSE_AWS_REGION", REGION)
    with aws_environment(**_NO_KEYS_OF_TESTS, AWS_PROFILE=profile, AWS_REGION=region):
        session = boto3.Session(profile_name=profile, region_name=region)
        identity = session.client("sts").get_caller_identity()
        iam = session.client("iam")
        sandbox = Sandbox(
            identity["Account"],
            _principal(identity["Arn"], iam),
            iam,
            issuer_url=os.environ.get("GATEHOUSE_AWS_ISSUER", "").rstrip("/"),
            publish=lambda documents: _upload(session, documents),
            settling=SETTLING,
        )
        try:
            yield sandbox
        finally:
            sandbox.clear()


def _principal(arn: str, iam: Any) -> str:
    """Return what a trust policy names: for a session its role, whose path the session's ARN does not have."""
    if arn.endswith(":root"):
        pytest.fail("GATEHOUSE_AWS_PROFILE is the root user, which can assume no role")
    if session := re.search(r":assumed-role/([^/]+)/", arn):
        found: str = iam.get_role(RoleName=session[1])["Role"]["Arn"]
        return found
    return arn


def _upload(session: boto3.Session, documents: Documents) -> None:
    bucket = os.environ.get("GATEHOUSE_AWS_BUCKET", "")
    if not bucket:
        pytest.skip(
            "GATEHOUSE_AWS_BUCKET names no public bucket: docs/trust.md says how to run this"
        )
    s3: Any = session.client("s3")
    for key, body in (
        (".well-known/openid-configuration", documents.discovery),
        (".well-known/jwks.json", documents.key_set),
    ):
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


@pytest.fixture(
    params=[
        pytest.param("emulated", marks=pytest.mark.wire),
        pytest.param("real", marks=pytest.mark.aws),
    ]
)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each test runs in the embedded AWS, and in the real one where there is an account."""
    found: Sandbox = request.getfixturevalue(request.param)
    return found
