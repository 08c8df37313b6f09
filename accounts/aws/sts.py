"""Temporary keys from AWS's Security Token Service."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from accounts.aws import clients, errors, failures, limits, session_tags
from accounts.aws.arn import parse_role_arn
from accounts.errors import AwsRefused, AwsUnavailable, InvalidRequest
from accounts.messages import Message
from accounts.types import Credentials

if TYPE_CHECKING:
    from mypy_boto3_sts.type_defs import (
        AssumeRoleRequestTypeDef,
        AssumeRoleResponseTypeDef,
        AssumeRoleWithWebIdentityRequestTypeDef,
        AssumeRoleWithWebIdentityResponseTypeDef,
    )

_NONE: Mapping[str, str] = MappingProxyType({})

# Seconds before the second try where AWS could not fetch the keys of a token's issuer. AWS gives an issuer 5
# seconds: only failures that come soon are tried again, so that both tries end within the bulkhead's deadline.
_PAUSE, _SOON = 0.5, 3.0

# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html: seconds.
_OUTBOUND_TOKEN_LIFETIME = 60


def assume_role(
    *,
    role_arn: str,
    session_name: str,
    duration: int,
    external_id: str = "",
    region: str = "",
    profile: str = "",
    tags: Mapping[str, str] = _NONE,
    transitive_tags: Sequence[str] = (),
    source_identity: str = "",
    policy: str = "",
    policy_arns: Sequence[str] = (),
) -> Credentials:
    """Return keys for a role, assumed by the hub: the portal's own principal in AWS.

    `duration` is in seconds; `region` is where STS is asked, "" where the hub is; `profile` is the hub's in
    boto3's files, "" for the hub of boto3's own chain. `tags` are session tags, `transitive_tags` the keys of
    those that stay in other roles: with any, the role's trust policy must allow sts:TagSession too, and with a
    source identity sts:SetSourceIdentity. `policy` (JSON) and `policy_arns` narrow what the session may do.

    Raises:
        InvalidRequest: the duration, the ARN or a tag cannot be.
        SessionTooLong: AWS does not give a session this long.
        AwsRefused: AWS, or the hub's configuration, said no.
        AwsUnavailable: AWS could not be reached in time, or is throttling.
    """
    _check(role_arn, session_name, duration, external_id)
    session_tags.check(tags)
    _check_policies(policy, policy_arns)
    if source_identity and not re.fullmatch(limits.SOURCE_IDENTITY, source_identity):
        raise _mistake(
            "a source identity is 2 to 64 ASCII letters, digits and _+=,.@-, and does not begin with aws:"
        )
    request: AssumeRoleRequestTypeDef = {
        "RoleArn": role_arn,
        "RoleSessionName": session_name,
        "DurationSeconds": duration,
    }
    if external_id:
        request["ExternalId"] = external_id
    if tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    if transitive_tags:
        request["TransitiveTagKeys"] = transitive_tags
    if source_identity:
        request["SourceIdentity"] = source_identity
    if policy:
        request["Policy"] = policy
    if policy_arns:
        request["PolicyArns"] = [{"arn": arn} for arn in policy_arns]
    return clients.call(partial(_ask, request, region, profile))


def assume_role_with_web_identity(
    *,
    role_arn: str,
    session_name: str,
    duration: int,
    token: str,
    region: str,
    policy: str = "",
    policy_arns: Sequence[str] = (),
) -> Credentials:
    """Return keys for a role, assumed by a web identity token (a signed JWT): the portal needs no AWS keys for it.

    `duration` is in seconds; `region` is where STS is asked. `policy` (JSON) and `policy_arns` narrow what the
    session may do. Session tags and the source identity are claims of the token.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html

    Raises:
        InvalidRequest: the duration or the ARN cannot be.
        SessionTooLong: AWS does not give a session this long.
        AwsRefused: AWS said no; `aws.expired_token` if only a newer token is needed.
        AwsUnavailable: AWS, or the issuer of the token, could not be reached in time, or AWS is throttling.
    """
    _check(role_arn, session_name, duration, external_id="")
    _check_policies(policy, policy_arns)
    if not limits.SHORTEST_WEB_IDENTITY_TOKEN <= len(token) <= limits.LONGEST_WEB_IDENTITY_TOKEN:
        raise errors.TOKEN_TOO_LONG.error(f"it has {len(token)} characters")
    request: AssumeRoleWithWebIdentityRequestTypeDef = {
        "RoleArn": role_arn,
        "RoleSessionName": session_name,
        "DurationSeconds": duration,
        "WebIdentityToken": token,
    }
    if policy:
        request["Policy"] = policy
    if policy_arns:
        request["PolicyArns"] = [{"arn": arn} for arn in policy_arns]
    return clients.call(partial(_ask_patiently, request, region))


def web_identity_token(*, audience: str, region: str = "", profile: str = "") -> str:
    """Return a token by which AWS vouches for the hub, for partitions that the hub cannot reach. It lasts a minute.

    `region` and `profile` as in `assume_role`.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html

    Raises:
        AwsRefused: AWS, or the hub's configuration, said no.
        AwsUnavailable: AWS could not be reached in time, or is throttling.
    """
    return clients.call(partial(_ask_for_token, audience, region, profile))


def _ask_patiently(request: AssumeRoleWithWebIdentityRequestTypeDef, region: str) -> Credentials:
    """Ask once more where AWS could not fetch the keys of the token's issuer, which often passes at once."""
    began = time.monotonic()
    try:
        return _ask_with_token(request, region)
    except AwsUnavailable as error:
        late = time.monotonic() > began + _SOON
        if late or error.code != errors.PROVIDER_UNREACHABLE.code:
            raise
    time.sleep(_PAUSE)
    return _ask_with_token(request, region)


def _ask_with_token(request: AssumeRoleWithWebIdentityRequestTypeDef, region: str) -> Credentials:
    client = clients.unsigned_sts(region)
    with _whole_replies(), failures.translated():
        return _credentials(client.assume_role_with_web_identity(**request))


def _ask_for_token(audience: str, region: str, profile: str) -> str:
    client = clients.sts(region, profile=profile)
    with _whole_replies(), failures.translated():
        reply = client.get_web_identity_token(
            Audience=[audience],
            SigningAlgorithm="RS256",
            DurationSeconds=_OUTBOUND_TOKEN_LIFETIME,
        )
        return _filled(reply["WebIdentityToken"])


def _ask(request: AssumeRoleRequestTypeDef, region: str, profile: str) -> Credentials:
    client = clients.sts(region, profile=profile)
    with _whole_replies(), failures.translated():
        return _credentials(client.assume_role(**request))


@contextmanager
def _whole_replies() -> Iterator[None]:
    """Refuse what is no answer of STS, or one in part."""
    try:
        yield
    except (ValueError, LookupError, OverflowError) as error:
        # The text may quote keys.
        raise errors.BAD_REPLY.error(type(error).__name__) from None


def _credentials(
    reply: AssumeRoleResponseTypeDef | AssumeRoleWithWebIdentityResponseTypeDef,
) -> Credentials:
    keys = reply["Credentials"]
    return Credentials(
        access_key_id=_filled(keys["AccessKeyId"]),
        secret_access_key=_filled(keys["SecretAccessKey"]),
        session_token=_filled(keys["SessionToken"]),
        expires_at=_in_utc(keys["Expiration"]),
        assumed_role_arn=reply.get("AssumedRoleUser", {}).get("Arn", ""),
        request_id=reply["ResponseMetadata"].get("RequestId", ""),
        packed_policy_size=reply.get("PackedPolicySize"),
        token_utilization=reply.get("SessionTokenUtilization"),
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
            Message("A session lasts from 15 minutes to 12 hours. Choose a duration in between."),
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


def _check_policies(policy: str, policy_arns: Sequence[str]) -> None:
    size = len(policy) + sum(map(len, policy_arns))
    if size > limits.LONGEST_POLICIES or len(policy_arns) > limits.MOST_POLICY_ARNS:
        raise _mistake(
            f"session policies have at most {limits.LONGEST_POLICIES} characters, ARNs included, and "
            f"{limits.MOST_POLICY_ARNS} ARNs; these have {size} and {len(policy_arns)}"
        )


def _mistake(rule: str) -> AwsRefused:
    return AwsRefused(
        Message("This account is not set up correctly. Contact your portal admins."),
        rule,
        code="aws.validation",
    )
