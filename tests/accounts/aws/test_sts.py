"""Assuming roles: our own checks, the wire, and replies that are not what they should be."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.aws import sts
from accounts.errors import AwsRefused, AwsUnavailable, GatehouseError, InvalidRequest
from accounts.types import Credentials
from tests.emulators import Reply, ScriptedServer, aws_environment, sts_at

ARN = "arn:aws:iam::123456789012:role/gatehouse/Developer"


def assume(
    *,
    role_arn: str = ARN,
    session_name: str = "alice@northwind.example",
    duration: int = 3600,
    external_id: str = "",
    region: str = "",
    tags: dict[str, str] | None = None,
    **others: Any,
) -> Credentials:
    return sts.assume_role(
        role_arn=role_arn,
        session_name=session_name,
        duration=duration,
        external_id=external_id,
        region=region,
        tags=tags or {},
        **others,
    )


# What is asked for, our error and its code.
IMPOSSIBLE: list[tuple[dict[str, Any], type[GatehouseError], str]] = [
    *(({"duration": n}, InvalidRequest, "request.duration") for n in (-1, 0, 899, 43201, 999999)),
    *(
        ({"session_name": name}, AwsRefused, "aws.validation")
        for name in ("", "a", "a" * 65, "élise@northwind.example", "a b", "a/b", "alice\n", "a:b")
    ),
    *(
        ({"external_id": external_id}, AwsRefused, "aws.validation")
        for external_id in ("x", "two words", "é" * 4, "a" * 1225, "id\n")
    ),
    ({"role_arn": "arn:aws:iam::123456789012:user/alice"}, InvalidRequest, "request.arn"),
    *(
        ({"tags": tags}, InvalidRequest, "request.tags")
        for tags in (
            {"aws:project": "payments"},
            {"project": "a,b"},
            {"Project": "a", "project": "b"},
            {str(number): "" for number in range(51)},
        )
    ),
]


def test_assume_role_refuses_what_aws_would_and_does_not_ask() -> None:
    taken = []
    with ScriptedServer(lambda seen: Reply(500)) as server, sts_at(server.url):
        for request, kind, code in IMPOSSIBLE:
            try:
                assume(**request)
            except GatehouseError as error:
                if (type(error), error.code) == (kind, code):
                    continue
            taken.append(request)

    assert taken == []
    assert server.seen == []


@pytest.mark.wire
@pytest.mark.usefixtures("sts_endpoint")
def test_assume_role_returns_keys_that_last_as_long_as_asked() -> None:
    keys = assume(duration=7200)

    assert keys.access_key_id.startswith("ASIA")
    assert keys.assumed_role_arn == (
        "arn:aws:sts::123456789012:assumed-role/Developer/alice@northwind.example"
    )
    assert keys.request_id
    left = keys.expires_at - datetime.now(UTC)
    assert timedelta(seconds=7100) < left <= timedelta(seconds=7200)
    assert keys.expires_at.tzinfo is UTC


@pytest.mark.usefixtures("sts_endpoint")
def test_keys_do_not_show_their_secrets() -> None:
    keys = assume()

    assert keys.secret_access_key
    assert keys.secret_access_key not in repr(keys)
    assert keys.session_token not in repr(keys)


@pytest.mark.wire
def test_assume_role_sends_what_it_was_given_and_nothing_more() -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as server, sts_at(server.url):
        assume(external_id="northwind:42", duration=900, session_name="ab")

    assert server.seen[0].form == {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": ARN,
        "RoleSessionName": "ab",
        "DurationSeconds": "900",
        "ExternalId": "northwind:42",
    }


@pytest.mark.wire
def test_assume_role_sends_session_tags() -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as server, sts_at(server.url):
        assume(tags={"project": "Zahlungen für Ärzte", "ticket": ""})

    sent = {name: value for name, value in server.seen[0].form.items() if name.startswith("Tags")}
    assert sent == {
        "Tags.member.1.Key": "project",
        "Tags.member.1.Value": "Zahlungen für Ärzte",
        "Tags.member.2.Key": "ticket",
        "Tags.member.2.Value": "",
    }


@pytest.mark.wire
def test_assume_role_sends_who_it_is_and_what_narrows_the_session() -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as server, sts_at(server.url):
        assume(
            tags={"team": "payments"},
            transitive_tags=("team",),
            source_identity="alice-4f2q",
            policy='{"Version":"2012-10-17"}',
            policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
        )

    sent = server.seen[0].form
    assert sent["TransitiveTagKeys.member.1"] == "team"
    assert sent["SourceIdentity"] == "alice-4f2q"
    assert sent["Policy"] == '{"Version":"2012-10-17"}'
    assert sent["PolicyArns.member.1.arn"] == "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.mark.parametrize(
    "wrong",
    [
        {"source_identity": "a"},
        {"source_identity": "a" * 65},
        {"source_identity": "aws:alice"},
        {"source_identity": "élise"},
        {"policy": "x" * 2049},
        {"policy": "x" * 2000, "policy_arns": ("arn:aws:iam::aws:policy/" + "A" * 40,)},
        {"policy_arns": ("arn:aws:iam::aws:policy/A",) * 11},
    ],
)
def test_what_aws_would_refuse_of_a_session_is_not_sent(wrong: dict[str, Any]) -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as server, sts_at(server.url):
        with pytest.raises(AwsRefused) as refused:
            assume(**wrong)
        if "source_identity" not in wrong:
            with pytest.raises(AwsRefused):
                assume_with_token(**wrong)

    assert refused.value.code == "aws.validation"
    assert server.seen == []


def test_assume_role_sends_no_external_id_when_there_is_none() -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as server, sts_at(server.url):
        assume()

    assert "ExternalId" not in server.seen[0].form


def test_assume_role_asks_in_the_region_it_is_told() -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as server, sts_at(server.url):
        assume(region="eu-west-3")

    assert "/eu-west-3/sts/" in server.seen[0].headers["authorization"]


def test_assume_role_reads_the_whole_reply() -> None:
    with ScriptedServer(lambda seen: Reply(body=reply())) as server, sts_at(server.url):
        keys = assume()

    assert keys == Credentials(
        access_key_id="ASIAEXAMPLE",
        secret_access_key="planted-secret",
        session_token="planted-token",
        expires_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        assumed_role_arn="arn:aws:sts::123456789012:assumed-role/Developer/alice",
        request_id="request-1",
        packed_policy_size=6,
    )


def test_assume_role_reads_how_full_the_session_token_is() -> None:
    body = reply().replace(
        "<PackedPolicySize>",
        "<SessionTokenUtilization>41</SessionTokenUtilization><PackedPolicySize>",
    )
    with ScriptedServer(lambda seen: Reply(body=body)) as server, sts_at(server.url):
        assert assume().token_utilization == 41


def test_assume_role_reads_every_way_of_writing_a_time_as_utc() -> None:
    with ScriptedServer(lambda seen: Reply()) as server, sts_at(server.url):
        for expiry in ("2030-01-02T03:04:05", "2030-01-02T05:04:05+02:00"):
            body = reply().replace("2030-01-02T03:04:05Z", expiry)
            server.answer = lambda seen, body=body: Reply(body=body)  # type: ignore[misc]

            assert assume().expires_at == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_assume_role_does_without_what_only_informs() -> None:
    body = reply()
    for name in ("PackedPolicySize", "AssumedRoleUser", "RequestId"):
        body = without(name, body)
    with ScriptedServer(lambda seen: Reply(body=body)) as server, sts_at(server.url):
        keys = assume()

    assert (keys.assumed_role_arn, keys.request_id) == ("", "")
    assert (keys.packed_policy_size, keys.token_utilization) == (None, None)


# --- AssumeRoleWithWebIdentity ---


def assume_with_token(**changes: Any) -> Credentials:
    return sts.assume_role_with_web_identity(
        **{
            "role_arn": ARN,
            "session_name": "alice@northwind.example",
            "duration": 3600,
            "token": "planted-identity",
            "region": "eu-west-3",
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": ""}, "aws.token_too_long"),
        ({"token": "x" * 20_001}, "aws.token_too_long"),
        ({"duration": 43201}, "request.duration"),
        ({"role_arn": "arn:aws:iam::123456789012:user/alice"}, "request.arn"),
        ({"session_name": "a b"}, "aws.validation"),
    ],
)
def test_web_identity_that_aws_would_refuse_is_not_asked_for(
    changes: dict[str, Any], code: str
) -> None:
    with (
        ScriptedServer(lambda seen: Reply(500)) as server,
        sts_at(server.url),
        pytest.raises(GatehouseError) as refused,
    ):
        assume_with_token(**changes)

    assert refused.value.code == code
    assert server.seen == []


@pytest.mark.wire
def test_web_identity_is_asked_for_without_aws_keys_and_without_a_signature() -> None:
    """A portal that has no keys must not look for any, which can take seconds."""
    with (
        ScriptedServer(lambda seen: Reply(body=reply("AssumeRoleWithWebIdentity"))) as server,
        aws_environment(
            AWS_ENDPOINT_URL_STS=server.url,
            AWS_ACCESS_KEY_ID=None,
            AWS_SECRET_ACCESS_KEY=None,
            AWS_REGION=None,
            AWS_DEFAULT_REGION=None,
            AWS_EC2_METADATA_DISABLED=None,
            AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{server.url}/keys-of-the-container",
        ),
    ):
        keys = assume_with_token(policy="{}", policy_arns=["arn:aws:iam::aws:policy/ReadOnly"])
    [seen] = server.seen

    assert keys.access_key_id == "ASIAEXAMPLE"
    assert "authorization" not in seen.headers
    assert seen.form == {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": ARN,
        "RoleSessionName": "alice@northwind.example",
        "DurationSeconds": "3600",
        "WebIdentityToken": "planted-identity",
        "Policy": "{}",
        "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnly",
    }


@pytest.mark.wire
@pytest.mark.parametrize(("refusals", "tries"), [(1, 2), (9, 2)])
def test_issuer_that_aws_could_not_ask_is_tried_once_more(
    monkeypatch: pytest.MonkeyPatch, refusals: int, tries: int
) -> None:
    monkeypatch.setattr(sts, "_PAUSE", 0)
    text = "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>Couldn't retrieve verification key from your identity provider</Message></Error></ErrorResponse>"
    answers = iter([Reply(400, text)] * refusals + [Reply(body=reply("AssumeRoleWithWebIdentity"))])
    outcome = ""
    with ScriptedServer(lambda seen: next(answers)) as server, sts_at(server.url):
        try:
            assume_with_token()
        except AwsUnavailable as error:
            outcome = error.code

    assert len(server.seen) == tries
    assert outcome == ("" if refusals == 1 else "aws.identity_provider_unreachable")


@pytest.mark.wire
def test_issuer_that_aws_waited_for_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sts, "_SOON", -1)
    text = "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>Couldn't retrieve verification key</Message></Error></ErrorResponse>"
    with (
        ScriptedServer(lambda seen: Reply(400, text)) as server,
        sts_at(server.url),
        pytest.raises(AwsUnavailable),
    ):
        assume_with_token()

    assert len(server.seen) == 1


@pytest.mark.wire
def test_token_by_which_aws_vouches_for_the_hub_is_for_one_audience_and_a_minute() -> None:
    answer = (
        '<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult>'
        "<WebIdentityToken>planted-identity</WebIdentityToken><Expiration>2030-01-02T03:04:05Z</Expiration>"
        "</GetWebIdentityTokenResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetWebIdentityTokenResponse>"
    )
    with ScriptedServer(lambda seen: Reply(body=answer)) as server, sts_at(server.url):
        token = sts.web_identity_token(audience="sts.amazonaws.com")
    [seen] = server.seen

    assert token == "planted-identity"
    assert "authorization" in seen.headers
    assert seen.form == {
        "Action": "GetWebIdentityToken",
        "Version": "2011-06-15",
        "Audience.member.1": "sts.amazonaws.com",
        "SigningAlgorithm": "RS256",
        "DurationSeconds": "60",
    }


# Eight steps of ten: 8 GB, were it let grow.
_STEPS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
GROWING = f'<!DOCTYPE a [<!ENTITY e0 "{"planted-secret" * 6}">{_STEPS}]><a>&e8;</a>'


def nonsense() -> Iterator[str]:
    yield from ("", "planted-secret" * 20_000, GROWING)
    yield "<html><body>planted-secret: sign in to the guest network</body></html>"
    yield '{"SecretAccessKey": "planted-secret"}'
    yield "<AssumeRoleResponse>planted-secret"
    yield "<AssumeRoleResponse>planted-secret</AssumeRoleResponse>"
    yield "<AssumeRoleResponse><AssumeRoleResult>planted-secret</AssumeRoleResult></AssumeRoleResponse>"
    yield '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'
    for part in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "Credentials"):
        yield without(part, reply())
    yield reply().replace("planted-token", "")
    for expiry in ("planted-secret", "", "0001-01-01T00:00:00+23:59"):
        yield reply().replace("2030-01-02T03:04:05Z", expiry)


def test_assume_role_refuses_what_is_no_whole_reply_of_sts_and_repeats_nothing_of_it() -> None:
    wrong = []
    with ScriptedServer(lambda seen: Reply()) as server, sts_at(server.url):
        for body in nonsense():
            server.answer = lambda seen, body=body: Reply(body=body)  # type: ignore[misc]
            try:
                assume()
            except AwsUnavailable as error:
                shown = error.admin_message + "".join(traceback.format_exception(error))
                if error.code == "aws.bad_reply" and "planted" not in shown:
                    continue
            wrong.append(body[:200])

    assert wrong == []


def reply(action: str = "AssumeRole") -> str:
    return f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <{action}Result>
    <Credentials>
      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>
      <SecretAccessKey>planted-secret</SecretAccessKey>
      <SessionToken>planted-token</SessionToken>
      <Expiration>2030-01-02T03:04:05Z</Expiration>
    </Credentials>
    <AssumedRoleUser>
      <AssumedRoleId>AROAEXAMPLE:alice</AssumedRoleId>
      <Arn>arn:aws:sts::123456789012:assumed-role/Developer/alice</Arn>
    </AssumedRoleUser>
    <PackedPolicySize>6</PackedPolicySize>
  </{action}Result>
  <ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata>
</{action}Response>"""


def without(name: str, body: str) -> str:
    before, _, rest = body.partition(f"<{name}>")
    return before + rest.partition(f"</{name}>")[2]
