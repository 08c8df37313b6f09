"""The audit trail, for portal admins and auditors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from accounts import audit as trail
from accounts.audit import AuditSearch
from accounts.audit_trail.streams import StreamFormat, export
from accounts.models import AuditEvent
from accounts.types import Subject, Surface
from portal.api.v1.audit_schemas import AuditEventOut, AuditEventsOut
from portal.api.v1.auth import reader_of
from portal.api.v1.error_schemas import ErrorOut
from portal.api.v1.pagination import MAX_LIMIT, page_of
from portal.api.v1.schemas import FilterText, Timestamp
from portal.context import origin_of

router = Router(tags=["Audit"])
ERRORS = frozenset({401, 403, 422, 429, 503})
# An empty filter is the variable that a script forgot: it must not answer with everybody's rows.
Filter = Annotated[FilterText, Field(min_length=1)]


class AuditFilters(Schema):
    """Filters of the audit trail; `since` is included, `until` is not."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="How many rows at most.")
    after: int | None = Field(
        None, ge=0, le=2**63 - 1, description="The `next` of the previous page."
    )
    format: Literal["json", "jsonl", "csv"] = Field(
        "json",
        description="json: one page. jsonl, csv: all rows that match, one a line, whatever the limit.",
    )
    since: Timestamp | None = Field(
        None, description="Not before this moment, with its offset: 2026-11-22T12:00:00Z."
    )
    until: Timestamp | None = Field(None, description="Before this moment, with its offset.")
    action: Filter | None = Field(
        None,
        description="The action, such as access.keys.denied, or its beginning: access.keys, access.",
    )
    outcome: Literal["success", "denied", "failed"] | None = Field(
        None, description="How it ended."
    )
    person: Filter | None = Field(
        None, description="Part of a name, email address or username, or a whole `sub`."
    )
    account: Filter | None = Field(
        None, description="The account's twelve digits, or part of its name now."
    )
    account_id: Filter | None = Field(None, description="The account's twelve digits.")
    role_name: Filter | None = Field(None, description="The permission set.")
    issuer: Filter | None = Field(None, description="The issuer of the actor.")
    sub: Filter | None = Field(None, description="The `sub` of the actor.")
    actor_kind: Filter | None = Field(None, description="person, workload or token.")
    surface: Filter | None = Field(None, description="pages, api, sso, admin or command.")
    access_key_id: Filter | None = Field(None, description="The keys, as CloudTrail names them.")
    session_name: Filter | None = Field(None, description="The session, as CloudTrail names it.")
    request_id: Filter | None = Field(
        None, description="The request, as an error names it, or AWS's."
    )
    aws_request_id: Filter | None = Field(None, description="The request to AWS.")

    @property
    def search(self) -> AuditSearch:
        """What to search for."""
        asked = {name: getattr(self, name) for name in AuditSearch.__dataclass_fields__}
        return AuditSearch(**{name: value for name, value in asked.items() if value is not None})


@router.get(
    "/audit",
    response={200: AuditEventsOut, ERRORS: ErrorOut},
    operation_id="audit",
    summary="Read the audit trail",
    openapi_extra={
        "responses": {
            200: {
                "content": {
                    form.media_type.partition(";")[0]: {"schema": {"type": "string"}}
                    for form in StreamFormat
                }
            }
        }
    },
)
def audit(request: HttpRequest, filters: Query[AuditFilters]) -> Any:
    """List the audit trail, newest first. A row has to match all filters. With `format`, all rows come at once, as a stream."""
    subject = reader_of(request, "audit")
    if filters.format != "json":
        return _stream(request, subject, filters)
    rows = trail.search(filters.search)
    if filters.after is not None:
        last = AuditEvent.objects.filter(pk=filters.after).values_list("at", flat=True).first()
        rows = (
            rows.none() if last is None else trail.older_than(rows, at=last, number=filters.after)
        )
    found = list(rows[: filters.limit + 1])
    return page_of(found, limit=filters.limit, key=lambda one: str(one.id), serialize=_event)


def _stream(request: HttpRequest, subject: Subject, filters: AuditFilters) -> HttpResponseBase:
    form = StreamFormat(filters.format)
    if request.META["REQUEST_METHOD"] == "HEAD":
        return HttpResponse(content_type=form.media_type)
    origin = origin_of(request, Surface.API)
    lines = export(filters.search, form, subject=subject, origin=origin, now=timezone.now())
    return StreamingHttpResponse(lines, content_type=form.media_type)


def _event(event: AuditEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in AuditEventOut.model_fields}
