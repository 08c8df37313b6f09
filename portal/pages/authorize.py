"""Ask somebody to allow command-line access: the page that `aws sso login` opens."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import SignIn
from accounts.sso import authorization_codes
from accounts.sso.authorization_codes import AuthorizationRequest
from accounts.types import Surface
from portal.context import origin_of, sign_in_of
from portal.pages.errors import sign_in_url
from portal.pages.form_action import allow_form_targets
from portal.request import GatehouseRequest
from portal.verified import verify


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: GatehouseRequest) -> HttpResponseBase:
    """Show what the program asks for; on POST, redirect to it with the answer.

    The program's request is in the query and is checked each time. If it is wrong, the browser is not
    redirected: there is an error page.
    """
    now = timezone.now()
    authorization = authorization_codes.parse_request(
        client_id=request.GET.get("client_id", ""),
        response_type=request.GET.get("response_type", ""),
        redirect_uri=request.GET.get("redirect_uri", ""),
        state=request.GET.get("state", ""),
        code_challenge_method=request.GET.get("code_challenge_method", ""),
        code_challenge=request.GET.get("code_challenge", ""),
        # The AWS CLI sends `scopes`, where OAuth has `scope`.
        scopes=request.GET.get("scopes", request.GET.get("scope", "")),
        now=now,
    )
    if request.method == "POST":
        verify(request, Surface.PAGES)
        return _answer(request, authorization, sign_in_of(request), now)
    sign_in = sign_in_of(request)
    address = urlsplit(authorization.redirect_uri).netloc
    context = {
        "client": authorization.client,
        "address": address,
        **access_end(request, sign_in, now),
    }
    response = render(request, "pages/authorize.html", context)
    return allow_form_targets(request, response, f"http://{address}")


def access_end(request: GatehouseRequest, sign_in: SignIn, now: datetime) -> dict[str, Any]:
    """Return for the template until when the access would last, and where to sign in again if that is soon."""
    soon = sign_in.expires_at - now < (sign_in.expires_at - sign_in.started_at) / 2
    return {"until": sign_in.expires_at, "again": sign_in_url(request) if soon else ""}


def _answer(
    request: GatehouseRequest, authorization: AuthorizationRequest, sign_in: SignIn, now: datetime
) -> HttpResponse:
    origin = origin_of(request)
    if request.POST.get("answer") == "allow":
        code = authorization_codes.allow(
            sign_in=sign_in, request=authorization, origin=origin, now=now
        )
        answer = {"code": code, "state": authorization.state}
    else:
        authorization_codes.deny(sign_in=sign_in, request=authorization, origin=origin, now=now)
        answer = {"error": "access_denied", "state": authorization.state}
    return HttpResponseRedirect(f"{authorization.redirect_uri}?{urlencode(answer)}")
