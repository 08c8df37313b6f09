"""What AWS says of keys and of roles that exist: whose keys they are, and a role's trust policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from accounts.aws import clients, errors, failures
from accounts.aws.limits import DEFAULT_SESSION
from accounts.types import Credentials


@dataclass(frozen=True, slots=True)
class ExistingRole:
    """A role as it is in IAM. `longest_session` is its MaxSessionDuration, in seconds."""

    arn: str
    longest_session: int
    trust_policy: Any = field(repr=False)


def arn_of(keys: Credentials, *, region: str) -> str:
    """Return whose keys these are, asked of STS in a region. Every principal may ask this of itself.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

    Raises:
        AwsRefused: the keys do not work there.
        AwsUnavailable: AWS could not be reached in time, or is throttling.
    """
    return clients.call(partial(_arn_of, keys, region))


def arn_of_hub(*, region: str, profile: str) -> str:
    """Return the ARN of the portal's own principal; `region` and `profile` as in `accounts.aws.sts`.

    Raises:
        AwsRefused: the hub has no keys that work.
        AwsUnavailable: AWS could not be reached in time, or is throttling.
    """
    return clients.call(partial(_arn_of_hub, region, profile))


def find(name: str, *, keys: Credentials, region: str) -> ExistingRole | None:
    """Return a role of the account that the keys belong to; None if there is none of this name.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html

    Raises:
        AwsRefused: the keys may not read it.
        AwsUnavailable: AWS could not be reached in time, or is throttling.
    """
    return clients.call(partial(_find, name, keys, region))


def _arn_of(keys: Credentials, region: str) -> str:
    client = clients.with_keys("sts", keys=keys, region=region)
    with failures.translated():
        return str(client.get_caller_identity()["Arn"])


def _arn_of_hub(region: str, profile: str) -> str:
    client = clients.sts(region, profile=profile)
    with failures.translated():
        return client.get_caller_identity()["Arn"]


def _find(name: str, keys: Credentials, region: str) -> ExistingRole | None:
    client = clients.with_keys("iam", keys=keys, region=region)
    with failures.translated():
        try:
            role = client.get_role(RoleName=name)["Role"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchEntity":
                return None
            raise
    try:
        return ExistingRole(
            arn=str(role["Arn"]),
            # AWS gives a role an hour where nobody said anything.
            longest_session=int(role.get("MaxSessionDuration", DEFAULT_SESSION)),
            trust_policy=role.get("AssumeRolePolicyDocument"),
        )
    except (LookupError, TypeError, ValueError) as error:
        raise errors.BAD_REPLY.error(type(error).__name__) from None
