"""The ARN of an IAM role, parsed and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from accounts.aws.limits import (
    ACCOUNT_ID,
    IAM_PATH,
    LONGEST_IAM_PATH,
    LONGEST_ROLE_ARN,
    PARTITION,
    ROLE_NAME,
    SHORTEST_ROLE_ARN,
)
from accounts.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class RoleArn:
    """An IAM role: `path` begins and ends with a slash."""

    partition: str
    account_id: str
    path: str
    name: str

    def __str__(self) -> str:
        """The ARN as AWS writes it."""
        return f"arn:{self.partition}:iam::{self.account_id}:role{self.path}{self.name}"


def parse_role_arn(text: str) -> RoleArn:
    """Return the role an ARN names.

    Raises:
        InvalidRequest: this is no ARN of a role; the message says why.
    """
    if not SHORTEST_ROLE_ARN <= len(text) <= LONGEST_ROLE_ARN:
        raise _invalid(
            f"an ARN has {SHORTEST_ROLE_ARN} to {LONGEST_ROLE_ARN} characters, this has {len(text)}"
        )
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise _invalid("an ARN looks like arn:aws:iam::123456789012:role/Name")
    _, partition, service, region, account_id, resource = parts
    if not re.fullmatch(PARTITION, partition):
        raise _invalid("the second part is not a partition such as aws, aws-us-gov or aws-cn")
    if service != "iam" or region:
        raise _invalid("the service of a role's ARN is iam, and it has no region")
    if not re.fullmatch(ACCOUNT_ID, account_id):
        raise _invalid("an account id has exactly 12 digits, leading zeros included")
    kind, slash, rest = resource.partition("/")
    if kind != "role" or not slash:
        raise _invalid("after the account id comes role/ and the name")
    path, _, name = f"/{rest}".rpartition("/")
    path += "/"
    if len(path) > LONGEST_IAM_PATH or not re.fullmatch(IAM_PATH, path):
        raise _invalid(
            f"a role's path has at most {LONGEST_IAM_PATH} printable ASCII characters between slashes"
        )
    if not re.fullmatch(ROLE_NAME, name):
        raise _invalid("a role's name is 1 to 64 letters, digits and _+=,.@-")
    return RoleArn(partition=partition, account_id=account_id, path=path, name=name)


def _invalid(rule: str) -> InvalidRequest:
    return InvalidRequest(f"This is not the ARN of a role: {rule}.", code="request.arn")
