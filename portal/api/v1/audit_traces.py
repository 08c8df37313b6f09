"""Find who was behind a key or an event of CloudTrail, and what CloudTrail says was done: for portal admins and auditors."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Path, Router, Schema
from pydantic import ConfigDict

from accounts import key_uses
from accounts.audit_trail import traces
from accounts.models import AuditEvent
from accounts.types import Surface
from portal.api.v1 import examples
from portal.api.v1.audit_schemas import AuditEventOut
from portal.api.v1.auth import reader_of
from portal.api.v1.error_schemas import ErrorOut
from portal.context import origin_of

router = Router(tags=["Audit"])
ERRORS = frozenset({400, 401, 403, 413, 422, 429, 503})


_ROW: dict[str, Any] = examples.AUDIT["items"][0]
_TRACE: dict[str, Any] = {"by_key": True, "items": [{"row": _ROW, "came_from": []}]}
_USES: dict[str, Any] = {
    "items": [
        {
            "region": "eu-west-1",
            "error": "",
            "more": False,
            "events": [
                {
                    "at": "2026-11-22T12:04:31Z",
                    "event_id": "8d1c7f2e-5d0b-4b55-9f0d-0c2b4e6a9f10",
                    "name": "ListBuckets",
                    "service": "s3.amazonaws.com",
                    "region": "eu-west-1",
                    "ip": "203.0.113.7",
                    "user_agent": "aws-cli/2.38.1",
                    "error_code": "",
                    "session_arn": _ROW["assumed_role_arn"],
                    "resources": [],
                }
            ],
        }
    ]
}


class TraceIn(Schema):
    """What is known of a session: an access key id, or an event of CloudTrail."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"text": "ASIAIOSFODNN7EXAMPLE"}]},
    )

    text: str = Field(
        max_length=traces.LONGEST,
        description="Text with access key ids, or one or more events of CloudTrail as JSON.",
    )


class TracedRowOut(Schema):
    """A row of the audit trail, and what it came from."""

    row: AuditEventOut = Field(description="The row.")
    came_from: list[AuditEventOut] = Field(
        description="The rows of the sign-in, the approval of the command line and the token behind it, newest first."
    )


class TraceOut(Schema):
    """The rows behind a key or an event, newest first; none if the portal did not give it out."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TRACE]})

    by_key: bool = Field(
        description="Whether they were found by the key; else by the name of the session, as with the console."
    )
    items: list[TracedRowOut] = Field(description="The rows.")


class KeyUseOut(Schema):
    """A call of AWS's API, as CloudTrail recorded it."""

    at: datetime = Field(description="When.")
    event_id: str = Field(description="CloudTrail's id of the event.")
    name: str = Field(description="The call, such as ListBuckets.")
    service: str = Field(description="The service, such as s3.amazonaws.com.")
    region: str = Field(description="The region.")
    ip: str = Field(description="The address that it came from, or a service of AWS.")
    user_agent: str = Field(description="The program.")
    error_code: str = Field(description="AWS's code, if it refused.")
    session_arn: str = Field(description="The session.")
    resources: list[str] = Field(description="What it was about, as far as CloudTrail says so.")


class RegionUsesOut(Schema):
    """What CloudTrail says in one region."""

    region: str = Field(description="The region.")
    error: str = Field(description="Why there are no events, for people; empty if they were read.")
    more: bool = Field(description="Whether CloudTrail has further events than these, the newest.")
    events: list[KeyUseOut] = Field(description="The events, newest first.")


class KeyUsesOut(Schema):
    """What was done with the keys, or the console session, of a row."""

    model_config = ConfigDict(json_schema_extra={"examples": [_USES]})

    items: list[RegionUsesOut] = Field(description="Each region that was asked.")


@router.post(
    "/audit/traces",
    response={200: TraceOut, ERRORS: ErrorOut},
    operation_id="audit_trace",
    summary="Who was it?",
)
def audit_trace(request: HttpRequest, body: TraceIn) -> dict[str, Any]:
    """Find the rows behind an access key id or an event of CloudTrail, with the sign-in and the approval they came from."""
    reader_of(request, "audit")
    trace = traces.trace(body.text)
    return {
        "by_key": trace.by_key,
        "items": [
            {"row": _event(one.event), "came_from": [_event(row) for row in one.came_from]}
            for one in trace.rows
        ],
    }


@router.post(
    "/audit/{row}/uses",
    response={200: KeyUsesOut, ERRORS | {502}: ErrorOut},
    operation_id="audit_uses",
    summary="What was done with issued keys",
)
def audit_uses(
    request: HttpRequest,
    row: Annotated[int, Path(ge=1, le=2**63 - 1, description="The number of a row.")],
) -> dict[str, Any]:
    """Ask CloudTrail in the account what was done with the keys or the console session that a row gave out.

    At most 50 events of each region. Each question adds a row to the audit trail.
    """
    uses = key_uses.look_up(
        row=row,
        subject=reader_of(request, "audit"),
        origin=origin_of(request, Surface.API),
        now=timezone.now(),
    )
    return {"items": [asdict(region) for region in uses.regions]}


def _event(event: AuditEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in AuditEventOut.model_fields}
