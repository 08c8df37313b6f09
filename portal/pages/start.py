"""The start page: what this is, or the accounts and roles somebody has, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.entitlements import Entitlements, resolve
from accounts.signins import subject_of
from accounts.types import Entitlement
from portal.pages import listing, wording
from portal.pages.empty import emptiness
from portal.pages.leaving import leads_to_aws

# An AWS CLI takes an https start URL of ours because HEAD names this; the host is an identifier
# without a DNS record, so nobody is ever sent there.
AWS_START_URL = "https://identitycenter.amazonaws.com/ssoins-0000000000000000"


@dataclass(frozen=True, slots=True)
class Summary:
    """What somebody has, and the claim values that gave it."""

    accounts: str
    roles: str
    source: str
    values: Sequence[str]
    more: int


@never_cache
@leads_to_aws
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Show what this is to whoever is signed out; else accounts and roles."""
    sign_in = getattr(request, "sign_in", None)
    if sign_in is None:
        return render(request, "pages/welcome.html")
    now = timezone.now()
    subject = subject_of(sign_in)
    found = resolve(subject=subject, now=now)
    if not found.granted:
        context = {"empty": emptiness(subject=subject, now=now), "problems": found.problems}
        return render(request, "pages/empty.html", context)
    return render(request, "pages/start.html", _context(found, request.GET.get("q", "")))


def _context(found: Entitlements, words: str) -> dict[str, object]:
    matching = listing.search(found.granted, words)
    units = listing.by_unit(matching)
    several = len({entitlement.role.account_id for entitlement in found.granted}) > 1
    return {
        "summary": summary(found.granted),
        "problems": found.problems,
        "units": units,
        "words": words.strip()[: listing.LONGEST_SEARCH],
        "several": several,
        "grouped": any(unit.name for unit in units) and several,
    }


def summary(granted: Sequence[Entitlement]) -> Summary:
    """Say in a line what these entitlements are and where they come from."""
    reasons = [reason for entitlement in granted for reason in entitlement.reasons]
    claims = {reason.claim.rpartition(".")[2].rpartition("/")[2] for reason in reasons}
    source = claims.pop() if len(claims) == 1 else ""
    values, more = wording.shortened(sorted({reason.value for reason in reasons}))
    return Summary(
        accounts=wording.count(len({found.role.account_id for found in granted}), "account"),
        roles=wording.count(len(granted), "role"),
        source=source if source in ("groups", "roles") else "claims",
        values=values,
        more=more,
    )


@require_safe
def start_url(request: HttpRequest) -> HttpResponse:
    """Answer at the address people know from Identity Center; an AWS CLI asks with HEAD."""
    return redirect(AWS_START_URL if request.method == "HEAD" else "start")
