"""The audit trail, for portal admins and auditors."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.audit import with_account_names
from accounts.models import AuditEvent
from portal.api.v1.auth import reader_of
from portal.api.v1.pagination import MAX_LIMIT, page_of
from portal.api.v1.schemas import AuditEventOut, AuditEventsOut, ErrorOut, FilterText, Timestamp

router = Router(tags=["Audit"])
ERRORS = frozenset({401, 403, 422, 429, 503})
_EXACT = (
    "action",
    "account_id",
    "role_name",
    "issuer",
    "sub",
    "actor_kind",
    "surface",
    "access_key_id",
    "session_name",
    "request_id",
    "aws_request_id",
)


class AuditFilters(Schema):
    """Filters of the audit trail; `since` is included, `until` is not."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="How many rows at most.")
    after: int | None = Field(
        None, ge=0, le=2**63 - 1, description="The `next` of the previous page."
    )
    since: Timestamp | None = Field(
        None, description="Not before this moment, with its offset: 2026-11-22T12:00:00Z."
    )
    until: Timestamp | None = Field(None, description="Before this moment, with its offset.")
    action: FilterText | None = Field(None, description="The action, such as access.keys.denied.")
    account_id: FilterText | None = Field(None, description="The account's twelve digits.")
    role_name: FilterText | None = Field(None, description="The permission set.")
    issuer: FilterText | None = Field(None, description="The issuer of the actor.")
    sub: FilterText | None = Field(None, description="The `sub` of the actor.")
    actor_kind: FilterText | None = Field(None, description="person, workload or token.")
    surface: FilterText | None = Field(None, description="pages, api, sso, admin or command.")
    access_key_id: FilterText | None = Field(
        None, description="The keys, as CloudTrail names them."
    )
    session_name: FilterText | None = Field(
        None, description="The session, as CloudTrail names it."
    )
    request_id: FilterText | None = Field(None, description="The request, as an error names it.")
    aws_request_id: FilterText | None = Field(None, description="The request to AWS.")


@router.get(
    "/audit",
    response={200: AuditEventsOut, ERRORS: ErrorOut},
    operation_id="audit",
    summary="Read the audit trail",
)
def audit(request: HttpRequest, filters: Query[AuditFilters]) -> dict[str, Any]:
    """List the audit trail, newest first. A row has to match all filters exactly."""
    reader_of(request, "audit")
    query = with_account_names(AuditEvent.objects.order_by("-at", "-id"))
    exact = {name: getattr(filters, name) for name in _EXACT}
    query = query.filter(**{name: value for name, value in exact.items() if value is not None})
    if filters.since is not None:
        query = query.filter(at__gte=filters.since)
    if filters.until is not None:
        query = query.filter(at__lt=filters.until)
    if filters.after is not None:
        last = AuditEvent.objects.filter(pk=filters.after).values_list("at", flat=True).first()
        query = (
            query.none()
            if last is None
            else query.filter(Q(at__lt=last) | Q(at=last, id__lt=filters.after))
        )
    found = list(query[: filters.limit + 1])
    return page_of(found, limit=filters.limit, key=lambda one: str(one.id), serialize=_event)


def _event(event: AuditEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in AuditEventOut.model_fields}
