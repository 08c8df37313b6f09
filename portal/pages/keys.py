"""The keys page: choose a duration, then see the keys once."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import issue_keys
from accounts.favourites import last_keys
from accounts.models.audit import Action
from accounts.profile_patterns import LONGEST_PROFILE, name_by_id
from accounts.trust import offers_read_only, session_limit
from accounts.types import Kind, RoleRef, Surface
from portal.context import origin_of, sign_in_of, subject_of_request
from portal.pages import bulk_keys, once
from portal.pages.cli_profiles import cli_profiles
from portal.pages.durations import chosen, durations
from portal.pages.entitled import entitled
from portal.pages.key_formats import formats
from portal.pages.profile_names import own_names, profile_name
from portal.pages.recents import remember
from portal.pages.role_request import RoleRequest, role_request
from portal.pages.see_other import SeeOther
from portal.verified import verify
from portal.wording import duration as duration_in_words


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """Ask for a duration on GET, which issues nothing; issue keys on POST. For one role or several."""
    wanted = role_request(request)
    if request.method == "POST":
        role = RoleRef(wanted.account_id, wanted.role_name)
        verify(request, Surface.PAGES, action=Action.KEYS_DENIED, role=role)
    if wanted.bulk is not None:
        return bulk_keys.keys(request, wanted.bulk)
    return _issue(request, wanted) if request.method == "POST" else _ask(request, wanted)


def _ask(request: HttpRequest, wanted: RoleRequest) -> HttpResponse:
    entitlement = entitled(subject=subject_of_request(request), wanted=wanted, kind=Kind.KEYS)
    role = entitlement.role
    limit = session_limit(role)
    last = last_keys(
        person=sign_in_of(request).person, account_id=role.account_id, role_name=role.role_name
    )
    less = offers_read_only(role)
    if less and last.read_only and "read_only" not in request.GET:
        wanted = replace(wanted, read_only=True)
    context = {
        "entitlement": entitlement,
        "role": role,
        "wanted": wanted,
        "offers_read_only": less,
        "query": wanted.query,
        "durations": durations(longest=limit.seconds, last=last.duration),
        "because": limit.because,
        "profile": request.GET.get("profile", "")[:LONGEST_PROFILE],
        "longest_profile": LONGEST_PROFILE,
        "once": once.token(),
    }
    return render(request, "pages/keys.html", context)


def _issue(request: HttpRequest, wanted: RoleRequest) -> HttpResponse:
    if not once.is_first(request):
        return SeeOther(f"{reverse('keys')}?{wanted.query}&sent=1")
    now = timezone.now()
    issued = issue_keys(
        subject=subject_of_request(request),
        role=RoleRef(wanted.account_id, wanted.role_name),
        duration=wanted.duration,
        read_only=wanted.read_only,
        origin=origin_of(request),
        now=now,
    )
    remember(
        request,
        issued.entitlement.role,
        duration=chosen(request, wanted.duration),
        read_only=issued.read_only,
    )
    expires_at, role = issued.credentials.expires_at, issued.entitlement.role
    named = RoleRef(role.account_id, role.role_name)
    default = own_names(request).get(named) or name_by_id(role)
    profile = profile_name(request.POST.get("profile", ""), default=default)
    # A profile that gets keys by itself later would get them for all that the role may.
    profiles = () if issued.read_only else cli_profiles(role, profile=profile)
    context = {
        "issued": issued,
        "entitlement": issued.entitlement,
        "role": role,
        "expires_at": expires_at,
        "valid_for": duration_in_words(round((expires_at - now).total_seconds())),
        "formats": formats(issued, profile=profile) + profiles,
        "again": wanted.query,
    }
    response = render(request, "pages/keys_issued.html", context)
    response["Referrer-Policy"] = "no-referrer"
    return response
