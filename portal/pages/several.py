"""Keys for several roles at once: pick them, choose how long, see one profile each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import issue_keys
from accounts.errors import GatehouseError
from accounts.favourites import last_duration
from accounts.trust import session_limit
from accounts.types import Entitlement, IssuedKeys, Kind, Named, OfferedRole
from portal.context import origin_of, sign_in_of, subject_of_request
from portal.limiting import count_form
from portal.pages import listing, wording
from portal.pages.asked import Asked, asked, roles_in
from portal.pages.durations import chosen, durations
from portal.pages.formats import Block, credentials_profile, profile_name
from portal.pages.own_roles import own_roles
from portal.pages.used import remember

MOST = 10
# A page for ticking is no place to read a thousand roles: above this it is the search that finds.
MOST_LISTED = 500
# Seconds after which no further role is tried: AWS answers slowly, and somebody is waiting.
PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Pick:
    """An account role to tick, or, without a role, one that was named and is not theirs."""

    value: str
    role: OfferedRole | None

    @property
    def find(self) -> str:
        """What a search looks at and nobody reads in the row, as static/portal/words.js takes it."""
        return listing.beside(self.role) if self.role else ""


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """What the door said to one of them: keys with their profile, or why not."""

    value: str
    role: OfferedRole | None
    issued: IssuedKeys | None = None
    error: GatehouseError | None = None
    block: Block | None = None
    profile: str = ""
    life: str = ""


@never_cache
@require_safe
def pick(request: HttpRequest) -> HttpResponse:
    """List what keys can be had for, to tick; a search keeps the ticks."""
    return _pick(request, roles_in(request.GET))


def keys(request: HttpRequest, values: Sequence[str]) -> HttpResponse:
    """Ask for a duration on GET; on POST, issue for each of them: one failing spoils no other."""
    if not values:
        return _pick(request, values, refused="Tick at least one role.")
    if len(values) > MOST:
        return _pick(
            request,
            values,
            refused=f"These are {len(values)} roles, and {MOST} at once is the most. "
            "Nothing was issued. Take some of the ticks away.",
        )
    return _issue(request, values) if request.method == "POST" else _ask(request, values)


def _pick(request: HttpRequest, values: Sequence[str], *, refused: str = "") -> HttpResponse:
    words = request.GET.get("q", "").strip()[: listing.LONGEST_SEARCH]
    allowed = _allowed(request)
    matching = sorted(listing.search(allowed.values(), words), key=_place)
    named = frozenset(values)  # There may be thousands, and nobody had to tick them.
    unticked = [found for found in matching if _value(found) not in named]
    context = {
        "ticked": [Pick(value, allowed[value].role) for value in values if value in allowed],
        "picks": [Pick(_value(found), found.role) for found in unticked[:MOST_LISTED]],
        "left_out": len(unticked[MOST_LISTED:]),
        "any": bool(allowed),
        "words": words,
        "said": listing.said(len(matching)) if words else "",
        "most": MOST,
        "refused": refused,
    }
    return render(request, "pages/several.html", context, status=400 if refused else 200)


def _ask(request: HttpRequest, values: Sequence[str]) -> HttpResponse:
    allowed = _allowed(request)
    roles = [allowed[value].role for value in values if value in allowed]
    limits = [session_limit(role) for role in roles]
    query = Asked(several=tuple(values)).query
    context = {
        "picks": [
            Pick(value, allowed[value].role if value in allowed else None) for value in values
        ],
        "durations": durations(
            longest=max(limit.seconds for limit in limits), last=_last(request, roles[0])
        )
        if roles
        else None,
        "privileged": any(role.privileged for role in roles),
        "differ": len({limit.seconds for limit in limits}) > 1,
        "because": sorted({limit.because for limit in limits if limit.because}),
        "link": f"{settings.BASE_URL}{reverse('keys')}?{query}",
        "query": query,
    }
    return render(request, "pages/several_ask.html", context)


def _issue(request: HttpRequest, values: Sequence[str]) -> HttpResponse:
    # The form itself is counted; so is what it asks for beside the first.
    count_form(subject_of_request(request), times=len(values) - 1)
    allowed, began = _allowed(request), time.monotonic()
    wanted = asked(request).duration
    outcomes = []
    for value in values:
        role = allowed[value].role if value in allowed else None
        if time.monotonic() - began > PATIENCE:
            outcomes.append(Outcome(value, role))
            continue
        outcomes.append(_attempt(request, value, role, wanted, now=timezone.now()))
    others = tuple(outcome.value for outcome in outcomes if outcome.issued is None)
    context = {
        "outcomes": outcomes,
        "issued": wording.count(len(outcomes) - len(others), "role"),
        "others": len(others),
        "others_query": Asked(several=others).query,
        "query": Asked(several=tuple(values)).query,
    }
    return render(request, "pages/several_issued.html", context)


def _attempt(
    request: HttpRequest, value: str, role: OfferedRole | None, wanted: int | None, *, now: datetime
) -> Outcome:
    """Knock at the door for one of them; what a role does not allow is shortened, as the page said."""
    account_id, _, role_name = value.partition("/")
    longest = session_limit(role).seconds if role else None
    try:
        issued = issue_keys(
            subject=subject_of_request(request),
            role=Named(account_id, role_name),
            duration=min(wanted, longest) if wanted and longest else wanted,
            origin=origin_of(request),
            now=now,
        )
    except GatehouseError as error:
        return Outcome(value, role, error=error)
    remember(request, issued.entitlement.role, duration=chosen(request, wanted))
    left = issued.credentials.expires_at - now
    return Outcome(
        value,
        issued.entitlement.role,
        issued=issued,
        block=Block("", credentials_profile(issued.credentials, profile_name(issued))),
        profile=profile_name(issued),
        life=wording.duration(round(left.total_seconds())),
    )


def _allowed(request: HttpRequest) -> dict[str, Entitlement]:
    """Return what keys can be had for, as people are shown it; the door decides anew."""
    found = own_roles(request).by_name.values()
    return {_value(granted): granted for granted in found if granted.allows(Kind.KEYS)}


def _last(request: HttpRequest, role: OfferedRole) -> int | None:
    return last_duration(
        person=sign_in_of(request).person, account_id=role.account_id, role_name=role.role_name
    )


def _value(found: Entitlement) -> str:
    return f"{found.role.account_id}/{found.role.role_name}"


def _place(found: Entitlement) -> tuple[str, str, str]:
    return (found.role.account_name.casefold(), found.role.account_id, found.role.role_name)
