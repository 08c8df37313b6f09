"""The admin's page of AWS Organizations: how far the last reading is, its plan, and a button that begins one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from accounts.from_aws import organization_sync
from accounts.plans import uploads
from accounts.rights import rights_of
from portal.context import subject_of_request


def organization_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the last reading, and have the worker begin one."""
    if not rights_of(subject_of_request(request)).admin:
        raise PermissionDenied
    now = timezone.now()
    if request.method == "POST":
        organization_sync.ask(now=now)
        messages.success(
            request, "The worker reads the organization. Nothing changes before you confirm a plan."
        )
        return HttpResponseRedirect(reverse(f"{site.name}:organization"))
    reading = organization_sync.latest()
    plan = reading.plan if reading is not None else None
    context = {
        **site.each_context(request),
        "title": "AWS Organizations",
        "reading": reading,
        "waits": organization_sync.waits(),
        "plan": plan if plan is not None and uploads.find(plan, now=now) else None,
    }
    return TemplateResponse(request, "admin/organization.html", context)
