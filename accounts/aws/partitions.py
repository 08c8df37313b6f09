"""AWS partitions: each has a console, sign-in hosts and regions of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from botocore import loaders

from accounts.errors import AwsRefused
from accounts.messages import Message

# What some consoles say instead of a region.
GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition: `sign_in` is the origin of its federation endpoint, `console` its console's domain.

    `sign_in_after_sign_out` is the origin whose sign-out goes on to a sign-in; "" where none is known.
    `regional_console` is for a console that has a host for each region, and none without.
    """

    name: str
    sign_in: str
    console: str
    default_region: str
    regions: re.Pattern[str]
    sign_in_after_sign_out: str = ""
    regional_console: bool = False

    def has_region(self, region: str) -> bool:
        """Whether a region is one of this partition's, by its name: new regions need no release."""
        return self.regions.fullmatch(region) is not None

    def has_console(self, host: str) -> bool:
        """Whether a lower-case host name is the console's or below it."""
        return host == self.console or host.endswith("." + self.console)

    def described_regions(self) -> dict[str, str]:
        """Return the regions that are known today and what they are called: "Europe (Ireland)"."""
        return {
            region: name
            for region, name in sorted(_described().get(self.name, {}).items())
            if self.has_region(region)
        }

    def choose_region(self, *regions: str) -> str:
        """Return the first of these regions that is this partition's, else the default region."""
        return next(filter(self.has_region, regions), self.default_region)

    def console_home(self, region: str = "") -> str:
        """Return the console's home; in the default region where the given one is not of this partition."""
        region = self.choose_region(region)
        host = f"{region}.{self.console}" if self.regional_console else self.console
        return f"https://{host}/console/home?region={region}"


# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html;
# the patterns are those of botocore's data/partitions.json, whose order does not matter here:
# none of them matches a region of another.
PARTITIONS = {
    partition.name: partition
    for partition in (
        Partition(
            name="aws",
            sign_in="https://signin.aws.amazon.com",
            console="console.aws.amazon.com",
            default_region="us-east-1",
            regions=re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-[0-9]{1,2}"),
            sign_in_after_sign_out="https://us-east-1.signin.aws.amazon.com",
        ),
        Partition(
            name="aws-us-gov",
            sign_in="https://signin.amazonaws-us-gov.com",
            console="console.amazonaws-us-gov.com",
            default_region="us-gov-west-1",
            regions=re.compile(r"us-gov-[a-z]+-[0-9]{1,2}"),
        ),
        Partition(
            name="aws-cn",
            sign_in="https://signin.amazonaws.cn",
            console="console.amazonaws.cn",
            default_region="cn-north-1",
            regions=re.compile(r"cn-[a-z]+-[0-9]{1,2}"),
        ),
        # The hosts: https://docs.aws.eu/general/latest/gr/endpoints.html. With a second region
        # `sign_in` will depend on the account's.
        Partition(
            name="aws-eusc",
            sign_in="https://eusc-de-east-1.signin.amazonaws-eusc.eu",
            console="console.amazonaws-eusc.eu",
            default_region="eusc-de-east-1",
            regions=re.compile(r"eusc-de-[a-z]+-[0-9]{1,2}"),
            regional_console=True,
        ),
    )
}


@cache
def _described() -> dict[str, dict[str, str]]:
    """Return, by partition and region, what botocore calls the region."""
    partitions = loaders.create_loader().load_data("partitions")["partitions"]
    return {
        partition["id"]: {
            region: facts["description"] for region, facts in partition["regions"].items()
        }
        for partition in partitions
    }


def find(name: str) -> Partition:
    """Return a partition by its name.

    Raises:
        AwsRefused: the portal does not know it.
    """
    if (partition := PARTITIONS.get(name)) is None:
        raise AwsRefused(
            Message(
                "This portal does not know the part of AWS that this account is in. Contact your portal admins."
            ),
            f"unknown partition {name!r}; known are {', '.join(PARTITIONS)}",
            code="aws.partition",
        )
    return partition
