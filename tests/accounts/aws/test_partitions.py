"""Partitions: each knows its own regions and console, and nobody else's."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest
from botocore import loaders

from accounts.aws import partitions
from accounts.errors import AwsRefused
from portal.pages import form_action

REGIONS = {
    "aws": ["us-east-1", "eu-west-1", "ap-southeast-7", "il-central-1", "mx-central-1"],
    "aws-us-gov": ["us-gov-west-1", "us-gov-east-1"],
    "aws-cn": ["cn-north-1", "cn-northwest-1"],
    "aws-eusc": ["eusc-de-east-1"],
}
NOWHERE = ["us-iso-east-1", "eu-west", "EU-WEST-1", "eusc-de-east", ""]


def test_find_refuses_an_unknown_partition() -> None:
    with pytest.raises(AwsRefused) as refused:
        partitions.find("aws-iso")

    assert refused.value.code == "aws.partition"
    assert "'aws-iso'" in refused.value.admin_message


def test_partition_has_its_own_regions_only() -> None:
    every = [region for regions in REGIONS.values() for region in regions] + NOWHERE

    assert set(REGIONS) == set(partitions.PARTITIONS)
    for name, regions in REGIONS.items():
        partition = partitions.find(name)
        assert [region for region in every if partition.has_region(region)] == regions


def test_every_region_that_botocore_knows_belongs_to_its_partition() -> None:
    known = loaders.create_loader().load_data("partitions")["partitions"]

    for partition in known:
        owners = {
            region: [
                name for name, each in partitions.PARTITIONS.items() if each.has_region(region)
            ]
            for region in partition["regions"]
            if not region.endswith("-global")
        }
        expected = [partition["id"]] if partition["id"] in REGIONS else []
        assert set(map(tuple, owners.values())) <= {tuple(expected)}, owners


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
        (
            "aws-eusc",
            "eu-west-1",
            "https://eusc-de-east-1.console.amazonaws-eusc.eu/console/home?region=eusc-de-east-1",
        ),
    ],
)
def test_console_home_is_in_a_region_of_the_partition(name: str, region: str, home: str) -> None:
    assert partitions.find(name).console_home(region) == home


def test_forms_of_the_portal_may_lead_to_each_partitions_sign_in_and_console() -> None:
    for partition in partitions.PARTITIONS.values():
        for url in (partition.sign_in, f"https://{partition.console}"):
            assert any(fnmatch(url, source) for source in form_action.AWS), url


def test_described_regions_are_the_partitions_own_with_a_name_for_people() -> None:
    for partition in partitions.PARTITIONS.values():
        described = partition.described_regions()

        assert partition.default_region in described
        assert all(map(partition.has_region, described))
        assert all(described.values())
    assert partitions.find("aws").described_regions()["eu-west-1"] == "Europe (Ireland)"
