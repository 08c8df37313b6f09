"""Your sign-ins: where somebody is signed in, what hangs from it, what is alive at AWS; end one or all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import audit, ending, live_sessions
from accounts.encryption import decrypt
from accounts.ending import Ended, OpenSignIn
from accounts.live_sessions import LiveSession
from accounts.models import Person
from accounts.visible import visible
from portal import provider_session
from portal.context import origin_of, sign_in_of
from portal.pages import browsers, humanize
from portal.pages.tokens import TokenRow
from portal.request import GatehouseRequest

# Programs may have had keys a thousand times: of the latest this many are read, and so many shown.
_MOST_READ = 500
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class SignInRow:
    """An open sign-in as it is listed."""

    open: OpenSignIn
    browser: str
    is_current: bool

    @property
    def tokens(self) -> str:
        """The tokens that were created in it, by what they are for; "" if there are none."""
        shown, more = humanize.shortened([f"“{visible(one.purpose)}”" for one in self.open.tokens])
        return ", ".join(shown) + (f" and {more} more" if more else "")


@dataclass(frozen=True, slots=True)
class AtAws:
    """What is alive at AWS: the sessions that are shown, whether there are more, and when the last one has ended."""

    sessions: list[LiveSession]
    has_more: bool
    until: datetime | None


@never_cache
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """List one's own sign-ins and tokens, and what is alive at AWS."""
    current, now = sign_in_of(request), timezone.now()
    rows = [
        SignInRow(one, browsers.in_words(one.sign_in.user_agent), one.sign_in.pk == current.pk)
        for one in ending.open_sign_ins(current.person, now=now)
    ]
    context = {
        "rows": sorted(rows, key=lambda row: not row.is_current),
        "tokens": [TokenRow(token) for token in ending.live_tokens(current.person, now=now)],
        "at_aws": at_aws(current.person, now=now),
    }
    return render(request, "pages/sessions.html", context)


def at_aws(person: Person, *, now: datetime) -> AtAws:
    """Return what is alive at AWS of one person. Two queries."""
    events = audit.of_person(issuer=person.issuer, sub=person.sub)
    found = live_sessions.alive(events, now=now, at_most=_MOST_READ)
    return AtAws(
        found[:_MOST_SHOWN],
        len(found) > _MOST_SHOWN,
        live_sessions.last_expiry(events, now=now) if found else None,
    )


@never_cache
@require_POST
def end(request: HttpRequest, sign_in_id: UUID) -> HttpResponse:
    """End one sign-in. Who ends the present one is signed out."""
    current = sign_in_of(request)
    ended = ending.end_one(
        sign_in_id=sign_in_id, by=current, origin=origin_of(request), now=timezone.now()
    )
    if sign_in_id == current.pk:
        return _signed_out(request, ended)
    return _told(request, f"{ended.in_words}." if ended.sign_ins else "It had ended already.")


@never_cache
@require_POST
def end_command_line(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """End one command line; its sign-in goes on."""
    ended = ending.end_command_line(
        approval_id=approval_id,
        by=sign_in_of(request),
        origin=origin_of(request),
        now=timezone.now(),
    )
    return _told(request, f"Command line ended: {visible(ended.client_name)}.")


@never_cache
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """End all sign-ins but the present one and, if so chosen, all tokens."""
    ended = ending.end_others(
        by=sign_in_of(request),
        tokens_too=_tokens_too(request),
        origin=origin_of(request),
        now=timezone.now(),
    )
    return _told(request, f"{ended.in_words}. You are still signed in here.")


@never_cache
@require_POST
def end_all(request: HttpRequest) -> HttpResponse:
    """End all sign-ins, the present one too, and, if so chosen, all tokens; then go on to the provider's own sign-out."""
    current = sign_in_of(request)
    ended = ending.end_own(
        by=current,
        tokens_too=_tokens_too(request),
        origin=origin_of(request),
        now=timezone.now(),
    )
    if "provider" in request.POST:
        allowed_origin = request.session.get("end_session_origin")
        response = provider_session.response_that_signs_out(
            decrypt(current.encrypted_id_token), allowed_origin=allowed_origin
        )
        if response is not None:
            _forget(request)
            return response
    return _signed_out(request, ended)


def _tokens_too(request: HttpRequest) -> bool:
    return "tokens" in request.POST


def _told(request: HttpRequest, message: str) -> HttpResponse:
    messages.success(request, message)
    return redirect("sessions")


def _signed_out(request: HttpRequest, ended: Ended) -> HttpResponse:
    """Tell somebody who has just ended the present sign-in, in a browser that knows nobody any more."""
    person = sign_in_of(request).person
    context = {"ended": ended.in_words, "at_aws": at_aws(person, now=timezone.now())}
    _forget(request)
    response = render(request, "pages/signed_out.html", context)
    provider_session.mark_as_remaining(response)
    return response


def _forget(request: HttpRequest) -> None:
    auth.logout(request)
    cast(GatehouseRequest, request).sign_in = None
