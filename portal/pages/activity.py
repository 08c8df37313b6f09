"""Your activity: what the audit trail holds about the person who is signed in."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import audit
from portal.context import subject_of_request

PER_PAGE = 50


@never_cache
@require_safe
def activity(request: HttpRequest) -> HttpResponse:
    """Show one's own audit rows, newest first."""
    subject = subject_of_request(request)
    rows = audit.of_person(issuer=subject.issuer, sub=subject.sub)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "pages/activity.html", {"page": page})
