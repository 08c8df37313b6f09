"""Ask somebody whether a program on their machine may act for them: what `aws sso login` opens."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import SignIn
from accounts.sso import authorization_codes
from accounts.sso.authorization_codes import AuthorizationRequest
from portal.context import origin_of, sign_in_of
from portal.pages.errors import sign_in_url
from portal.request import GatehouseRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: GatehouseRequest) -> HttpResponse:
    """Ask; on POST, answer the program. The request stays in the address, and is read anew each time.

    Nobody is sent to the program without having said yes or no here: what is wrong is a page.
    """
    now = timezone.now()
    asked = authorization_codes.parse_request(
        client_id=request.GET.get("client_id", ""),
        response_type=request.GET.get("response_type", ""),
        redirect_uri=request.GET.get("redirect_uri", ""),
        state=request.GET.get("state", ""),
        code_challenge_method=request.GET.get("code_challenge_method", ""),
        code_challenge=request.GET.get("code_challenge", ""),
        # The AWS CLI writes it so; OAuth has no s.
        scopes=request.GET.get("scopes", request.GET.get("scope", "")),
        now=now,
    )
    sign_in = sign_in_of(request)
    if request.method == "POST":
        return _answer(request, asked, sign_in, now)
    address = urlsplit(asked.redirect_uri).netloc
    context = {"client": asked.client, "address": address, **standing(request, sign_in, now)}
    response = render(request, "pages/authorize.html", context)
    # Chromium holds the redirect after the form against this, too.
    response._csp_update = {"form-action": [f"http://{address}"]}  # type: ignore[attr-defined]  # django-csp reads it.
    return response


def standing(request: GatehouseRequest, sign_in: SignIn, now: datetime) -> dict[str, Any]:
    """Return until when a program would be let in, and where to sign in anew if that is soon."""
    soon = (sign_in.expires_at - now).total_seconds() < settings.SIGN_IN_LIFETIME / 2
    return {"until": sign_in.expires_at, "again": sign_in_url(request) if soon else ""}


def _answer(
    request: GatehouseRequest, asked: AuthorizationRequest, sign_in: SignIn, now: datetime
) -> HttpResponse:
    origin = origin_of(request)
    if request.POST.get("answer") == "allow":
        code = authorization_codes.allow(sign_in=sign_in, request=asked, origin=origin, now=now)
        said = {"code": code, "state": asked.state}
    else:
        authorization_codes.deny(sign_in=sign_in, request=asked, origin=origin, now=now)
        said = {"error": "access_denied", "state": asked.state}
    return HttpResponseRedirect(f"{asked.redirect_uri}?{urlencode(said)}")
