"""What the identity provider calls by itself: back-channel and front-channel logout, global token revocation.

OpenID Connect Back-Channel Logout 1.0 and Front-Channel Logout 1.0; draft-parecki-oauth-global-token-revocation,
which is Okta's Universal Logout. No cookie counts here.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import Http404, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts import provider_sign_outs
from accounts.errors import GatehouseError
from accounts.oidc import discovery, security_events
from accounts.oidc.errors import InvalidToken
from accounts.storable import is_storable
from accounts.types import Surface
from portal.context import origin_of
from portal.limiting import count_bad_token
from portal.request import GatehouseRequest

log = logging.getLogger(__name__)

REVOCATION_PATH = "/oidc/global-token-revocation"
_SHORTEST_SESSION_ID = 16
"""Characters. Whoever can guess a shorter one could sign people out by the front channel."""


@csrf_exempt
@never_cache
@require_POST
def backchannel_logout(request: GatehouseRequest) -> HttpResponse:
    """End what a logout token names (section 2.5): 200, or 400 with the reason, or 503 to try again."""
    now = timezone.now()
    try:
        token = security_events.verify_logout_token(request.POST.get("logout_token"), now=now)
        ended = provider_sign_outs.sign_out(token, origin=origin_of(request, Surface.API), now=now)
    except InvalidToken as error:
        return _refused(request, 400, error)
    except (GatehouseError, DatabaseError) as error:
        return _unavailable(error)
    log.info("back-channel logout: %s sign-ins, %s tokens", ended.sign_ins, ended.tokens)
    return HttpResponse(status=200)


@csrf_exempt
@never_cache
@require_POST
def global_token_revocation(request: GatehouseRequest) -> HttpResponse:
    """End all that a person has: 204, 400 or 401 with the reason, 404 for nobody, 503 to try again."""
    now = timezone.now()
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    try:
        token = security_events.verify_revocation_token(
            bearer if scheme.lower() == "bearer" else None,
            audience=f"{settings.BASE_URL}{REVOCATION_PATH}",
            now=now,
        )
        identifier = _identifier_in(request.body)
        if identifier.get("format") not in provider_sign_outs.FORMATS:
            return _invalid(400, "The body names nobody by iss_sub, email or opaque.")
        person = provider_sign_outs.person_of(identifier)
        if person is None:
            return _invalid(404, "Nobody here, or more than one, is meant by this sub_id.")
        ended = provider_sign_outs.revoke(
            person, token=token, origin=origin_of(request, Surface.API), now=now
        )
    except InvalidToken as error:
        return _refused(request, 401, error)
    except (GatehouseError, DatabaseError) as error:
        return _unavailable(error)
    log.info("global token revocation: %s sign-ins, %s tokens", ended.sign_ins, ended.tokens)
    return HttpResponse(status=204)


@never_cache
@xframe_options_exempt
@require_GET
def frontchannel_logout(request: GatehouseRequest) -> HttpResponse:
    """End the sign-in of a session at the provider, in a frame of its sign-out page. Off unless configured.

    Third-party cookies do not arrive in such a frame: the session's identifier has to name the sign-in.
    """
    if not settings.FRONT_CHANNEL_LOGOUT:
        raise Http404
    sid = request.GET.get("sid", "")
    # Entra ID sends no `iss`.
    if request.GET.get("iss", settings.OIDC_ISSUER) != settings.OIDC_ISSUER:
        return _invalid(400, "iss is not the portal's identity provider.")
    if not (_SHORTEST_SESSION_ID <= len(sid) <= 255 and is_storable(sid)):
        return _invalid(400, "sid is missing, or is no session's identifier.")
    try:
        ended = provider_sign_outs.end_session(
            sid=sid, origin=origin_of(request, Surface.API), now=timezone.now()
        )
    except DatabaseError as error:
        return _unavailable(error)
    if not ended.sign_ins:
        count_bad_token(request)  # Nobody finds a session's identifier by trying.
    response = HttpResponse("Signed out.", content_type="text/plain")
    framed_by = discovery.origin_of_url(settings.OIDC_ISSUER)
    response["Content-Security-Policy"] = f"default-src 'none'; frame-ancestors {framed_by}"
    return response


def _identifier_in(body: bytes) -> dict[str, str]:
    """Return the subject identifier of a revocation (RFC 9493); {} if the body cannot be read."""
    try:
        identifier: Any = json.loads(body)["sub_id"]
        values = {name: value for name, value in identifier.items() if isinstance(value, str)}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
    return values if all(map(is_storable, values.values())) else {}


def _refused(request: GatehouseRequest, status: int, error: InvalidToken) -> HttpResponse:
    """Refuse a token; raises TooMany where its address has sent too many of those. Good ones are always answered."""
    count_bad_token(request)
    log.warning("a call of the identity provider is refused: %s", error.admin_message)
    return _invalid(status, error.admin_message)


def _invalid(status: int, description: str) -> HttpResponse:
    kind = "invalid_token" if status == 401 else "invalid_request"
    answer = JsonResponse({"error": kind, "error_description": description}, status=status)
    if status == 401:
        answer["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return answer


def _unavailable(error: Exception) -> HttpResponse:
    why = error.admin_message if isinstance(error, GatehouseError) else type(error).__name__
    log.error("a call of the identity provider fails: %s", why)
    answer = _invalid(503, "The portal cannot do this right now. Try again.")
    answer["Retry-After"] = "5"
    return answer
