"""The portal's middleware: an id for each request, its sign-in, and answers for errors of the domain."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib.auth import logout
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse, HttpResponseNotAllowed
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from accounts import time_budget
from accounts.errors import GatehouseError, SignInAgain
from accounts.people import is_due, note_seen
from accounts.signins import get_open, note_use, subject_of
from accounts.storable import is_storable
from accounts.types import Surface
from portal import health, languages, logs, proxies
from portal.limiting import TooMany, count_form
from portal.pages.errors import BrokenCookie, csrf_failure, error_page, method_not_allowed
from portal.request import GatehouseRequest
from portal.surfaces import area_of

log = logging.getLogger(__name__)

MAX_HEADERS = 64 * 1024
MAX_COOKIE_HEADER = 16 * 1024
"""Characters of all headers together, and of all cookies."""
MAX_COOKIES = 100
MAX_BACKSLASHES = 256

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")

GetResponse = Callable[[GatehouseRequest], HttpResponse]

PROBES: dict[str, GetResponse] = {
    "/healthz": health.healthz,
    "/readyz": health.readyz,
    proxies.PATH: proxies.answer,
}


class _Middleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        return self.get_response(request)


class RequestId(_Middleware):
    """Give each request a random id, in the log, the audit trail and the response, and its time for others."""

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        # Never taken from the request: people quote it to the portal admins.
        request.id = uuid.uuid4().hex
        request.sign_in = request.auth = None
        token = logs.request_id.set(request.id)
        try:
            with time_budget.begun():
                response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-Id"] = request.id
        return response


class TooManyHeaders(SuspiciousOperation):
    """More headers or cookies than any browser sends here."""


class BoundedHeaders(_Middleware):
    """Refuse headers that are too large, and cookies that take long to read, before anything reads them.

    gunicorn bounds each header, and joins several Cookie headers into one.
    """

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        size = sum(len(value) for name, value in request.META.items() if name.startswith("HTTP_"))
        cookies = request.META.get("HTTP_COOKIE", "")
        if (
            size > MAX_HEADERS
            or len(cookies) > MAX_COOKIE_HEADER
            or cookies.count(";") >= MAX_COOKIES
        ):
            raise TooManyHeaders("the headers or cookies are too many or too large")
        # Each costs Python time by the length of the cookie where CVE-2024-7592 is not fixed.
        if cookies.count("\\") > MAX_BACKSLASHES:
            raise TooManyHeaders("the cookies hold too many backslashes")
        return self.get_response(request)


class Probes(_Middleware):
    """Answer /healthz, /readyz and /proxycheck before the host is checked: load balancers ask by IP address."""

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info, self.get_response)
        return probe(request)


class CurrentSignIn(_Middleware):
    """Set `request.sign_in` and `request.user`; end the browser session if its sign-in has ended.

    Requests without a session cookie cost no query.
    """

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        if area_of(request.path_info).for_programs:
            return self.get_response(request)
        session_key = request.session.session_key
        if session_key and not (session_key.isascii() and session_key.isalnum()):
            raise BrokenCookie("the session cookie was not set by this portal")
        sign_in_id = request.session.get("sign_in")
        if sign_in_id:
            try:
                now = timezone.now()
                sign_in = get_open(sign_in_id=uuid.UUID(sign_in_id), now=now)
            except SignInAgain:
                logout(request)
            else:
                request.sign_in = sign_in
                request.user = sign_in.person
                note_use(sign_in, now=now)
                if is_due(sign_in.person.last_seen_at, now=now):
                    surface = area_of(request.path_info).surface
                    note_seen(subject_of(sign_in), surface=surface, now=now)
        return self.get_response(request)


class BrowserLanguage(_Middleware):
    """Answer pages in the language that the browser asks for (RFC 9110, section 12.5.4), or that it was set to here.

    Where it asks for none of ours, and for programs and the admin, that is English.
    """

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        if not _has_readers(request):
            return self.get_response(request)
        with translation.override(translation.get_language_from_request(request)):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
        patch_vary_headers(response, ("Accept-Language",))
        return response


class PreferredLanguage(_Middleware):
    """Answer pages in the language of the reader's preferences."""

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        if request.sign_in is not None and _has_readers(request):
            languages.activate_preferred(request.sign_in.person)
        return self.get_response(request)


def _has_readers(request: GatehouseRequest) -> bool:
    """Whether people who may be no admins read what is at this address."""
    area = area_of(request.path_info)
    return area.surface is Surface.PAGES and not area.for_programs


class SameOrigin(_Middleware):
    """Refuse forms that other sites send, by the browser's own header (Fetch Metadata).

    https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header. Django's check of the CSRF token follows.
    """

    def process_view(
        self,
        request: GatehouseRequest,
        view: Callable[..., HttpResponse],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> HttpResponse | None:
        del args, kwargs
        # Views for programs are exempt: they know no cookies.
        if request.method in SAFE or getattr(view, "csrf_exempt", False):
            return None
        site = request.headers.get("Sec-Fetch-Site")
        if site in ("cross-site", "same-site"):
            log.warning("refused: a %s from a %s page: %s", request.method, site, request.path)
            return csrf_failure(request)
        if site == "same-origin" and request.headers.get("Origin") == "null":
            # With `Referrer-Policy: no-referrer` browsers send the origin "null" even to the same origin
            # (https://fetch.spec.whatwg.org/#append-a-request-origin-header). Django refuses that.
            request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"
        return None


class NotStorable(SuspiciousOperation):
    """Text that no database can store or compare: no form of ours sends it."""


class StorableText(_Middleware):
    """Refuse a path, and on pages a query or a form, that holds what the database cannot take, such as NUL."""

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        if not is_storable(request.path_info):
            raise NotStorable("the path holds characters that cannot be stored")
        return self.get_response(request)

    def process_view(
        self,
        request: GatehouseRequest,
        view: Callable[..., HttpResponse],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> HttpResponse | None:
        del view, args, kwargs
        if area_of(request.path_info).for_programs:
            return None  # Their operations say which field is wrong.
        for fields in (request.GET, request.POST):
            for name, values in fields.lists():
                if not all(map(is_storable, (name, *values))):
                    raise NotStorable("a field holds characters that cannot be stored")
        return None


class Forms(_Middleware):
    """Limit how many forms a person may send; signing out is never refused."""

    def process_view(
        self,
        request: GatehouseRequest,
        view: Callable[..., HttpResponse],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> HttpResponse | None:
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
    """Answer errors of the domain in the shape of their surface, and wrong methods with a page."""

    def __call__(self, request: GatehouseRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return method_not_allowed(request, response)  # Django's own answer is empty.
        return response

    def process_exception(
        self, request: GatehouseRequest, exception: Exception
    ) -> HttpResponse | None:
        if isinstance(exception, GatehouseError):
            return area_of(request.path_info).errors.domain_error(request, exception)
        return None
