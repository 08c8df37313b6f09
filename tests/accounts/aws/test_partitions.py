"""Partitions: each knows its own regions and console, and nobody else's."""

from __future__ import annotations

import pytest

from accounts.aws import partitions
from accounts.errors import AwsRefused

REGIONS = {
    "aws": ["us-east-1", "eu-west-1", "ap-southeast-7", "il-central-1", "mx-central-1"],
    "aws-us-gov": ["us-gov-west-1", "us-gov-east-1"],
    "aws-cn": ["cn-north-1", "cn-northwest-1"],
}


def test_find_refuses_an_unknown_partition() -> None:
    with pytest.raises(AwsRefused) as refused:
        partitions.find("aws-iso")

    assert refused.value.code == "aws.partition"
    assert "'aws-iso'" in refused.value.admin_message


@pytest.mark.parametrize("region", ["us-iso-east-1", "eusc-de-east-1", "eu-west", "EU-WEST-1", ""])
@pytest.mark.parametrize("name", REGIONS)
def test_partition_does_not_have_foreign_and_broken_regions(name: str, region: str) -> None:
    assert not partitions.find(name).has_region(region)


@pytest.mark.parametrize("name", REGIONS)
def test_partition_has_its_own_regions_only(name: str) -> None:
    partition = partitions.find(name)

    for owner, regions in REGIONS.items():
        for region in regions:
            assert partition.has_region(region) is (owner == name), region


@pytest.mark.parametrize(
    ("name", "region", "home"),
    [
        ("aws", "cn-north-1", "https://console.aws.amazon.com/console/home?region=us-east-1"),
        ("aws", "", "https://console.aws.amazon.com/console/home?region=us-east-1"),
        ("aws", "eu-west-1", "https://console.aws.amazon.com/console/home?region=eu-west-1"),
        (
            "aws-us-gov",
            "us-gov-east-1",
            "https://console.amazonaws-us-gov.com/console/home?region=us-gov-east-1",
        ),
        ("aws-cn", "", "https://console.amazonaws.cn/console/home?region=cn-north-1"),
    ],
)
def test_console_home_is_in_a_region_of_the_partition(name: str, region: str, home: str) -> None:
    assert partitions.find(name).console_home(region) == home


@pytest.mark.parametrize("name", REGIONS)
def test_described_regions_are_the_partitions_own_with_a_name_for_people(name: str) -> None:
    partition = partitions.find(name)

    described = partition.described_regions()

    assert partition.default_region in described
    assert all(map(partition.has_region, described))
    assert all(described.values())


def test_region_is_described_as_people_know_it() -> None:
    assert partitions.find("aws").described_regions()["eu-west-1"] == "Europe (Ireland)"
