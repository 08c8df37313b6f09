"""Assuming roles: our own checks, the wire, and replies that are not what they should be."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from accounts.aws import clients, sts
from accounts.errors import AwsRefused, AwsUnavailable, InvalidRequest
from accounts.types import Credentials
from tests.emulators import Reply, ScriptedServer, sts_at

ARN = "arn:aws:iam::123456789012:role/gatehouse/Developer"


def assume(
    *,
    role_arn: str = ARN,
    session_name: str = "alice@northwind.example",
    duration: int = 3600,
    external_id: str = "",
    region: str = "",
    tags: dict[str, str] | None = None,
) -> Credentials:
    return sts.assume_role(
        role_arn=role_arn,
        session_name=session_name,
        duration=duration,
        external_id=external_id,
        region=region,
        tags=tags or {},
    )


@pytest.fixture
def silent_sts() -> Iterator[None]:
    """An STS that must not be asked."""
    with ScriptedServer(lambda seen: Reply(500)) as server, sts_at(server.url):
        yield
    assert server.seen == []


@pytest.mark.usefixtures("silent_sts")
@pytest.mark.parametrize("duration", [-1, 0, 1, 899, 43201, 999999])
def test_assume_role_refuses_a_duration_out_of_bounds(duration: int) -> None:
    with pytest.raises(InvalidRequest) as refused:
        assume(duration=duration)

    assert refused.value.code == "request.duration"


@pytest.mark.usefixtures("silent_sts")
@pytest.mark.parametrize(
    "name", ["", "a", "a" * 65, "élise@northwind.example", "two words", "a/b", "alice\n", "a:b"]
)
def test_assume_role_refuses_a_session_name_that_aws_would(name: str) -> None:
    with pytest.raises(AwsRefused) as refused:
        assume(session_name=name)

    assert refused.value.code == "aws.validation"


@pytest.mark.usefixtures("silent_sts")
@pytest.mark.parametrize("external_id", ["x", "two words", "é" * 4, "a" * 1225, "id\n"])
def test_assume_role_refuses_an_external_id_that_aws_would(external_id: str) -> None:
    with pytest.raises(AwsRefused) as refused:
        assume(external_id=external_id)

    assert refused.value.code == "aws.validation"


@pytest.mark.usefixtures("silent_sts")
def test_assume_role_refuses_what_is_no_arn() -> None:
    with pytest.raises(InvalidRequest):
        assume(role_arn="arn:aws:iam::123456789012:user/alice")


@pytest.mark.usefixtures("silent_sts")
@pytest.mark.parametrize(
    "tags",
    [
        {"aws:project": "payments"},
        {"project": "a,b"},
        {"Project": "a", "project": "b"},
        {str(number): "" for number in range(51)},
    ],
)
def test_assume_role_refuses_session_tags_that_aws_would(tags: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        assume(tags=tags)

    assert refused.value.code == "request.tags"


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
        packed_policy_size=6,
        request_id="request-1",
    )


@pytest.mark.parametrize("expiry", ["2030-01-02T03:04:05", "2030-01-02T05:04:05+02:00"])
def test_assume_role_reads_every_way_of_writing_a_time_as_utc(expiry: str) -> None:
    body = reply().replace("2030-01-02T03:04:05Z", expiry)
    with ScriptedServer(lambda seen: Reply(body=body)) as server, sts_at(server.url):
        keys = assume()

    assert keys.expires_at == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_assume_role_does_without_what_only_informs() -> None:
    body = reply()
    for name in ("PackedPolicySize", "AssumedRoleUser", "RequestId"):
        body = without(name, body)
    with ScriptedServer(lambda seen: Reply(body=body)) as server, sts_at(server.url):
        keys = assume()

    assert (keys.packed_policy_size, keys.assumed_role_arn, keys.request_id) == (None, "", "")


@pytest.mark.parametrize(
    "missing", ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "Credentials"]
)
def test_assume_role_refuses_keys_with_a_part_missing(missing: str) -> None:
    body = without(missing, reply())

    _assert_makes_no_sense(body)


# Eight steps of ten: 8 GB, were it let grow.
_STEPS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
GROWING = f'<!DOCTYPE a [<!ENTITY e0 "{"planted-secret" * 6}">{_STEPS}]><a>&e8;</a>'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><body>planted-secret: sign in to the guest network</body></html>",
        '{"SecretAccessKey": "planted-secret"}',
        "<AssumeRoleResponse>planted-secret",
        "<AssumeRoleResponse>planted-secret</AssumeRoleResponse>",
        "<AssumeRoleResponse><AssumeRoleResult>planted-secret</AssumeRoleResult></AssumeRoleResponse>",
        GROWING,
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        "planted-secret" * 20_000,
    ],
    ids=lambda body: body[:20],
)
def test_assume_role_refuses_what_is_no_reply_of_sts(body: str) -> None:
    _assert_makes_no_sense(body)


@pytest.mark.parametrize("expiry", ["planted-secret", "", "0001-01-01T00:00:00+23:59"])
def test_assume_role_refuses_an_expiry_that_is_no_time(expiry: str) -> None:
    _assert_makes_no_sense(reply().replace("2030-01-02T03:04:05Z", expiry))


def test_assume_role_refuses_a_size_that_is_no_number() -> None:
    _assert_makes_no_sense(reply().replace(">6<", ">planted-secret<"))


def _assert_makes_no_sense(body: str) -> None:
    with (
        ScriptedServer(lambda seen: Reply(body=body)) as server,
        sts_at(server.url),
        pytest.raises(AwsUnavailable) as refused,
    ):
        assume()

    assert refused.value.code == "aws.bad_reply"
    assert "planted" not in refused.value.admin_message
    assert "planted" not in "".join(traceback.format_exception(refused.value))


def test_assume_role_keeps_its_connection(sts_endpoint: str) -> None:
    assume()
    client = clients.sts()

    assume()

    assert clients.sts() is client
    assert client.meta.endpoint_url == sts_endpoint


def reply() -> str:
    return """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
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
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata>
</AssumeRoleResponse>"""


def without(name: str, body: str) -> str:
    before, _, rest = body.partition(f"<{name}>")
    return before + rest.partition(f"</{name}>")[2]
