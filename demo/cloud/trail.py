"""CloudTrail's event history: which calls were made with the keys of sessions, and LookupEvents.

moto has no LookupEvents. This answers as the reference says; it never ran beside AWS:
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import json
import time
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from demo.cloud.callers import Caller
from demo.cloud.signatures import Signature

_MOST_KEPT = 10_000
_MOST_EVENTS = 50
_JSON = "application/x-amz-json-1.1"


class BadLookup(Exception):
    """LookupEvents refuses a request, with AWS's code."""


@dataclass(frozen=True, slots=True)
class _Event:
    account_id: str
    region: str
    at: float
    content: Mapping[str, Any]

    def has(self, attribute: str, value: str) -> bool:
        identity = self.content["userIdentity"]
        match attribute:
            case "AccessKeyId":
                return bool(identity["accessKeyId"] == value)
            case "Username":
                return bool(identity["arn"].rpartition("/")[2] == value)
            case "EventName":
                return bool(self.content["eventName"] == value)
        raise BadLookup("InvalidLookupAttributesException")


@dataclass(slots=True)
class Trail:
    """The latest calls of all accounts, until the process ends. Events are there at once; at AWS they take minutes."""

    _events: deque[_Event] = field(default_factory=lambda: deque(maxlen=_MOST_KEPT), repr=False)

    def record(self, request: Request, caller: Caller, name: str, *, error: str = "") -> None:
        """Record a call that somebody with the keys of a session has made."""
        signature = Signature.of(request)
        if signature is None:
            return
        now, region = time.time(), signature.scope.split("/")[1]
        content = {
            "eventVersion": "1.11",
            "eventID": str(uuid.uuid4()),
            "eventTime": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": f"{signature.service}.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": request.remote_addr or "",
            "userAgent": request.headers.get("User-Agent", ""),
            "userIdentity": {
                "type": "AssumedRole",
                "arn": caller.arn,
                "accountId": caller.account_id,
                "accessKeyId": signature.access_key_id,
            },
            **({"errorCode": error} if error else {}),
        }
        self._events.append(_Event(caller.account_id, region, now, content))

    def look_up(self, request: Request, caller: Caller) -> Response:
        """Answer LookupEvents, for the caller's account and the region of the signature."""
        asked = json.loads(request.get_data() or b"{}")
        signature = Signature.of(request)
        region = signature.scope.split("/")[1] if signature else ""
        try:
            found = self._found(asked, caller.account_id, region)
        except BadLookup as bad:
            return Response(json.dumps({"__type": str(bad)}), 400, content_type=_JSON)
        most = min(int(asked.get("MaxResults", _MOST_EVENTS)), _MOST_EVENTS)
        answer: dict[str, Any] = {"Events": [_shown(event) for event in found[:most]]}
        if len(found) > most:
            answer["NextToken"] = str(uuid.uuid4())
        return Response(json.dumps(answer), content_type=_JSON)

    def _found(self, asked: Mapping[str, Any], account_id: str, region: str) -> list[_Event]:
        attributes = asked.get("LookupAttributes", [])
        since, until = asked.get("StartTime", 0), asked.get("EndTime", time.time() + 1)
        if len(attributes) > 1:
            raise BadLookup("InvalidLookupAttributesException")
        if since > until:
            raise BadLookup("InvalidTimeRangeException")
        return [
            event
            for event in reversed(self._events)
            if event.account_id == account_id
            and event.region == region
            and since <= event.at <= until
            and all(event.has(one["AttributeKey"], one["AttributeValue"]) for one in attributes)
        ]


def denied(message: str) -> Response:
    """Return the refusal of a caller who may not look up events."""
    content = json.dumps({"__type": "AccessDeniedException", "Message": message})
    return Response(content, 400, content_type=_JSON)


def _shown(event: _Event) -> dict[str, Any]:
    content = event.content
    return {
        "EventId": content["eventID"],
        "EventName": content["eventName"],
        "EventTime": event.at,
        "EventSource": content["eventSource"],
        "Username": content["userIdentity"]["arn"].rpartition("/")[2],
        "AccessKeyId": content["userIdentity"]["accessKeyId"],
        "Resources": [],
        "CloudTrailEvent": json.dumps(content),
    }
