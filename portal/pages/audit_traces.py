"""Paste an event of CloudTrail or an access key id, and read who it was and why: for portal admins and auditors."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import rights
from accounts.audit_trail import traces
from accounts.errors import InvalidRequest
from portal.context import subject_of_request


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def audit_trace(request: HttpRequest) -> HttpResponse:
    """Show the form; on POST also the rows behind what was pasted."""
    rights.refuse_reading(subject_of_request(request), "audit")
    if request.method != "POST":
        return render(request, "pages/audit_trace.html", {"longest": traces.LONGEST})
    pasted = request.POST.get("pasted", "")
    context: dict[str, Any] = {"pasted": pasted, "longest": traces.LONGEST}
    try:
        context["trace"] = traces.trace(pasted)
    except InvalidRequest as error:
        context["error"] = error.user_message
        return render(request, "pages/audit_trace.html", context, status=400)
    return render(request, "pages/audit_trace.html", context)
