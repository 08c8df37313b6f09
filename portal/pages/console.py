"""The console page: a link shows what it would open, and a form opens it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import preferences, trust
from accounts.access import console_url
from accounts.aws import destinations, partitions
from accounts.errors import AccessDenied
from accounts.models.audit import Action
from accounts.types import Kind, OfferedRole, RoleRef, Subject, Surface
from portal.context import origin_of, sign_in_of, subject_of_request
from portal.pages import humanize, refusals
from portal.pages.at_once import opens_at_once
from portal.pages.entitled import choices, entitled
from portal.pages.form_action import may_lead_to_aws
from portal.pages.recents import remember
from portal.pages.role_request import FIELDS, RoleRequest, role_request
from portal.pages.see_other import SeeOther
from portal.verified import verify


@never_cache
@may_lead_to_aws
@require_http_methods(["GET", "HEAD", "POST"])
def console(request: HttpRequest) -> HttpResponse:
    """Show account, role and destination on GET, which issues nothing; open the console on POST."""
    wanted = role_request(request)
    if request.method == "POST":
        asked = RoleRef(wanted.account_id, wanted.role_name)
        verify(request, Surface.PAGES, action=Action.CONSOLE_DENIED, role=asked)
    subject = subject_of_request(request)
    if request.method == "POST":
        return _open(request, subject, wanted)
    if not wanted.role_name:
        return _choose(request, subject, wanted)
    try:
        entitlement = entitled(subject=subject, wanted=wanted, kind=Kind.CONSOLE)
    except AccessDenied as denied:
        return _choose(request, subject, wanted, denied)
    role = entitlement.role
    chosen = preferences.preferences_of(sign_in_of(request).person)
    left_over = _left_over(request)
    context = {
        "entitlement": entitlement,
        "role": role,
        "wanted": wanted,
        "left_over": left_over,
        "landing": _landing(role, wanted),
        "at_once": chosen.opens_console_at_once
        and not left_over
        and opens_at_once(request, role, wanted),
        "only_switches": trust.is_link(role),
        "offers_read_only": trust.offers_read_only(role),
        "regions": partitions.find(role.partition).described_regions(),
        "preferences": chosen,
    }
    return render(request, "pages/console.html", context)


def _choose(
    request: HttpRequest, subject: Subject, wanted: RoleRequest, denied: AccessDenied | None = None
) -> HttpResponse:
    """Offer the roles in the account, where a link names none or one that this person does not have."""
    entitlements = choices(subject=subject, account_id=wanted.account_id, kind=Kind.CONSOLE)
    if denied is not None:
        refusals.record(request, denied)
    role = entitlements[0].role
    context = {
        "choices": entitlements,
        "role": role,
        "wanted": wanted,
        "left_over": _left_over(request),
        "denied": denied,
        "help": None if denied is None else refusals.help_request(request, denied),
        "landing": wanted.destination and _landing(role, wanted),
        "only_switches": trust.is_link(role),
        "preferences": preferences.preferences_of(sign_in_of(request).person),
    }
    status = denied.http_status if denied else 200
    return render(request, "pages/console_choose.html", context, status=status)


def _landing(role: OfferedRole, wanted: RoleRequest) -> str:
    """Return the page that the console opens; "" where AWS decides, as it does when people switch roles."""
    if trust.is_link(role):
        return ""
    return destinations.landing(role=role, destination=wanted.destination, region=wanted.region)


def _left_over(request: HttpRequest) -> str:
    """Return the names in a link with a destination that nobody reads, in quotation marks; "" if there are none."""
    if not request.GET.get("destination"):
        return ""
    names = [name for name in request.GET if name not in FIELDS]
    shown, more = humanize.shortened([f"“{name:.40}”" for name in names])
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _open(request: HttpRequest, subject: Subject, wanted: RoleRequest) -> HttpResponse:
    opened = console_url(
        subject=subject,
        role=RoleRef(wanted.account_id, wanted.role_name),
        destination=wanted.destination,
        region=wanted.region,
        duration=wanted.duration,
        read_only=wanted.read_only,
        origin=origin_of(request),
        now=timezone.now(),
        sign_out_first=preferences.preferences_of(sign_in_of(request).person).sign_out_first,
    )
    remember(request, opened.entitlement.role)
    response = SeeOther(opened.url)
    response["Referrer-Policy"] = "no-referrer"
    return response
