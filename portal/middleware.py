"""What every request gets: an id, the sign-in it belongs to, and pages for the errors of the domain."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib.auth import logout
from django.http import HttpResponse, HttpResponseNotAllowed
from django.urls import reverse
from django.utils import timezone

from accounts.errors import GatehouseError, SignInAgain
from accounts.signins import get_open, subject_of
from portal import health, logs
from portal.limiting import TooMany, count_form
from portal.pages.errors import BrokenCookie, csrf_failure, error_page, method_not_allowed
from portal.request import GatehouseRequest
from portal.surfaces import area_of

log = logging.getLogger(__name__)

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")

GetResponse = Callable[[GatehouseRequest], HttpResponse]

PROBES: dict[str, GetResponse] = {"/healthz": health.healthz, "/readyz": health.readyz}


class _Middleware:
    """Passes every request on."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)


class RequestId(_Middleware):
    """Give each request an id of ours, in the log, the audit trail and the response."""

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        """Never take the id from the request: it is quoted to support and must be ours."""
        request.id = uuid.uuid4().hex
        request.sign_in = None
        token = logs.request_id.set(request.id)
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-Id"] = request.id
        return response


class Probes(_Middleware):
    """Answer /healthz and /readyz before the host is checked: load balancers ask by IP address."""

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        """Pass on what is no probe."""
        probe = PROBES.get(request.path_info, self.get_response)
        return probe(request)


class CurrentSignIn(_Middleware):
    """Attach the open sign-in as `request.sign_in`; a browser session without one is nobody's.

    Programs come with a bearer token: at their addresses there is no browser session.
    """

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        """End the browser session when its sign-in has ended; anonymous requests cost no query."""
        if area_of(request.path_info).for_programs:
            return self.get_response(request)
        session_key = request.session.session_key
        if session_key and not (session_key.isascii() and session_key.isalnum()):
            raise BrokenCookie("the session cookie is none that the portal gave")
        sign_in_id = request.session.get("sign_in")
        if sign_in_id:
            try:
                sign_in = get_open(sign_in_id=uuid.UUID(sign_in_id), now=timezone.now())
            except SignInAgain:
                logout(request)
            else:
                request.sign_in = sign_in
                request.user = sign_in.person
        return self.get_response(request)


class SameOrigin(_Middleware):
    """Refuse forms of other sites by what the browser itself says of a request: Fetch Metadata.

    https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header. Django's token check comes after it.
    """

    def process_view(
        self,
        request: GatehouseRequest,
        view: Callable[..., HttpResponse],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> HttpResponse | None:
        """Look at what would change something, unless it is for programs (`csrf_exempt`)."""
        del args, kwargs
        if request.method in SAFE or getattr(view, "csrf_exempt", False):
            return None
        site = request.headers.get("Sec-Fetch-Site")
        if site in ("cross-site", "same-site"):
            log.warning("refused a %s of a %s page: %s", request.method, site, request.path)
            return csrf_failure(request)
        if site == "same-origin" and request.headers.get("Origin") == "null":
            # With `Referrer-Policy: no-referrer` browsers hide the origin even from itself
            # (https://fetch.spec.whatwg.org/#append-a-request-origin-header); Django wants one.
            request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"
        return None


class Forms(_Middleware):
    """Bound how many forms somebody signed in may send; signing out is never refused."""

    def process_view(
        self,
        request: GatehouseRequest,
        view: Callable[..., HttpResponse],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> HttpResponse | None:
        """Count what passed the checks of where it comes from; by the person, so that nobody waits for others."""
        del view, args, kwargs
        if (
            request.sign_in is None
            or request.method in SAFE
            or request.path == reverse("oidc_logout")
        ):
            return None
        try:
            count_form(subject_of(request.sign_in))
        except TooMany as error:
            return error_page(request, error)
        return None


class DomainErrors(_Middleware):
    """Answer an error of the domain with its page, and so a method that an address does not take."""

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        """Pass on; where a method is not taken Django answers with nothing to read."""
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return method_not_allowed(request, response)
        return response

    def process_exception(
        self, request: GatehouseRequest, exception: Exception
    ) -> HttpResponse | None:
        """Render a `GatehouseError`; leave everything else to Django."""
        if isinstance(exception, GatehouseError):
            return area_of(request.path_info).errors.domain_error(request, exception)
        return None
