"""The admin's page Health: how soon access ends with this provider, in one sentence, and the parts of /readyz."""

from __future__ import annotations

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts import reverification
from accounts.models import SignIn
from portal import health, proxies


def health_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show both, for portal admins and auditors; the sentence is about what the latest sign-in brought."""
    latest = (
        SignIn.objects.filter(person__issuer=settings.OIDC_ISSUER).order_by("-started_at").first()
    )
    context = {
        **site.each_context(request),
        "title": "Health",
        "access_ends": reverification.in_one_sentence(latest),
        "parts": {
            "Database": health.database(),
            "Identity provider": health.identity_provider(),
            "Signing key": health.signing_key(),
            "Jobs": health.waiting_jobs(),
            "Proxies in front": proxies.verdict(),
        },
    }
    return TemplateResponse(request, "admin/health.html", context)
