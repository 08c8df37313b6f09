"""The keys page: choose how long, then see the keys once."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import issue_keys
from accounts.trust import session_limit
from accounts.types import Kind
from portal.context import origin_of, subject_of_request
from portal.pages import wording
from portal.pages.asked import asked
from portal.pages.entitled import entitled
from portal.pages.formats import formats
from portal.pages.used import remember

HOUR = 3600
SENSIBLE = (HOUR // 4, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR)


@dataclass(frozen=True, slots=True)
class Choice:
    """A duration to choose, in seconds and in words."""

    seconds: int
    chosen: bool

    @property
    def words(self) -> str:
        """As people say it."""
        return wording.duration(self.seconds)


def durations(longest: int) -> list[Choice]:
    """Return sensible durations up to the longest, which is one of them; an hour is chosen if it can be."""
    offered = sorted({*(seconds for seconds in SENSIBLE if seconds < longest), longest})
    chosen = min(HOUR, longest)
    return [Choice(seconds, chosen=seconds == chosen) for seconds in offered]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """Ask for a duration on GET, which issues nothing; issue on POST."""
    if request.method == "POST":
        return _issue(request)
    wanted = asked(request)
    entitlement = entitled(subject=subject_of_request(request), asked=wanted, kind=Kind.KEYS)
    limit = session_limit(entitlement.role)
    context = {
        "entitlement": entitlement,
        "role": entitlement.role,
        "durations": durations(limit.seconds),
        "because": limit.because,
    }
    return render(request, "pages/keys.html", context)


def _issue(request: HttpRequest) -> HttpResponse:
    now, wanted = timezone.now(), asked(request)
    issued = issue_keys(
        subject=subject_of_request(request),
        account_id=wanted.account_id,
        role_name=wanted.role_name,
        duration=wanted.duration,
        origin=origin_of(request),
        now=now,
    )
    remember(request, issued.entitlement.role, duration=wanted.duration)
    expires_at = issued.credentials.expires_at
    context = {
        "issued": issued,
        "entitlement": issued.entitlement,
        "role": issued.entitlement.role,
        "expires_at": expires_at,
        "life": wording.duration(round((expires_at - now).total_seconds())),
        "formats": formats(issued),
        "again": wanted.query,
    }
    response = render(request, "pages/keys_issued.html", context)
    response["Referrer-Policy"] = "no-referrer"
    return response
