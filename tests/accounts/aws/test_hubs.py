"""Hubs: one for each partition, since AWS lets no principal assume a role of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.aws import clients, hubs, sts
from accounts.aws.hubs import Hub
from accounts.errors import AwsRefused, GatehouseError
from tests.emulators import Reply, ScriptedServer, aws_environment

FILES = """
[profile china]
region = cn-northwest-1
aws_access_key_id = AKIACHINACHINACHINAX
aws_secret_access_key = for an emulator

[profile misplaced]
region = eu-west-1
aws_access_key_id = AKIACHINACHINACHINAX
aws_secret_access_key = for an emulator
"""


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws-cn"), ("us-gov-west-1", "aws"), ("eu-central-1", "aws-eusc")],
)
def test_partition_without_a_hub_is_refused_and_the_admin_told_what_to_set(
    region: str, partition: str
) -> None:
    with aws_environment(AWS_REGION=region), pytest.raises(AwsRefused) as refused:
        hubs.find(partition, profiles={})

    assert refused.value.code == "aws.partition_without_hub"
    assert hubs.variable(partition) in refused.value.admin_message
    assert f"({partition}). Nothing was issued." in refused.value.user_message


def test_hub_that_aws_vouches_for_is_only_for_other_partitions_than_its_own() -> None:
    vouched = ("aws", "aws-cn")
    with aws_environment(AWS_REGION="eu-west-1"):
        assert hubs.find("aws", profiles={}, by_web_identity=vouched) == Hub()
        assert hubs.find("aws-cn", profiles={}, by_web_identity=vouched) == Hub(
            by_web_identity=True
        )
        with pytest.raises(AwsRefused, match="AWS_WEB_IDENTITY_PARTITIONS=aws-us-gov"):
            hubs.find("aws-us-gov", profiles={}, by_web_identity=vouched)


def test_hub_of_the_chain_serves_the_partition_of_its_region() -> None:
    for region, partition in (("eu-west-1", "aws"), ("cn-north-1", "aws-cn")):
        with aws_environment(AWS_REGION=region):
            assert hubs.find(partition, profiles={}) == Hub()


def test_hub_of_a_profile_is_asked_in_its_own_region_else_the_partitions(tmp_path: Path) -> None:
    files = tmp_path / "config"
    files.write_text(FILES)
    with aws_environment(AWS_CONFIG_FILE=str(files)):
        own = hubs.find("aws-cn", profiles={"aws-cn": "china"})
        other = hubs.find("aws-cn", profiles={"aws-cn": "misplaced"})
        with pytest.raises(AwsRefused, match="ProfileNotFound"):
            hubs.find("aws-cn", profiles={"aws-cn": "nowhere"})

    assert own == Hub("china", "cn-northwest-1")
    assert other == Hub("misplaced", "cn-north-1")


def test_hub_of_a_profile_asks_with_its_own_keys(tmp_path: Path) -> None:
    files = tmp_path / "config"
    files.write_text(FILES)
    with (
        ScriptedServer(lambda seen: Reply(status=403)) as server,
        aws_environment(AWS_CONFIG_FILE=str(files), AWS_ENDPOINT_URL_STS=server.url),
    ):
        hub = hubs.find("aws-cn", profiles={"aws-cn": "china"})
        with pytest.raises(GatehouseError):
            sts.assume_role(
                role_arn="arn:aws-cn:iam::123456789012:role/Developer",
                session_name="alice",
                duration=900,
                region=hub.region,
                profile=hub.profile,
            )
        assert not clients.hub_is_chained(profile="china")

    signed = server.seen[0].headers["authorization"]
    assert "Credential=AKIACHINACHINACHINAX/" in signed
    assert "/cn-northwest-1/sts/" in signed
