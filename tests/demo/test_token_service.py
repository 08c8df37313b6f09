"""The demo's STS refuses what AWS refuses: roles entered by a hub and by web identity, over real sockets."""

from __future__ import annotations

import json
import os
import random
import string
import time
from typing import Any

import boto3
import pytest
import time_machine
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from joserfc.jwk import ECKey, OctKey, RSAKey
from mypy_boto3_sts import STSClient
from mypy_boto3_sts.type_defs import AssumeRoleResponseTypeDef

from demo.cloud.answers import Refused
from demo.cloud.session_requests import SessionRequest
from demo.serving import bind
from tests.strict_aws import StrictAws, WebIssuer, allow, policy

pytestmark = pytest.mark.wire

ACCOUNT = "222222222222"
AUDIENCE, SUBJECT = "sts.amazonaws.com", "account:222222222222:role:/Admin"
EVERY = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity")
RANDOM = "".join(random.Random(7).choices(string.ascii_letters, k=8000))
TAGS, SOURCE_IDENTITY = "https://aws.amazon.com/tags", "https://aws.amazon.com/source_identity"


def sts(strict: StrictAws, keys: Any = None) -> STSClient:
    """Return a client with the keys of the environment, or with those of a session."""
    keys = keys or {
        "AccessKeyId": os.environ["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": os.environ["AWS_SECRET_ACCESS_KEY"],
        "SessionToken": None,
    }
    return boto3.client(
        "sts",
        endpoint_url=strict.url,
        region_name="eu-west-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def assume(strict: StrictAws, role_arn: str, *, keys: Any = None, **more: Any) -> Any:
    """Return the answer to AssumeRole, or the code and the message of its refusal."""
    try:
        return sts(strict, keys).assume_role(
            **{"RoleArn": role_arn, "RoleSessionName": "alice", **more}
        )
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]


def federate(strict: StrictAws, role_arn: str, token: str, **more: Any) -> Any:
    """Return the answer to AssumeRoleWithWebIdentity, or the code and the message of its refusal."""
    client = boto3.client(
        "sts",
        endpoint_url=strict.url,
        region_name="eu-west-1",
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )
    try:
        return client.assume_role_with_web_identity(
            RoleArn=role_arn, WebIdentityToken=token, **{"RoleSessionName": "alice", **more}
        )
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]


def trusting(
    issuer: WebIssuer, *actions: str, condition: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a trust policy for an issuer: for SUBJECT, or by another condition."""
    prefix = issuer.url.removeprefix("https://")
    subject = {"StringEquals": {f"{prefix}:aud": AUDIENCE, f"{prefix}:sub": SUBJECT}}
    principal = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{prefix}"}
    return policy(allow(*(actions or EVERY), Principal=principal, Condition=condition or subject))


@pytest.fixture
def provider(strict_aws: StrictAws, web_issuer: WebIssuer) -> str:
    return strict_aws.create_provider(ACCOUNT, web_issuer.url, [AUDIENCE])


@pytest.fixture
def admin(strict_aws: StrictAws, web_issuer: WebIssuer, provider: str) -> str:
    """A role that trusts SUBJECT for up to two hours."""
    return strict_aws.create_role(ACCOUNT, "Admin", trusting(web_issuer), max_session=7200)


def test_good_token_gives_keys_of_the_role_and_says_whose_they_are(
    strict_aws: StrictAws, web_issuer: WebIssuer, admin: str, provider: str
) -> None:
    token = web_issuer.mint({"sub": SUBJECT, SOURCE_IDENTITY: "alice@northwind.example"})

    answer = federate(strict_aws, admin, token, DurationSeconds=7200)

    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/alice"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    assert (answer["SubjectFromWebIdentityToken"], answer["Audience"]) == (SUBJECT, AUDIENCE)
    assert (answer["Provider"], answer["SourceIdentity"]) == (provider, "alice@northwind.example")
    assert sts(strict_aws, answer["Credentials"]).get_caller_identity()["Arn"] == arn
    assert web_issuer.requests == ["/.well-known/openid-configuration", "/jwks.json"]


@pytest.mark.parametrize(
    ("claims", "code", "message"),
    [
        ({"aud": "somebody-else"}, "InvalidIdentityToken", "Incorrect token audience"),
        ({"aud": [AUDIENCE, "other"]}, "InvalidIdentityToken", "Incorrect token audience"),
        ({"azp": "other"}, "InvalidIdentityToken", "Incorrect token audience"),
        (
            {"sub": "account:222222222222:role:/Other"},
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ),
        ({"sub": "x" * 256}, "InvalidIdentityToken", "sub"),
        ({"exp": int(time.time()) - 301}, "ExpiredTokenException", "Token expired"),
        ({"exp": time.time() + 60.5}, "InvalidIdentityToken", "exp is not an integer"),
        ({"iat": int(time.time()) + 3600}, "InvalidIdentityToken", "not valid yet"),
        ({"nbf": int(time.time()) + 3600}, "InvalidIdentityToken", "not valid yet"),
        ({"without": "exp"}, "InvalidIdentityToken", "Missing a required claim: exp"),
        ({"without": "iat"}, "InvalidIdentityToken", "Missing a required claim: iat"),
        ({"without": "aud"}, "InvalidIdentityToken", "Missing a required claim: aud"),
        (
            {"iss": "https://evil.example"},
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://evil.example",
        ),
        ({"without": "iss"}, "InvalidIdentityToken", "not a valid JWT"),
        ({TAGS: {"principal_tags": {"team": "payments"}}}, "InvalidIdentityToken", "tags"),
        ({TAGS: {"principal_tags": {"team": ["a", "b"]}}}, "InvalidIdentityToken", "tags"),
    ],
)
def test_token_with_a_wrong_claim_is_refused(
    strict_aws: StrictAws,
    web_issuer: WebIssuer,
    admin: str,
    claims: dict[str, Any],
    code: str,
    message: str,
) -> None:
    refused = federate(strict_aws, admin, web_issuer.mint(**{"sub": SUBJECT, **claims}))

    assert refused[0] == code
    assert message in refused[1]


def test_token_with_a_wrong_signature_is_refused(
    strict_aws: StrictAws, web_issuer: WebIssuer, admin: str
) -> None:
    another = RSAKey.generate_key(2048, {"kid": "first"})
    minted = web_issuer.mint(sub=SUBJECT)
    head, body, signature = minted.split(".")
    other_body = web_issuer.mint(sub=SUBJECT, jti="another").split(".")[1]
    for token, message in (
        (web_issuer.mint(key=another, sub=SUBJECT), "signature is invalid"),
        (f"{head}.{other_body}.{signature}", "signature is invalid"),
        (f"{head}.{body}.", "signature is invalid"),
        (
            web_issuer.mint(sub=SUBJECT, header={"kid": "second"}),
            "Couldn't retrieve verification key",
        ),
        (web_issuer.mint(sub=SUBJECT, header={"kid": None}), "Couldn't retrieve verification key"),
        (web_issuer.mint(sub=SUBJECT, header={"alg": "PS256"}), "algorithm"),
        (
            web_issuer.mint(key=OctKey.generate_key(256), sub=SUBJECT, header={"alg": "HS256"}),
            "algorithm",
        ),
        ("garbage", "not a valid JWT"),
    ):
        assert federate(strict_aws, admin, token)[0] == "InvalidIdentityToken", message
        assert message in federate(strict_aws, admin, token)[1]


def test_keys_of_the_issuer_must_be_there_in_aws_s_form(
    strict_aws: StrictAws, web_issuer: WebIssuer, admin: str
) -> None:
    token, good = web_issuer.mint(sub=SUBJECT), dict(web_issuer.documents)
    discovery, jwks = "/.well-known/openid-configuration", "/jwks.json"
    broken: tuple[dict[str, bytes], ...] = (
        {},
        good | {jwks: b"{}"},
        good | {jwks: b"not JSON"},
        good | {discovery: good[discovery].replace(b'"issuer": "https', b'"issuer": "http')},
        good | {discovery: good[discovery].replace(b'"jwks_uri": "https', b'"jwks_uri": "http')},
        good | {jwks: b'{"keys": [' + b",".join([b'{"kty": "EC"}'] * 101) + b"]}"},
    )
    for documents in broken:
        web_issuer.documents = documents

        assert "Couldn't retrieve verification key" in federate(strict_aws, admin, token)[1]
    web_issuer.documents = good
    strict_aws.cloud.tokens.issuers.ca_file, ca_file = "", strict_aws.cloud.tokens.issuers.ca_file
    try:
        assert "Couldn't retrieve verification key" in federate(strict_aws, admin, token)[1]
    finally:
        strict_aws.cloud.tokens.issuers.ca_file = ca_file
    assert "Credentials" in federate(strict_aws, admin, token)


def test_other_algorithms_and_an_expiry_within_five_minutes_are_taken(
    strict_aws: StrictAws, web_issuer: WebIssuer, admin: str
) -> None:
    web_issuer.keys["curve"] = curve = ECKey.generate_key("P-256", {"kid": "curve"})
    web_issuer.publish()
    try:
        for token in (
            web_issuer.mint(sub=SUBJECT, key=curve, header={"alg": "ES256", "kid": "curve"}),
            web_issuer.mint(sub=SUBJECT, header={"alg": "RS512"}),
            web_issuer.mint(sub=SUBJECT, exp=int(time.time()) - 200),
        ):
            assert "Credentials" in federate(strict_aws, admin, token)
    finally:
        del web_issuer.keys["curve"]


def test_azp_takes_the_place_of_the_audience(
    strict_aws: StrictAws, web_issuer: WebIssuer, admin: str
) -> None:
    answer = federate(strict_aws, admin, web_issuer.mint(sub=SUBJECT, aud=["a", "b"], azp=AUDIENCE))

    assert answer["Audience"] == AUDIENCE


def test_tags_and_source_identity_of_a_token_need_actions_of_their_own(
    strict_aws: StrictAws, web_issuer: WebIssuer, provider: str
) -> None:
    tags = {"principal_tags": {"team": ["payments"]}, "transitive_tag_keys": ["team"]}
    tagged = web_issuer.mint({"sub": SUBJECT, TAGS: tags})
    identified = web_issuer.mint({"sub": SUBJECT, SOURCE_IDENTITY: "alice"})
    bare = strict_aws.create_role(ACCOUNT, "Bare", trusting(web_issuer, EVERY[0]))

    assert federate(strict_aws, bare, tagged) == (
        "AccessDenied",
        "Not authorized to perform sts:TagSession",
    )
    assert (
        federate(strict_aws, bare, identified)[1]
        == "Not authorized to perform sts:SetSourceIdentity"
    )
    by_team = strict_aws.create_role(
        ACCOUNT,
        "ByTeam",
        trusting(web_issuer, condition={"StringEquals": {"aws:RequestTag/Team": "payments"}}),
    )
    assert federate(strict_aws, by_team, identified)[0] == "AccessDenied"
    assert federate(strict_aws, by_team, tagged)["PackedPolicySize"] > 0


def test_condition_that_holds_where_a_claim_is_absent_lets_everybody_in(
    strict_aws: StrictAws, web_issuer: WebIssuer, provider: str
) -> None:
    """The trap: AWS has no condition key for groups, whatever the token says."""
    key = f"{web_issuer.url.removeprefix('https://')}:groups"
    token = web_issuer.mint(sub="anybody", groups=["visitors"])
    for operator, inside in (
        ("StringEquals", False),
        ("ForAnyValue:StringEquals", False),
        ("ForAllValues:StringEquals", True),
        ("StringEqualsIfExists", True),
        ("StringNotEquals", True),
    ):
        arn = strict_aws.create_role(
            ACCOUNT, "Trap", trusting(web_issuer, condition={operator: {key: "admins"}})
        )

        assert ("Credentials" in federate(strict_aws, arn, token)) is inside, operator


def test_provider_of_another_account_and_longer_than_the_role_s_maximum_are_refused(
    strict_aws: StrictAws, web_issuer: WebIssuer, admin: str
) -> None:
    token = web_issuer.mint(sub=SUBJECT)
    elsewhere = strict_aws.create_role("333333333333", "Admin", trusting(web_issuer))

    assert "No OpenIDConnect provider" in federate(strict_aws, elsewhere, token)[1]
    assert "MaxSessionDuration" in federate(strict_aws, admin, token, DurationSeconds=7201)[1]
    assert federate(strict_aws, f"{admin}X", token)[0] == "AccessDenied"


def test_hub_enters_by_external_id_only(strict_aws: StrictAws) -> None:
    trust = policy(
        allow(
            "sts:AssumeRole",
            Principal={"AWS": strict_aws.hub_arn},
            Condition={"StringEquals": {"sts:ExternalId": "northwind:1"}},
        )
    )
    arn = strict_aws.create_role(ACCOUNT, "Demanding", trust)

    for wrong in ({}, {"ExternalId": "northwind:2"}, {"ExternalId": "Northwind:1"}):
        code, message = assume(strict_aws, arn, **wrong)
        assert code == "AccessDenied"
        assert message == (
            f"User: {strict_aws.hub_arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        )
    assert assume(strict_aws, f"{arn}X", ExternalId="northwind:1")[0] == "AccessDenied"
    assert "Credentials" in assume(strict_aws, arn, ExternalId="northwind:1")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"DurationSeconds": 3601}, "ValidationError"),
        ({"DurationSeconds": 43201}, "ValidationError"),
        ({"RoleSessionName": "a b/c"}, "ValidationError"),
        ({"RoleSessionName": "élise"}, "ValidationError"),
        ({"RoleSessionName": "x" * 65}, "ValidationError"),
        ({"Policy": "{}"}, "MalformedPolicyDocument"),
        ({"Policy": '{"Statement": []}' + " " * 2048}, "ValidationError"),
        (
            {"Tags": [{"Key": "team", "Value": "a"}, {"Key": "Team", "Value": "b"}]},
            "InvalidParameterValue",
        ),
        ({"Tags": [{"Key": f"k{n}", "Value": "v"} for n in range(51)]}, "ValidationError"),
        ({"Tags": [{"Key": "team", "Value": "a"}]}, "AccessDenied"),
        ({"SourceIdentity": "alice"}, "AccessDenied"),
        ({"ExternalId": "a b"}, "ValidationError"),
        ({"RoleArn": "arn:aws:iam::222222222222:user/Plain"}, "ValidationError"),
        ({"Tags": [{"Key": "te;am", "Value": "a"}]}, "ValidationError"),
        ({"Tags": [{"Key": "team", "Value": "a;b"}]}, "ValidationError"),
        ({"TransitiveTagKeys": ["team"]}, "InvalidParameterValue"),
        (
            {"PolicyArns": [{"arn": f"arn:aws:iam::aws:policy/P{n}"} for n in range(11)]},
            "ValidationError",
        ),
        (
            {"Tags": [{"Key": f"k{n}", "Value": RANDOM[n * 200 :][:200]} for n in range(40)]},
            "PackedPolicyTooLarge",
        ),
    ],
)
def test_hub_is_refused_what_aws_or_the_trust_policy_does_not_take(
    strict_aws: StrictAws, asked: dict[str, Any], code: str
) -> None:
    arn = strict_aws.create_role(
        ACCOUNT, "Plain", policy(allow("sts:AssumeRole", Principal={"AWS": strict_aws.hub_arn}))
    )

    assert assume(strict_aws, arn, **asked)[0] == code


@pytest.mark.parametrize("duration", ["899", "-900", "an hour"])
def test_duration_that_no_client_of_aws_sends_is_refused(
    strict_aws: StrictAws, duration: str
) -> None:
    form = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/Plain", "RoleSessionName": "alice"}

    with pytest.raises(Refused, match="durationSeconds"):
        SessionRequest.of_form({**form, "DurationSeconds": duration})


def test_policy_that_is_not_understood_and_an_explicit_denial_let_nobody_in(
    strict_aws: StrictAws, web_issuer: WebIssuer, provider: str
) -> None:
    trusted = allow("sts:AssumeRole", Principal={"AWS": strict_aws.hub_arn})
    denied = {"Effect": "Deny", "Principal": "*", "Action": ["sts:AssumeRole", *EVERY[:1]]}
    unknown = {**trusted, "Condition": {"StringMatches": {"aws:PrincipalArn": "*"}}}
    by_token = trusting(web_issuer)["Statement"][0]

    for statements in ((trusted, denied), (trusted, unknown)):
        arn = strict_aws.create_role(ACCOUNT, "Shut", policy(*statements))
        assert assume(strict_aws, arn)[0] == "AccessDenied"
    misread = {**by_token, "Condition": unknown["Condition"]}
    for statements in ((by_token, denied), (by_token, misread)):
        arn = strict_aws.create_role(ACCOUNT, "Shut", policy(*statements))
        assert federate(strict_aws, arn, web_issuer.mint(sub=SUBJECT))[0] == "AccessDenied"


def test_issuer_without_tls_is_taken_only_if_it_is_named(
    strict_aws: StrictAws, web_issuer: WebIssuer
) -> None:
    issuers = strict_aws.cloud.tokens.issuers
    with bind(web_issuer) as plain:
        plain.start()
        web_issuer.documents["/.well-known/openid-configuration"] = json.dumps(
            {"issuer": plain.url, "jwks_uri": f"{plain.url}/jwks.json"}
        ).encode()
        strict_aws.create_provider(ACCOUNT, f"https://localhost:{plain.port}", [AUDIENCE])
        principal = f"arn:aws:iam::{ACCOUNT}:oidc-provider/localhost:{plain.port}"
        trust = allow(*EVERY, Principal={"Federated": principal})
        arn = strict_aws.create_role(ACCOUNT, "Loopback", policy(trust))
        token = web_issuer.mint(sub=SUBJECT, iss=plain.url)

        assert "No OpenIDConnect provider" in federate(strict_aws, arn, token)[1]
        issuers.plain = frozenset({plain.url})
        try:
            assert "Credentials" in federate(strict_aws, arn, token)
        finally:
            issuers.plain = frozenset()


@pytest.fixture
def open_role(strict_aws: StrictAws) -> str:
    """A role that trusts the account of the hub, with all that it may bring."""
    root = f"arn:aws:iam::{strict_aws.hub_arn.split(':')[4]}:root"
    every = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    return strict_aws.create_role(
        ACCOUNT, "Open", policy(allow(*every, Principal={"AWS": root})), max_session=43200
    )


def test_own_policies_of_a_caller_count_as_well(strict_aws: StrictAws, open_role: str) -> None:
    hub_account = strict_aws.hub_arn.split(":")[4]
    weak = strict_aws.create_user(hub_account, "weak", allow("s3:*", Resource="*"))
    keys = {
        "AccessKeyId": weak["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": weak["AWS_SECRET_ACCESS_KEY"],
        "SessionToken": None,
    }

    assert assume(strict_aws, open_role, keys=keys)[0] == "AccessDenied"
    assert "Credentials" in assume(strict_aws, open_role, DurationSeconds=43200)


def test_unknown_caller_wrong_secret_broken_token_and_root_are_refused(
    strict_aws: StrictAws, open_role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good: AssumeRoleResponseTypeDef = assume(strict_aws, open_role)
    keys = good["Credentials"]

    for change, code in (
        ({"AccessKeyId": "AKIAUNKNOWNUNKNOWNXX"}, "InvalidClientTokenId"),
        ({"SecretAccessKey": "wrong"}, "SignatureDoesNotMatch"),
        ({"SessionToken": "wrong"}, "InvalidClientTokenId"),
    ):
        assert assume(strict_aws, open_role, keys={**keys, **change})[0] == code
    with time_machine.travel(time.time() + 3601):
        assert assume(strict_aws, open_role, keys=keys)[0] == "ExpiredToken"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert assume(strict_aws, open_role)[0] == "SignatureDoesNotMatch"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    assert assume(strict_aws, open_role)[1] == "Roles may not be assumed by root accounts."


def test_chained_sessions_last_an_hour_and_keep_tags_and_source_identity(
    strict_aws: StrictAws, open_role: str
) -> None:
    first = assume(
        strict_aws,
        open_role,
        Tags=[{"Key": "team", "Value": "payments"}],
        TransitiveTagKeys=["team"],
        SourceIdentity="alice",
    )["Credentials"]
    trust = allow("sts:AssumeRole", Principal={"AWS": open_role})
    closed = strict_aws.create_role(ACCOUNT, "Closed", policy(trust), max_session=43200)
    further = {**trust, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}
    opened = strict_aws.create_role(ACCOUNT, "Further", policy(further), max_session=43200)

    assert "sts:TagSession" in assume(strict_aws, closed, keys=first)[1]
    assert "1 hour" in assume(strict_aws, opened, keys=first, DurationSeconds=3601)[1]
    assert assume(strict_aws, opened, keys=first, SourceIdentity="bob")[0] == "AccessDenied"
    again = {"Tags": [{"Key": "Team", "Value": "x"}]}
    assert assume(strict_aws, opened, keys=first, **again)[0] == "InvalidParameterValue"
    assert assume(strict_aws, opened, keys=first)["SourceIdentity"] == "alice"


DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def listing(strict: StrictAws, keys: Any) -> str:
    """Return what comes of listing users with the keys of a session: "" if that works."""
    client = boto3.client(
        "iam",
        endpoint_url=strict.url,
        region_name="eu-west-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    try:
        client.list_users()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def test_session_policy_that_denies_everything_leaves_only_the_caller_s_identity(
    strict_aws: StrictAws, open_role: str
) -> None:
    keys = assume(strict_aws, open_role, Policy=json.dumps(policy(DENY)))["Credentials"]

    assert listing(strict_aws, keys) == "AccessDenied"
    assert sts(strict_aws, keys).get_caller_identity()["Account"] == ACCOUNT


def test_keys_of_a_session_work_with_services_that_sign_otherwise(
    strict_aws: StrictAws, open_role: str
) -> None:
    keys = assume(strict_aws, open_role)["Credentials"]
    own = {
        "endpoint_url": strict_aws.url,
        "region_name": "us-east-1",
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    s3 = boto3.client("s3", **own)

    s3.create_bucket(Bucket="northwind-reports")
    s3.put_object(Bucket="northwind-reports", Key="a b/ü+%.txt", Body=b"x")

    assert s3.list_objects_v2(Bucket="northwind-reports", Prefix="a b/")["KeyCount"] == 1
    assert boto3.client("dynamodb", **own).list_tables()["TableNames"] == []


@pytest.mark.parametrize(
    "condition",
    [
        {"DateLessThan": {"aws:TokenIssueTime": "2099-01-01T00:00:00Z"}},
        {"StringLike": {"aws:userid": "*:alice"}},
        {"StringEquals": {"aws:SourceIdentity": "alice@northwind.example"}},
    ],
)
def test_sessions_are_revoked_by_a_deny_on_the_role(
    strict_aws: StrictAws, open_role: str, condition: dict[str, Any]
) -> None:
    alice = assume(strict_aws, open_role, SourceIdentity="alice@northwind.example")["Credentials"]
    bob = assume(strict_aws, open_role, RoleSessionName="bob")["Credentials"]
    assert (listing(strict_aws, alice), listing(strict_aws, bob)) == ("", "")

    strict_aws.iam(ACCOUNT).put_role_policy(
        RoleName="Open",
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=json.dumps(policy({**DENY, "Condition": condition})),
    )

    everybody = "DateLessThan" in condition
    assert listing(strict_aws, alice) == "AccessDenied"
    assert listing(strict_aws, bob) == ("AccessDenied" if everybody else "")
