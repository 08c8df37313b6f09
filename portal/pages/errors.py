"""Error pages: what happened, what to do, and an id to quote."""

from __future__ import annotations

import sys
from dataclasses import replace
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from accounts.errors import GatehouseError, SignInAgain
from portal.outages import outage
from portal.pages.role_request import role_request
from portal.request import GatehouseRequest

_TITLES = {
    400: "This cannot be done",
    401: "Sign in again",
    403: "No access",
    404: "No such page",
    405: "This cannot be done",
    413: "Too much at once",
    429: "Too many tries",
    502: "AWS refused",
    503: "Not possible right now",
}
# What a link to the console can do without.
_CAN_BE_LEFT_OUT = ("request.destination", "request.region")
# Whose forms are sent to the address that shows them, with all of it.
_WITHOUT_FIELDS = ("/authorize", "/device")


class BrokenCookie(SuspiciousOperation):
    """The session cookie cannot be one of ours; databases refuse some of what is in such cookies."""


def error_page(request: GatehouseRequest, error: GatehouseError) -> HttpResponse:
    """Render an error of the domain; who asks for a page without a sign-in is sent to sign in.

    What the admin is told is shown to portal admins only.
    """
    again, again_label = _without_what_is_wrong(request, error), "Go on without it"
    if error.code == SignInAgain.code and not _is_signing_in(request):
        again, again_label = sign_in_url(request), "Sign in"
        if request.method in ("GET", "HEAD"):
            departure = redirect(again)
            add_never_cache_headers(departure)
            return departure
    response = _page(
        request,
        status=error.http_status,
        message=error.user_message,
        admin_message=error.admin_message if _is_admin(request) else "",
        code=error.code,
        again=again,
        again_label=again_label,
    )
    if (retry_after := getattr(error, "retry_after", None)) is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _without_what_is_wrong(request: GatehouseRequest, error: GatehouseError) -> str:
    """Return the same link to the console without the page or region it cannot open; "" for other errors."""
    if error.code not in _CAN_BE_LEFT_OUT:
        return ""
    # The page may be the role's own, and then there is nothing to leave out.
    wanted = role_request(request)
    if not (wanted.destination or wanted.region):
        return ""
    return f"{reverse('console')}?{replace(wanted, destination='', region='').query}"


def sign_in_url(request: GatehouseRequest) -> str:
    """Return where to sign in and come back: to the page itself, or to the GET of the form sent."""
    back = request.get_full_path()
    if request.method not in ("GET", "HEAD") and request.path not in _WITHOUT_FIELDS:
        again = request.path in (reverse("keys"), reverse("console"))
        back = f"{request.path}?{role_request(request).query}" if again else "/"
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back})}"


def csrf_failure(request: GatehouseRequest, reason: str = "") -> HttpResponse:
    """Explain a form that was too old or came from elsewhere."""
    del reason
    return _page(
        request,
        status=403,
        title="Nothing was done",
        message="This form is too old, or another site sent it. Go back, reload the page, and send "
        "it again; if it keeps happening, allow cookies for this site.",
    )


def bad_request(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer what cannot be read: a form or a cookie beyond all bounds, a host that is not ours."""
    if isinstance(exception, RequestDataTooBig):
        return _page(
            request,
            status=413,
            message="What was sent is larger than anything this portal asks for. Nothing was done.",
        )
    response = _page(
        request,
        status=400,
        message="The request could not be read. Nothing was done. Go back and try again; if it stays, "
        "delete this site's cookies.",
    )
    if isinstance(exception, BrokenCookie):
        response.delete_cookie(settings.SESSION_COOKIE_NAME)
    return response


def permission_denied(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer a page that is for others."""
    del exception
    return _page(request, status=403, message="This page is not for you. Nothing was done.")


def method_not_allowed(request: GatehouseRequest, refusal: HttpResponse) -> HttpResponse:
    """Answer a request of a kind that an address does not take, such as a link to what only a button does."""
    response = _page(
        request,
        status=405,
        message="This address takes no such request: what a button does, a link does not. Nothing was "
        "done. Start from your accounts.",
    )
    response["Allow"] = refusal["Allow"]
    return response


def page_not_found(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer an address that leads nowhere."""
    del exception
    return _page(
        request,
        status=404,
        message="There is nothing at this address. Check the link, or start from your accounts.",
    )


def server_error(request: GatehouseRequest) -> HttpResponse:
    """Answer a defect of ours, or a database that is down; uses nothing that may have failed."""
    failed = outage(sys.exc_info()[1])
    context = {
        "portal_name": settings.PORTAL_NAME,
        "support_contact": settings.SUPPORT_CONTACT,
        "title": _TITLES[503] if failed else "Something broke",
        "message": failed
        or "This is a defect of the portal, not of what you did. Try again; if it stays, tell the "
        "people who run the portal.",
        "request_id": request.id,
    }
    response = HttpResponse(render_to_string("error.html", context), status=503 if failed else 500)
    add_never_cache_headers(response)
    return response


def _page(
    request: GatehouseRequest, *, status: int, message: str, title: str = "", **context: str
) -> HttpResponse:
    context |= {
        "title": title or _TITLES.get(status, _TITLES[400]),
        "message": message,
        "request_id": request.id,
    }
    response = render(request, "error.html", context, status=status)
    add_never_cache_headers(response)
    return response


def _is_admin(request: GatehouseRequest) -> bool:
    return request.sign_in is not None and request.sign_in.person.is_admin


def _is_signing_in(request: GatehouseRequest) -> bool:
    """Whether this is a step of signing in, which must never lead to itself."""
    return request.path.startswith("/oidc/")
