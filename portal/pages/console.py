"""The console: a deep link asks, a POST goes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import console_url
from accounts.aws import destinations
from accounts.types import Kind, Subject
from portal.context import origin_of, subject_of_request
from portal.pages.asked import Asked, asked
from portal.pages.entitled import choices, entitled
from portal.pages.leaving import leads_to_aws
from portal.pages.used import remember


class SeeOther(HttpResponseRedirect):
    """A redirect that turns a POST into a GET, whatever the client."""

    status_code = 303


@never_cache
@leads_to_aws
@require_http_methods(["GET", "HEAD", "POST"])
def console(request: HttpRequest) -> HttpResponse:
    """Name account, role and destination on GET, which issues nothing; go there on POST."""
    subject, wanted = subject_of_request(request), asked(request)
    if request.method == "POST":
        return _go(request, subject, wanted)
    if not wanted.role_name:
        return _choose(request, subject, wanted)
    entitlement = entitled(subject=subject, asked=wanted, kind=Kind.CONSOLE)
    role = entitlement.role
    landing = destinations.home(
        partition=role.partition,
        region=role.region,
        destination=wanted.destination or role.destination,
    )
    context = {
        "entitlement": entitlement,
        "role": role,
        "wanted": wanted,
        "landing": landing,
    }
    return render(request, "pages/console.html", context)


def _choose(request: HttpRequest, subject: Subject, wanted: Asked) -> HttpResponse:
    found = choices(subject=subject, account_id=wanted.account_id, kind=Kind.CONSOLE)
    context = {"choices": found, "role": found[0].role, "wanted": wanted}
    return render(request, "pages/console_choose.html", context)


def _go(request: HttpRequest, subject: Subject, wanted: Asked) -> HttpResponse:
    opened = console_url(
        subject=subject,
        account_id=wanted.account_id,
        role_name=wanted.role_name,
        destination=wanted.destination,
        duration=wanted.duration,
        origin=origin_of(request),
        now=timezone.now(),
    )
    remember(request, opened.entitlement.role)
    response = SeeOther(opened.url)
    response["Referrer-Policy"] = "no-referrer"
    return response
