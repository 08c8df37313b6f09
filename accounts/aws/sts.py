"""Temporary keys from AWS's Security Token Service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from accounts.aws import clients, limits, session_tags
from accounts.aws.arn import parse_role_arn
from accounts.errors import AwsRefused, InvalidRequest
from accounts.types import Credentials

if TYPE_CHECKING:
    from mypy_boto3_sts.type_defs import AssumeRoleRequestTypeDef

_NONE: Mapping[str, str] = MappingProxyType({})


def assume_role(
    *,
    role_arn: str,
    session_name: str,
    duration: int,
    external_id: str = "",
    region: str = "",
    tags: Mapping[str, str] = _NONE,
) -> Credentials:
    """Return keys for a role, assumed by the hub: the portal's own principal in AWS.

    `duration` is in seconds; `region` is where STS is asked, "" where the hub is. `tags` are session
    tags: with any, the role's trust policy must allow sts:TagSession too.

    Raises:
        InvalidRequest: the duration, the ARN or a tag cannot be.
        SessionTooLong: AWS does not give a session this long.
        AwsRefused: AWS, or the hub's configuration, said no.
        AwsUnavailable: AWS could not be reached in time, or is throttling.
    """
    _check(role_arn, session_name, duration, external_id)
    session_tags.check(tags)
    request: AssumeRoleRequestTypeDef = {
        "RoleArn": role_arn,
        "RoleSessionName": session_name,
        "DurationSeconds": duration,
    }
    if external_id:
        request["ExternalId"] = external_id
    if tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return clients.caller(region).assume_role(request)


def _check(role_arn: str, session_name: str, duration: int, external_id: str) -> None:
    parse_role_arn(role_arn)
    if not limits.SHORTEST_SESSION <= duration <= limits.LONGEST_SESSION:
        raise InvalidRequest(
            "A session lasts from 15 minutes to 12 hours. Choose a duration in between.",
            f"duration {duration} is not within {limits.SHORTEST_SESSION}..{limits.LONGEST_SESSION}",
            code="request.duration",
        )
    # botocore checks lengths from below only, and its \w would let é through, which AWS does not.
    if not re.fullmatch(limits.SESSION_NAME, session_name):
        raise _mistake("a role session name is 2 to 64 ASCII letters, digits and _+=,.@-")
    if external_id and not re.fullmatch(limits.EXTERNAL_ID, external_id):
        raise _mistake(
            "the account's external id is not 2 to 1224 ASCII letters, digits and _+=,.@:/-"
        )


def _mistake(rule: str) -> AwsRefused:
    return AwsRefused(
        "This account is not set up as AWS needs it. Tell the people who run the portal.",
        rule,
        code="aws.validation",
    )
