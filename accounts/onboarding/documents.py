"""What is asked for, and the files that answer it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from accounts.aws import limits, partitions
from accounts.errors import InvalidRequest

_UNIT = re.compile(r"r-[a-z0-9]{4,32}|ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}")


class Form(StrEnum):
    """How an account is set up."""

    CLOUDFORMATION = "cloudformation"
    STACK_SET = "stack-set"
    TERRAFORM = "terraform"
    AWS_CLI = "aws-cli"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the files are to be. Those from `organizational_units` on are for a StackSet only.

    `reuse_provider`: the accounts have the issuer's provider already. `context_provider`: only for AWS CLI
    commands, not proven: claims of the portal's tokens become keys of policies. `organizational_units`: ids of
    units or of the root. `region`: where stacks are, "" for the partition's default.
    """

    form: Form
    reuse_provider: bool = False
    context_provider: bool = False
    organizational_units: tuple[str, ...] = ()
    delegated_admin: bool = False
    management_account: str = ""
    region: str = ""

    def check(self, partition: str) -> None:
        """Refuse what does not fit together, or not to a partition.

        Raises:
            InvalidRequest: the message says what to do.
        """
        if self.context_provider and self.form is not Form.AWS_CLI:
            raise InvalidRequest(
                "A context provider can be written as AWS CLI commands only.",
                code="onboarding.context_provider",
            )
        if self.region and not partitions.find(partition).has_region(self.region):
            raise InvalidRequest(
                f"{self.region!a:.40} is no region of the partition {partition}.",
                code="onboarding.region",
            )
        if self.form is not Form.STACK_SET:
            return
        for unit in self.organizational_units:
            if not _UNIT.fullmatch(unit):
                raise InvalidRequest(
                    f"{unit!a:.80} is no id of an organizational unit (ou-abcd-12345678) or root (r-abcd).",
                    code="onboarding.organizational_unit",
                )
        if self.management_account and not re.fullmatch(limits.ACCOUNT_ID, self.management_account):
            raise InvalidRequest(
                "The management account is an account id of 12 digits.",
                code="onboarding.management_account",
            )


@dataclass(frozen=True, slots=True)
class Document:
    """A file: its path below the folder that all are written to, and its text."""

    path: str
    text: str
