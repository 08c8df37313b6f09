"""What CloudTrail has recorded of a session in one region, asked with keys of a role that may read it.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from accounts.aws import clients, errors, failures
from accounts.types import Credentials

KEPT = timedelta(days=90)
"""How long LookupEvents finds an event."""
MOST_EVENTS = 50
"""How many events AWS gives at once; further ones are not asked for."""
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudtrail:LookupEvents","Resource":"*"}]}'
"""A session policy for keys that may do nothing else."""


class LookUpBy(StrEnum):
    """What events are found by: the id of the keys that made the call, or the name of the session."""

    ACCESS_KEY_ID = "AccessKeyId"
    SESSION_NAME = "Username"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """A call of AWS's API as CloudTrail recorded it. Texts may be empty; what was sent with the call is left out.

    `service` is the event source, such as `s3.amazonaws.com`; `session_arn` is who made the call.
    """

    at: datetime
    event_id: str
    name: str
    service: str
    region: str
    ip: str
    user_agent: str
    error_code: str
    session_arn: str
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Events, newest first. `more`: there are further ones."""

    events: tuple[RecordedEvent, ...]
    more: bool


def look_up(
    by: LookUpBy,
    value: str,
    *,
    keys: Credentials,
    region: str,
    since: datetime,
    until: datetime,
) -> Found:
    """Return the newest management events of a region that CloudTrail has recorded from `since` to `until`.

    AWS answers two lookups a second for each account and region, and an event appears minutes after its call.

    Raises:
        AwsRefused: the keys may not read CloudTrail there.
        AwsUnavailable: AWS could not be reached in time, or is throttling.
    """
    return clients.call(partial(_look_up, by, value, keys, region, since, until))


def _look_up(
    by: LookUpBy, value: str, keys: Credentials, region: str, since: datetime, until: datetime
) -> Found:
    client = clients.with_keys("cloudtrail", keys=keys, region=region)
    with failures.translated():
        answer = client.lookup_events(
            LookupAttributes=[{"AttributeKey": by.value, "AttributeValue": value}],
            StartTime=since,
            EndTime=until,
            MaxResults=MOST_EVENTS,
        )
    try:
        events = tuple(_event(one, region) for one in answer.get("Events", ()))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise errors.BAD_REPLY.error(type(error).__name__) from None
    return Found(events, more=bool(answer.get("NextToken")))


def _event(found: dict[str, Any], region: str) -> RecordedEvent:
    record = json.loads(found.get("CloudTrailEvent") or "{}")
    return RecordedEvent(
        at=found["EventTime"],
        event_id=str(found.get("EventId", "")),
        name=str(found.get("EventName", "")),
        service=str(found.get("EventSource", "")),
        region=str(record.get("awsRegion") or region),
        ip=str(record.get("sourceIPAddress") or ""),
        user_agent=str(record.get("userAgent") or ""),
        error_code=str(record.get("errorCode") or ""),
        session_arn=str((record.get("userIdentity") or {}).get("arn") or ""),
        resources=tuple(str(one.get("ResourceName") or "") for one in found.get("Resources") or ()),
    )
