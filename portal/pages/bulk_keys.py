"""Keys for several roles at once: choose the roles, choose a duration, see one profile for each."""

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
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import issue_keys
from accounts.directory import sets_with_read_only
from accounts.errors import AccessDenied, AwsRefused, GatehouseError
from accounts.favourites import last_keys
from accounts.messages import Message
from accounts.profile_patterns import name_by_id
from accounts.trust import is_link, session_limit
from accounts.trust.switch_role import NO_KEYS
from accounts.types import Entitlement, IssuedKeys, Kind, OfferedRole, RoleRef, SessionLimit
from portal.context import origin_of, sign_in_of, subject_of_request
from portal.limiting import count_form
from portal.pages import once
from portal.pages.durations import chosen, durations
from portal.pages.key_formats import Block, credentials_profile
from portal.pages.own_roles import own_roles
from portal.pages.profile_names import own_names
from portal.pages.recents import remember
from portal.pages.role_request import RoleRequest, role_request, role_values
from portal.pages.search import (
    LONGEST_SEARCH,
    hidden_lines,
    matching_entitlements,
    result_message,
)
from portal.pages.see_other import SeeOther
from portal.wording import duration as duration_in_words
from portal.wording import in_words

MOST = 10
NOT_ALL_READ_ONLY = gettext_lazy("Roles that do not offer read-only get no keys with it.")
# More roles than this are not listed: people search for the others.
MOST_LISTED = 500
# Seconds after which no further role is tried, because AWS is slow and somebody is waiting.
PATIENCE = 10


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role to tick; `role` is None if a link named a role that this person does not have."""

    value: str
    role: OfferedRole | None

    @property
    def hidden_lines(self) -> str:
        """What the search looks at beside the text of the row."""
        return hidden_lines(self.role) if self.role else ""


@dataclass(frozen=True, slots=True, repr=False)
class RoleResult:
    """What became of one role: keys, or an error, or neither if it was not tried."""

    value: str
    role: OfferedRole | None
    issued: IssuedKeys | None = None
    error: GatehouseError | None = None
    block: Block | None = None
    profile: str = ""
    valid_for: str = ""

    @property
    def can_retry(self) -> bool:
        """Whether asking again can help: it was not tried, or what failed passes."""
        return self.issued is None and (self.error is None or self.error.can_retry)

    @property
    def help_query(self) -> str:
        """The query of the keys page that has a message to send about this refusal; "" if it was none."""
        if not isinstance(self.error, AccessDenied) or self.error.code == NO_KEYS:
            return ""
        account_id, _, role_name = self.value.partition("/")
        return RoleRequest(account_id=account_id, role_name=role_name).query


@never_cache
@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """List the roles that give keys, to tick; a search keeps the ticks."""
    return _choose(request, role_values(request.GET))


def keys(request: HttpRequest, values: Sequence[str]) -> HttpResponse:
    """Ask for a duration on GET; on POST issue keys for each role, whatever becomes of the others."""
    if not values:
        return _choose(request, values, complaint=gettext("Tick at least one role."))
    if len(values) > MOST:
        complaint = in_words(
            Message(
                "You ticked %(ticked)s roles; at most %(most)s are possible. Nothing was issued. "
                "Remove some ticks.",
                ticked=len(values),
                most=MOST,
            )
        )
        return _choose(request, values, complaint=complaint)
    return _issue(request, values) if request.method == "POST" else _ask(request, values)


def _choose(request: HttpRequest, values: Sequence[str], *, complaint: str = "") -> HttpResponse:
    query = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    with_keys = _with_keys(request)
    matching = sorted(matching_entitlements(with_keys.values(), query), key=_order)
    ticked = frozenset(values)  # A form can send thousands of them.
    others = [entitlement for entitlement in matching if _value(entitlement) not in ticked]
    context = {
        "ticked": [
            RoleChoice(value, with_keys[value].role) for value in values if value in with_keys
        ],
        "others": [RoleChoice(_value(each), each.role) for each in others[:MOST_LISTED]],
        "left_out": len(others[MOST_LISTED:]),
        "any": bool(with_keys),
        "query": query,
        "result_message": result_message(len(matching)) if query else "",
        "most": MOST,
        "complaint": complaint,
    }
    return render(request, "pages/bulk_keys.html", context, status=400 if complaint else 200)


def _ask(request: HttpRequest, values: Sequence[str]) -> HttpResponse:
    with_keys = _with_keys(request)
    roles = [with_keys[value].role for value in values if value in with_keys]
    limits = [_limit(role) for role in roles]
    wanted = role_request(request)
    query = RoleRequest(bulk=tuple(values), read_only=wanted.read_only).query
    offered = None
    if roles:
        longest = max(limit.seconds for limit in limits)
        offered = durations(longest=longest, last=_last_duration(request, roles[0]))
    read_only = sets_with_read_only()
    offering = [role for role in roles if role.role_name in read_only and not is_link(role)]
    context = {
        "wanted": wanted,
        "offers_read_only": bool(offering),
        "read_only_note": "" if len(offering) == len(roles) else NOT_ALL_READ_ONLY,
        "choices": [
            RoleChoice(value, with_keys[value].role if value in with_keys else None)
            for value in values
        ],
        "durations": offered,
        "privileged": any(role.privileged for role in roles),
        "differ": len({limit.seconds for limit in limits}) > 1,
        "because": sorted({limit.because for limit in limits if limit.because}),
        "link": f"{settings.BASE_URL}{reverse('keys')}?{query}",
        "query": query,
        "once": once.token(),
    }
    return render(request, "pages/bulk_keys_ask.html", context)


def _issue(request: HttpRequest, values: Sequence[str]) -> HttpResponse:
    wanted = role_request(request)
    query = RoleRequest(bulk=tuple(values), read_only=wanted.read_only).query
    if not once.is_first(request):
        return SeeOther(f"{reverse('keys')}?several=1&{query}&sent=1")
    # The rate limit counted the form as one; it asks for this many more.
    count_form(subject_of_request(request), times=len(values) - 1)
    with_keys, began = _with_keys(request), time.monotonic()
    outcomes = []
    for value in values:
        role = with_keys[value].role if value in with_keys else None
        if time.monotonic() - began > PATIENCE:
            outcomes.append(RoleResult(value, role))
            continue
        outcomes.append(_attempt(request, value, role, wanted, now=timezone.now()))
    failed = sum(outcome.issued is None for outcome in outcomes)
    again = tuple(outcome.value for outcome in outcomes if outcome.can_retry)
    context = {
        "outcomes": outcomes,
        "issued": len(outcomes) - failed,
        "failed": failed,
        "again_query": RoleRequest(bulk=again, read_only=wanted.read_only).query if again else "",
        "query": query,
        "read_only": wanted.read_only,
    }
    return render(request, "pages/bulk_keys_issued.html", context)


def _attempt(
    request: HttpRequest,
    value: str,
    role: OfferedRole | None,
    wanted: RoleRequest,
    *,
    now: datetime,
) -> RoleResult:
    """Issue keys for one role; a duration above the role's longest is shortened, as the page said."""
    account_id, _, role_name = value.partition("/")
    duration, longest = wanted.duration, _limit(role).seconds if role else None
    try:
        issued = issue_keys(
            subject=subject_of_request(request),
            role=RoleRef(account_id, role_name),
            duration=min(duration, longest) if duration and longest else duration,
            read_only=wanted.read_only,
            origin=origin_of(request),
            now=now,
        )
    except GatehouseError as error:
        return RoleResult(value, role, error=error)
    remember(request, issued.entitlement.role, duration=chosen(request, duration))
    seconds = round((issued.credentials.expires_at - now).total_seconds())
    named = RoleRef(account_id, role_name)
    profile = own_names(request).get(named) or name_by_id(issued.entitlement.role)
    return RoleResult(
        value,
        issued.entitlement.role,
        issued=issued,
        block=Block("", credentials_profile(issued, profile)),
        profile=profile,
        valid_for=duration_in_words(seconds),
    )


def _with_keys(request: HttpRequest) -> dict[str, Entitlement]:
    """Return the roles that give keys, for pages; the door decides anew."""
    entitlements = own_roles(request).by_name.values()
    return {_value(each): each for each in entitlements if each.allows(Kind.KEYS)}


def _limit(role: OfferedRole) -> SessionLimit:
    """Return the longest session of a role; its own where the portal is not set up to give it keys, as the door says."""
    try:
        return session_limit(role)
    except AwsRefused:
        return SessionLimit(role.session_duration)


def _last_duration(request: HttpRequest, role: OfferedRole) -> int | None:
    return last_keys(
        person=sign_in_of(request).person, account_id=role.account_id, role_name=role.role_name
    ).duration


def _value(entitlement: Entitlement) -> str:
    return f"{entitlement.role.account_id}/{entitlement.role.role_name}"


def _order(entitlement: Entitlement) -> tuple[str, str, str]:
    role = entitlement.role
    return (role.account_name.casefold(), role.account_id, role.role_name)
