"""Your sign-ins: where somebody is signed in, what hangs from it, what is alive at AWS; end one or all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import ending
from accounts.encryption import decrypt
from accounts.ending import Ended, OpenSignIn
from accounts.messages import Message
from accounts.session_sources import SourceKind, alive_until
from accounts.visible import visible
from portal import provider_session
from portal.context import origin_of, sign_in_of
from portal.pages import browsers, humanize
from portal.pages.recorded_sessions import at_aws
from portal.pages.tokens import TokenRow
from portal.request import GatehouseRequest
from portal.wording import in_words


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
    told = (
        Message("%(ended)s.", ended=ended.in_words)
        if ended.sign_ins
        else Message("It had ended already.")
    )
    return _told(request, told, came_from=(SourceKind.SIGN_IN, sign_in_id))


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
    told = Message("Command line ended: %(name)s.", name=visible(ended.client_name))
    return _told(request, told, came_from=(SourceKind.COMMAND_LINE, approval_id))


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
    return _told(
        request,
        Message("%(ended)s.", ended=ended.in_words) + Message("You are still signed in here."),
    )


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


def _told(
    request: HttpRequest, message: Message, *, came_from: tuple[SourceKind, UUID] | None = None
) -> HttpResponse:
    """Say what has ended, and until when sessions that came from it live on; then show the list that was acted on."""
    messages.success(request, in_words(message))
    if came_from is not None:
        person = sign_in_of(request).person
        until = alive_until(person, *came_from, now=timezone.now())
        if until is not None:
            lives_on = Message(
                "What it got from AWS is alive there until %(moment)s at the latest.", moment=until
            )
            messages.warning(request, in_words(lives_on))
    return redirect("activity" if request.POST.get("back") == "activity" else "sessions")


def _signed_out(request: HttpRequest, ended: Ended) -> HttpResponse:
    """Tell somebody who has just ended the present sign-in, in a browser that knows nobody any more."""
    person = sign_in_of(request).person
    context = {"ended": in_words(ended.in_words), "at_aws": at_aws(person, now=timezone.now())}
    _forget(request)
    response = render(request, "pages/signed_out.html", context)
    provider_session.mark_as_remaining(response)
    return response


def _forget(request: HttpRequest) -> None:
    auth.logout(request)
    cast(GatehouseRequest, request).sign_in = None
