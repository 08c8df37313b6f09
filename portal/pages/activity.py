"""What the audit trail holds: about oneself, and for auditors about everybody. Filtered, in parts, and to take away."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import audit, rights
from accounts.audit import AuditSearch
from accounts.audit_trail.streams import StreamFormat, export
from accounts.errors import InvalidRequest
from accounts.models import AuditEvent
from accounts.types import Subject, Surface
from portal.context import origin_of, sign_in_of, subject_of_request
from portal.pages import audit_words
from portal.pages.audit_filters import AuditFilters
from portal.pages.recorded_sessions import at_aws, recorded
from portal.verified import verify
from portal.wording import in_words

PER_PAGE = 50


@never_cache
@require_safe
def activity(request: HttpRequest) -> HttpResponseBase:
    """Show one's own rows, newest first; with `format`, all of them as a file."""
    subject = subject_of_request(request)
    own = audit.of_person(issuer=subject.issuer, sub=subject.sub)
    return _answer(request, subject, within=own)


@never_cache
@require_safe
def audit_trail(request: HttpRequest) -> HttpResponseBase:
    """Show everybody's rows to portal admins and auditors; with `format`, all of them as a file."""
    # Who is no auditor any more must not read about everybody until the sign-in ends.
    verify(request, Surface.PAGES)
    subject = subject_of_request(request)
    rights.refuse_reading(subject, "audit")
    return _answer(request, subject)


def _answer(
    request: HttpRequest, subject: Subject, *, within: QuerySet[AuditEvent] | None = None
) -> HttpResponseBase:
    filters = AuditFilters.of(request.GET)
    context: dict[str, Any] = {
        "own": within is not None,
        "filters": filters,
        "actions": audit_words.ACTIONS.items(),
        "outcomes": audit_words.OUTCOMES.items(),
    }
    try:
        wanted = filters.search()
        if form := request.GET.get("format"):
            return _download(request, subject, wanted, form, within=within)
    except InvalidRequest as error:
        refused = {**context, "rows": [], "error": in_words(error.message)}
        return render(request, "pages/activity.html", refused, status=400)
    rows = audit.search(wanted, within=within)
    found = list(_from(rows, request.GET.get("before", ""))[: PER_PAGE + 1])
    now = timezone.now()
    if within is not None and not request.GET:
        context["at_aws"] = at_aws(sign_in_of(request).person, now=now)
    return render(
        request,
        "pages/activity.html",
        {
            **context,
            "rows": recorded(found[:PER_PAGE], now=now),
            "older": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None,
            "is_first": "before" not in request.GET,
        },
    )


def _from(rows: QuerySet[AuditEvent], before: str) -> QuerySet[AuditEvent]:
    """Return the rows that follow the one with this number; all of them if there is none."""
    if not (before.isascii() and before.isdecimal() and len(before) < 19):
        return rows
    last = AuditEvent.objects.filter(pk=int(before)).values_list("at", flat=True).first()
    return rows if last is None else audit.older_than(rows, at=last, number=int(before))


def _download(
    request: HttpRequest,
    subject: Subject,
    wanted: AuditSearch,
    form: str,
    *,
    within: QuerySet[AuditEvent] | None,
) -> HttpResponseBase:
    if form not in {one.value for one in StreamFormat}:
        raise InvalidRequest("A file is CSV or JSON Lines.", "unknown format")
    chosen, now = StreamFormat(form), timezone.now()
    if request.method == "HEAD":
        return HttpResponse(content_type=chosen.media_type)
    lines = export(
        wanted, chosen, within=within, subject=subject, origin=origin_of(request), now=now
    )
    name = f"audit-{now:%Y%m%dT%H%M%SZ}.{chosen.value}"
    return StreamingHttpResponse(
        lines,
        content_type=chosen.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
