"""Temporary keys from AWS's Security Token Service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from accounts.aws import clients, errors, failures, limits, session_tags
from accounts.aws.arn import parse_role_arn
from accounts.errors import AwsRefused, InvalidRequest
from accounts.types import Credentials

if TYPE_CHECKING:
    from mypy_boto3_sts.type_defs import AssumeRoleRequestTypeDef, AssumeRoleResponseTypeDef

_NONE: Mapping[str, str] = MappingProxyType({})


def assume_role(
    *,
    role_arn: str,
    session_name: str,
    duration: int,
    external_id: str = "",
    region: str = "",
    profile: str = "",
    tags: Mapping[str, str] = _NONE,
) -> Credentials:
    """Return keys for a role, assumed by the hub: the portal's own principal in AWS.

    `duration` is in seconds; `region` is where STS is asked, "" where the hub is; `profile` is the hub's in
    boto3's files, "" for the hub of boto3's own chain. `tags` are session tags: with any, the role's trust
    policy must allow sts:TagSession too.

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
    return clients.call(partial(_ask, request, region, profile))


def _ask(request: AssumeRoleRequestTypeDef, region: str, profile: str) -> Credentials:
    client = clients.sts(region, profile=profile)
    try:
        with failures.translated():
            return _credentials(client.assume_role(**request))
    except (ValueError, LookupError, OverflowError) as error:
        # What answered is not STS, or answered in part. The text may quote keys.
        raise errors.BAD_REPLY.error(type(error).__name__) from None


def _credentials(reply: AssumeRoleResponseTypeDef) -> Credentials:
    keys = reply["Credentials"]
    return Credentials(
        access_key_id=_filled(keys["AccessKeyId"]),
        secret_access_key=_filled(keys["SecretAccessKey"]),
        session_token=_filled(keys["SessionToken"]),
        expires_at=_in_utc(keys["Expiration"]),
        assumed_role_arn=reply.get("AssumedRoleUser", {}).get("Arn", ""),
        request_id=reply["ResponseMetadata"].get("RequestId", ""),
    )


def _filled(text: str) -> str:
    if not text:
        raise ValueError("a part of the keys is empty")
    return text


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


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
        "This account is not set up correctly. Contact your portal admins.",
        rule,
        code="aws.validation",
    )
