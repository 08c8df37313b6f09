"""Read the keys that STS answers AssumeRole with, at a fifth of the time of botocore's parser.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_ResponseElements
"""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

from accounts.aws import meanings
from accounts.types import Credentials

# In whatever namespace.
_RESULT = "{*}AssumeRoleResult/{*}"
_KEYS = _RESULT + "Credentials/{*}"


def keys(body: bytes) -> Credentials:
    """Return the keys of a reply. What only informs may be missing.

    Raises:
        AwsUnavailable: this is no such reply, or not a whole one.
    """
    try:
        find = ElementTree.fromstring(body).findtext  # noqa: S314 - AWS's; expat bounds what entities grow to
        size = find(_RESULT + "PackedPolicySize")
        return Credentials(
            access_key_id=_there(find(_KEYS + "AccessKeyId")),
            secret_access_key=_there(find(_KEYS + "SecretAccessKey")),
            session_token=_there(find(_KEYS + "SessionToken")),
            expires_at=_in_utc(datetime.fromisoformat(_there(find(_KEYS + "Expiration")))),
            assumed_role_arn=find(_RESULT + "AssumedRoleUser/{*}Arn") or "",
            packed_policy_size=int(size) if size else None,
            request_id=find("{*}ResponseMetadata/{*}RequestId") or "",
        )
    except (ElementTree.ParseError, ValueError, OverflowError) as error:
        # The text may quote the reply.
        raise meanings.BAD_REPLY.told(type(error).__name__) from None


def _there(text: str | None) -> str:
    if not text:
        raise meanings.BAD_REPLY.told("the reply lacks keys or their expiry")
    return text


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
