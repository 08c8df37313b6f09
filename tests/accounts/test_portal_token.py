"""The trust method portal-token, end to end: the portal's own issuer over TLS, the door, an STS that verifies."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from django.utils import timezone
from joserfc import jwt
from pytest_django import Settings

from accounts import access, signing, trust
from accounts.errors import AwsRefused, GatehouseError
from accounts.models import Account, AuditEvent, PermissionSet, SigningKey
from accounts.signing import documents, private_keys, rotation, stored_keys
from accounts.signing.private_keys import PrivateKey
from accounts.trust.web_identity import region_of
from accounts.types import IssuedKeys, OfferedRole, RoleRef
from tests import cast
from tests.accounts.test_trust import ROLE
from tests.emulators import ConsoleEndpoint, Reply, ScriptedServer, aws_environment, whose_keys
from tests.strict_aws import StrictAws, WebIssuer, allow, policy

pytestmark = [pytest.mark.usefixtures("northwind"), pytest.mark.wire]

DEV, PROD = "210987654321", "123456789012"
ACTIONS = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession")
NO_AWS_KEYS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}


@pytest.fixture
def aws(strict_aws: StrictAws, web_issuer: WebIssuer, settings: Settings) -> Iterator[StrictAws]:
    """An AWS that reads the portal's keys where they are published; the portal has no keys of AWS."""
    settings.BASE_URL = settings.TRUST_ISSUER = web_issuer.url
    keys = stored_keys.create_first(now=timezone.now())
    published = documents.build(keys, now=timezone.now())
    web_issuer.documents[documents.DISCOVERY_PATH] = published.discovery
    web_issuer.documents[documents.KEY_SET_PATH] = published.key_set
    Account.objects.update(trust_method="portal-token")
    with aws_environment(AWS_ENDPOINT_URL_STS=strict_aws.url, **NO_AWS_KEYS):
        yield strict_aws


def onboard(
    aws: StrictAws,
    *,
    audience: str = "sts.amazonaws.com",
    subject: str = "",
    actions: tuple[str, ...] = ACTIONS,
) -> None:
    """Do what an AWS admin does for the role Developer: the provider, and a role that trusts it."""
    url = signing.issuer_url()
    name = url.removeprefix("https://")
    arn = aws.create_provider(DEV, url, [audience])
    equals = {
        f"{name}:aud": audience,
        f"{name}:sub": subject or signing.subject_for(DEV, "Developer"),
    }
    trusts = policy(
        allow(*actions, Principal={"Federated": arn}, Condition={"StringEquals": equals})
    )
    aws.create_role(DEV, "Developer", trusts, path="/gatehouse/", max_session=43200)


def get_keys(account_id: str = DEV, role_name: str = "Developer", **options: Any) -> IssuedKeys:
    return access.issue_keys(
        **{
            "subject": cast.as_subject("alice"),
            "role": RoleRef(account_id, role_name),
            "duration": None,
            "origin": cast.ORIGIN,
            "now": timezone.now(),
            **options,
        }
    )


def last() -> AuditEvent:
    return AuditEvent.objects.filter(action__startswith="access.")[0]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"subject": f"account:{DEV}:role:Administrator"}, "aws.access_denied"),
        ({"subject": f"account:{PROD}:role:Developer"}, "aws.access_denied"),
        ({"audience": "another-portal"}, "aws.token_audience"),
        ({"actions": ("sts:TagSession",)}, "aws.access_denied"),
    ],
)
def test_trust_that_does_not_name_this_role_of_this_portal_lets_nobody_in(
    aws: StrictAws, wrong: dict[str, Any], code: str
) -> None:
    onboard(aws, **wrong)

    with pytest.raises(AwsRefused) as refused:
        get_keys()

    assert refused.value.code == last().error_code == code
    assert last().action == "access.keys.failed"


def test_account_without_the_provider_lets_nobody_in(aws: StrictAws) -> None:
    onboard(aws)
    iam = aws.iam(DEV)
    for known in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=known["Arn"])

    with pytest.raises(AwsRefused) as refused:
        get_keys()

    assert refused.value.code == "aws.no_identity_provider"


def test_key_that_is_not_published_lets_nobody_in(aws: StrictAws, web_issuer: WebIssuer) -> None:
    onboard(aws)
    web_issuer.publish()  # The issuer's own keys in place of the portal's.

    with pytest.raises(GatehouseError):
        get_keys()

    assert last().action == "access.keys.failed"


def by_a_stolen_key(aws: StrictAws, key: PrivateKey, kid: str, role_name: str) -> str:
    """Ask STS as a thief of a signing key would; return the id of the keys, or AWS's refusal."""
    now = int(timezone.now().timestamp())
    token = jwt.encode(
        {"alg": "ES256", "kid": kid},
        {
            "iss": signing.issuer_url(),
            "aud": "sts.amazonaws.com",
            "sub": signing.subject_for(DEV, role_name),
            "iat": now,
            "exp": now + 60,
        },
        key,
        algorithms=["ES256", "RS256"],
    )
    sts = boto3.client(
        "sts",
        region_name="eu-west-1",
        endpoint_url=aws.url,
        config=Config(signature_version=UNSIGNED),
    )
    try:
        given = sts.assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{DEV}:role/gatehouse/{role_name}",
            RoleSessionName="thief",
            WebIdentityToken=token,
        )
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return str(given["Credentials"]["AccessKeyId"])


def test_a_stolen_key_opens_roles_of_this_method_until_it_is_withdrawn(
    aws: StrictAws, web_issuer: WebIssuer, settings: Settings
) -> None:
    settings.TRUST_ALGORITHM = "ES256"
    SigningKey.objects.all().delete()
    (key, _) = stored_keys.create_first(now=timezone.now())
    stolen, kid = private_keys.load(key), key.kid

    def publish() -> None:
        published = documents.build(stored_keys.all_keys(), now=timezone.now())
        web_issuer.documents[documents.KEY_SET_PATH] = published.key_set

    publish()
    onboard(aws)
    hub = {"AWS": "arn:aws:iam::999988887777:root"}
    of_the_hub = policy(allow("sts:AssumeRole", Principal=hub))
    aws.create_role(DEV, "OfTheHub", of_the_hub, path="/gatehouse/")

    assert by_a_stolen_key(aws, stolen, kid, "Developer").startswith("ASIA")
    assert by_a_stolen_key(aws, stolen, kid, "OfTheHub") == "AccessDenied"

    rotation.replace_at_once(now=timezone.now(), actor="test")
    publish()

    assert by_a_stolen_key(aws, stolen, kid, "Developer") == "InvalidIdentityToken"
    assert get_keys().credentials.access_key_id


def test_tags_need_a_trust_that_lets_them_in(aws: StrictAws) -> None:
    PermissionSet.objects.update(session_tags=["project"])
    onboard(aws, actions=ACTIONS[:1])

    with pytest.raises(AwsRefused):
        get_keys(tags={"project": "payments"})

    assert get_keys().credentials.access_key_id
    onboard(aws)
    assert get_keys(tags={"project": "payments"}).credentials.access_key_id


def test_portal_without_aws_keys_gives_keys_for_twelve_hours(aws: StrictAws) -> None:
    PermissionSet.objects.filter(name="Developer").update(session_duration=43200)
    onboard(aws)

    issued = get_keys()

    keys = issued.credentials
    assert issued.duration == 43200
    assert keys.expires_at - datetime.now(UTC) > timedelta(hours=11, minutes=59)
    assert (last().action, last().access_key_id) == ("access.keys.issued", keys.access_key_id)
    assert whose_keys(
        aws.url,
        access_key_id=keys.access_key_id,
        secret_access_key=keys.secret_access_key,
        session_token=keys.session_token,
    ).startswith(f"arn:aws:sts::{DEV}:assumed-role/Developer/alice@northwind.example-")


def test_the_portals_token_is_in_no_log_error_or_row(
    aws: StrictAws, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens: list[str] = []
    mint = signing.mint

    def remembered(**options: Any) -> str:
        tokens.append(mint(**options))
        return tokens[-1]

    monkeypatch.setattr(signing, "mint", remembered)
    onboard(aws, subject=f"account:{PROD}:role:Developer")
    with pytest.raises(AwsRefused) as refused:
        get_keys()
    onboard(aws)
    issued = get_keys()

    seen = "\n".join(
        [
            caplog.text,
            repr(issued),
            "".join(traceback.format_exception(refused.value)),
            refused.value.user_message,
            *(repr(row) for row in AuditEvent.objects.values()),
        ]
    )
    assert len(tokens) == 2
    for token in tokens:
        assert not [part for part in token.split(".") if part in seen]


def test_console_lasts_as_long_as_the_keys(
    aws: StrictAws, console_endpoint: ConsoleEndpoint, settings: Settings
) -> None:
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url
    PermissionSet.objects.filter(name="Developer").update(session_duration=43200)
    onboard(aws)

    opened = access.console_url(
        subject=cast.as_subject("alice"),
        role=RoleRef(DEV, "Developer"),
        destination="",
        duration=None,
        origin=cast.ORIGIN,
        now=timezone.now(),
    )

    assert opened.url.startswith(console_endpoint.url)
    assert console_endpoint.seen[0].form["SessionDuration"] == "43200"


def test_token_that_aws_finds_too_old_is_the_fault_of_the_portals_clock(aws: StrictAws) -> None:
    text = "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>expired</Message></Error></ErrorResponse>"
    with (
        ScriptedServer(lambda seen: Reply(400, text)) as server,
        aws_environment(AWS_ENDPOINT_URL_STS=server.url, **NO_AWS_KEYS),
        pytest.raises(AwsRefused) as refused,
    ):
        get_keys()

    assert refused.value.code == "aws.clock"
    assert len(server.seen) == 1
    assert server.seen[0].form["WebIdentityToken"] not in refused.value.admin_message


@pytest.mark.parametrize(
    ("partition", "region", "asked"),
    [
        ("aws", "", "eu-west-1"),  # AWS_REGION
        ("aws", "ap-south-1", "ap-south-1"),
        ("aws-cn", "", "cn-north-1"),
        ("aws-cn", "eu-west-1", "cn-north-1"),
        ("aws-us-gov", "us-gov-east-1", "us-gov-east-1"),
        ("aws-eusc", "", "eusc-de-east-1"),
    ],
)
def test_sts_is_asked_in_the_accounts_own_region_and_partition(
    partition: str, region: str, asked: str
) -> None:
    role: OfferedRole = replace(
        ROLE, partition=partition, region=region, trust_method="portal-token"
    )

    assert region_of(role) == asked
    assert trust.session_limit(role).seconds == role.session_duration
    assert trust.console_duration(role, 43200) == 43200
