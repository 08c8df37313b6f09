"""The hub of each partition: AWS lets no principal of one partition assume a role in another.

The hub of boto3's own chain is in the partition of its region (AWS_REGION). Other partitions need a profile
each, in boto3's files: settings name it (AWS_HUB_PROFILE_AWS_US_GOV, ...).
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from accounts.aws import clients, partitions
from accounts.errors import AwsRefused
from accounts.messages import Message


@dataclass(frozen=True, slots=True)
class Hub:
    """The portal's own principal in a partition: its profile, "" for boto3's chain, and where STS is asked."""

    profile: str = ""
    region: str = ""
    by_web_identity: bool = False
    """Whether the hub of boto3's chain is in another partition, and AWS's word for it is what opens roles here."""


def variable(partition: str) -> str:
    """Return the name of the variable that names the profile of a partition's hub."""
    return f"AWS_HUB_PROFILE_{partition.upper().replace('-', '_')}"


def principal_variable(partition: str) -> str:
    """Return the name of the variable that has the ARN of a partition's hub, which accounts' roles trust."""
    return f"AWS_HUB_PRINCIPAL_{partition.upper().replace('-', '_')}"


def find(
    partition: str, *, profiles: Mapping[str, str], by_web_identity: Collection[str] = ()
) -> Hub:
    """Return the hub of a partition; `profiles` has the profile of each partition that has its own.

    `by_web_identity` names partitions without one, whose accounts trust the tokens by which AWS vouches for the
    hub of boto3's chain (outbound identity federation).

    Raises:
        AwsRefused: the partition is unknown or has no hub, or the profile of its hub is not there.
    """
    target = partitions.find(partition)
    if profile := profiles.get(partition, ""):
        region = clients.hub_region(profile=profile)
        return Hub(profile, region if target.has_region(region) else target.default_region)
    region = clients.hub_region()
    own = [each.name for each in partitions.PARTITIONS.values() if each.has_region(region)]
    # Without a region, or with one of no partition, AWS is asked, and says what is wrong.
    if own and partition not in own:
        if partition in by_web_identity:
            return Hub(by_web_identity=True)
        raise AwsRefused(
            Message(
                "This portal cannot get keys for this account: it has no access to the part "
                "of AWS that the account is in (%(partition)s). Nothing was issued. Contact "
                "your portal admins.",
                partition=partition,
            ),
            f"the portal's own AWS principal is in the partition {own[0]}, by its region {region}, and cannot "
            f"assume a role in {partition}: set {variable(partition)} to a profile with keys of that partition, "
            f"or have AWS vouch for the portal there: AWS_WEB_IDENTITY_PARTITIONS={partition}",
            code="aws.partition_without_hub",
        )
    return Hub()
