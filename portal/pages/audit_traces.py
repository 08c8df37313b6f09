"""Paste an event of CloudTrail or an access key id, and read who it was and why: for portal admins and auditors.

For a row that gave keys out, CloudTrail says what was done with them, where the portal may ask it.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import key_uses, rights
from accounts.audit_trail import traces
from accounts.errors import AccessDenied, GatehouseError, InvalidRequest
from portal.context import origin_of, subject_of_request

_LONGEST_NUMBER = 18


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def audit_trace(request: HttpRequest) -> HttpResponse:
    """Show the form; on POST also the rows behind what was pasted, and with `row` what was done with its keys."""
    rights.refuse_reading(subject_of_request(request), "audit")
    if request.method != "POST":
        return render(request, "pages/audit_trace.html", {"longest": traces.LONGEST})
    pasted = request.POST.get("pasted", "")
    context: dict[str, Any] = {"pasted": pasted, "longest": traces.LONGEST}
    try:
        trace = traces.trace(pasted)
    except InvalidRequest as error:
        context["error"] = error.user_message
        return render(request, "pages/audit_trace.html", context, status=400)
    context |= {
        "trace": trace,
        "asked_about": [one.event.pk for one in trace.rows if key_uses.can_be_looked_up(one.event)],
    }
    return _with_uses(request, context, request.POST.get("row", ""))


def _with_uses(request: HttpRequest, context: dict[str, Any], row: str) -> HttpResponse:
    if not row:
        return render(request, "pages/audit_trace.html", context)
    number = int(row) if row.isascii() and row.isdigit() and len(row) <= _LONGEST_NUMBER else 0
    status = 200
    try:
        context["uses"] = key_uses.look_up(
            row=number,
            subject=subject_of_request(request),
            origin=origin_of(request),
            now=timezone.now(),
        )
    except AccessDenied:
        raise
    except GatehouseError as error:
        context |= {"uses_error": error.user_message, "uses_row": number}
        status = error.http_status
    return render(request, "pages/audit_trace.html", context, status=status)
