"""Error pages: what happened, what to do, and an id to quote."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, gettext_lazy

from accounts import refreshing
from accounts.errors import AccessDenied, GatehouseError, SignInAgain, VerifyAgain
from accounts.messages import Message
from accounts.step_up import StepUpRequired
from accounts.trust.switch_role import NO_KEYS
from portal import kept_forms
from portal.limiting import TooMany
from portal.outages import outage
from portal.pages import once, refusals
from portal.pages.role_request import role_request
from portal.refusals import OF_GROUPS
from portal.request import GatehouseRequest
from portal.wording import in_words

_TITLES = {
    400: gettext_lazy("Request not valid"),
    401: gettext_lazy("Sign in again"),
    403: gettext_lazy("Access denied"),
    404: gettext_lazy("Page not found"),
    405: gettext_lazy("Request not valid"),
    413: gettext_lazy("Request too large"),
    429: gettext_lazy("Too many requests"),
    502: gettext_lazy("AWS refused the request"),
    503: gettext_lazy("Not available right now"),
}
# The errors of fields that a link to the console does not need.
_OPTIONAL = ("request.destination", "request.region")
# Signing in again helps; it does not where somebody is blocked.
_SIGN_IN_HELPS = (SignInAgain.code, refreshing.TOO_OLD, refreshing.ENDED_THERE)
# Pages whose forms are sent to the same address, query included.
_SAME_ADDRESS = ("/authorize", "/device")
_JUST_SIGNED_IN = timedelta(seconds=30)


class BrokenCookie(SuspiciousOperation):
    """The session cookie cannot be one of ours. Databases refuse some characters, such as NUL."""


def error_page(request: GatehouseRequest, error: GatehouseError) -> HttpResponse:
    """Render an error of the domain. Without a sign-in, a GET is redirected to sign in.

    A refusal of access that the door has not recorded is recorded here. Only portal admins see the admin message.
    """
    if isinstance(error, StepUpRequired) and _may_step_up(request):
        to_provider = redirect(sign_in_url(request, **error.parameters))
        add_never_cache_headers(to_provider)
        return to_provider
    if isinstance(error, AccessDenied):
        try:
            refusals.record(request, error)
        except TooMany as too_many:
            error = too_many
    if isinstance(error, VerifyAgain):
        return _verifying(request, error)
    again, again_label = _what_can_help(request, error)
    if error.code in _SIGN_IN_HELPS and not _is_signing_in(request):
        again, again_label = sign_in_url(request), gettext("Sign in")
        if request.method in ("GET", "HEAD"):
            to_sign_in = redirect(again)
            add_never_cache_headers(to_sign_in)
            return to_sign_in
        if request.sign_in is not None:
            again = _begin_at(_kept(request))
    response = _page(
        request,
        status=error.http_status,
        message=in_words(error.message),
        admin_message=error.admin_message if _is_admin(request) else "",
        code=error.code,
        again=again,
        again_label=again_label,
        help=refusals.help_request(request, error),
    )
    if (retry_after := getattr(error, "retry_after", None)) is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _what_can_help(request: GatehouseRequest, error: GatehouseError) -> tuple[str, str]:
    """Return where to go on, and what that is called; ("", "") where nothing that one can do helps."""
    if error.code in _OPTIONAL:
        return _without_optional_fields(request), gettext("Continue without it")
    if error.code == NO_KEYS:
        return _console_instead(request), gettext("Console")
    if isinstance(error, StepUpRequired):
        return sign_in_url(request, **error.parameters), gettext("Sign in again")
    if _is_signing_in(request):
        return "", ""
    if error.can_retry:
        return _address_again(request), gettext("Try again")
    if error.code not in OF_GROUPS or request.sign_in is None:
        return "", ""
    # The provider is asked anew, in the same sign-in.
    again = _address_again(request)
    return (
        (refusals.check_groups_url(again), gettext("Check my groups again")) if again else ("", "")
    )


def _without_optional_fields(request: GatehouseRequest) -> str:
    """Return the link to the console without the page or region that is wrong."""
    # The page may be that of the permission set: then there is nothing to leave out.
    wanted = role_request(request)
    if not (wanted.destination or wanted.region):
        return ""
    return f"{reverse('console')}?{replace(wanted, destination='', region='').query}"


def _console_instead(request: GatehouseRequest) -> str:
    """Return the link to the console of the one role of which somebody wanted keys; "" for several."""
    wanted = role_request(request)
    return "" if wanted.bulk is not None else f"{reverse('console')}?{wanted.query}"


def _verifying(request: GatehouseRequest, error: VerifyAgain) -> HttpResponse:
    """Send the browser to the provider, which asks nothing where it still knows the person, and back.

    A form is answered by a page, as Chromium allows no redirect to elsewhere after one (`form-action`).
    """
    if request.method in ("GET", "HEAD"):
        response: HttpResponse = redirect(_begin_at(request.get_full_path(), verify="1"))
    else:
        there = _begin_at(_kept(request), verify="1")
        response = render(
            request, "pages/verifying.html", {"there": there}, status=error.http_status
        )
    add_never_cache_headers(response)
    return response


def _begin_at(back: str, **more: str) -> str:
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back, **more})}"


def _kept(request: GatehouseRequest) -> str:
    """Keep a form that was refused, and return the address of the page that offers to send it again."""
    if once.FIELD in request.POST:
        once.release(request)
    return kept_forms.keep(request)


def sign_in_url(request: GatehouseRequest, **parameters: str) -> str:
    """Return where to sign in and come back: to the page itself, or to the GET of the form sent.

    `parameters` say what kind of sign-in, as `portal.signin.views.Authenticate` takes them.
    """
    return _begin_at(_address_again(request) or "/", **parameters)


def _address_again(request: GatehouseRequest) -> str:
    """Return the address of the page itself, or of the GET of the form sent; "" for forms without one."""
    if request.method in ("GET", "HEAD") or request.path in _SAME_ADDRESS:
        return request.get_full_path()
    if request.path in (reverse("keys"), reverse("console")):
        return f"{request.path}?{role_request(request).query}"
    return ""


def csrf_failure(request: GatehouseRequest, reason: str = "") -> HttpResponse:
    """Explain that a form was too old or came from another site."""
    del reason
    return _page(
        request,
        status=403,
        title=gettext("Nothing was changed"),
        message=gettext(
            "This form is too old, or another site sent it. Go back, reload the page, and send "
            "it again. If it happens again, allow cookies for this site."
        ),
    )


def bad_request(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer a request that cannot be read: a form or cookie that is too large, or a wrong host."""
    if isinstance(exception, RequestDataTooBig):
        return _page(
            request,
            status=413,
            message=gettext("The request is larger than this portal accepts. Nothing was changed."),
        )
    response = _page(
        request,
        status=400,
        message=gettext(
            "The request could not be read. Nothing was changed. Go back and try again. If it "
            "happens again, delete this site's cookies."
        ),
    )
    if isinstance(exception, BrokenCookie):
        response.delete_cookie(settings.SESSION_COOKIE_NAME)
    return response


def permission_denied(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer a page that this person may not use, as Django's admin says it."""
    denied = AccessDenied(
        Message("You may not use this page. Nothing was changed."),
        str(exception) or "Django's permissions refuse this page",
        code="access.page_denied",
    )
    return error_page(request, denied)


def method_not_allowed(request: GatehouseRequest, refusal: HttpResponse) -> HttpResponse:
    """Answer a method that the address does not accept."""
    response = _page(
        request,
        status=405,
        message=gettext(
            "This address does not accept this kind of request, such as a link to what only a button "
            "does. Nothing was changed. Start from your accounts."
        ),
    )
    response["Allow"] = refusal["Allow"]
    return response


def page_not_found(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer an unknown address."""
    del exception
    return _page(
        request,
        status=404,
        message=gettext(
            "There is nothing at this address. Check the link, or start from your accounts."
        ),
    )


def server_error(request: GatehouseRequest) -> HttpResponse:
    """Answer a bug, or a database that is down. Uses nothing that may be what failed, such as the sign-in."""
    failed = outage(sys.exc_info()[1])
    context = {
        "portal_name": settings.PORTAL_NAME,
        "support_contact": settings.SUPPORT_CONTACT,
        "title": _TITLES[503] if failed else gettext("Something went wrong"),
        "message": gettext(failed)
        if failed
        else gettext(
            "This is an error of the portal, not yours. Try again. If it happens again, contact "
            "your portal admins."
        ),
        "request_id": request.id,
        "again": request.get_full_path() if _may_open_again(request) else "",
        "again_label": gettext("Try again"),
    }
    response = HttpResponse(render_to_string("error.html", context), status=503 if failed else 500)
    add_never_cache_headers(response)
    return response


def _page(
    request: GatehouseRequest, *, status: int, message: str, title: str = "", **context: object
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


def _may_step_up(request: GatehouseRequest) -> bool:
    """Whether to send somebody to the provider: not from a form, and not twice in a row.

    After a sign-in that was just completed, the provider does not give what the role asks for.
    """
    return (
        request.method in ("GET", "HEAD")
        and request.sign_in is not None
        and request.sign_in.started_at <= timezone.now() - _JUST_SIGNED_IN
    )


def _may_open_again(request: GatehouseRequest) -> bool:
    """Whether opening the same address again can help, and sends nothing a second time."""
    return request.method == "GET" and not _is_signing_in(request)


def _is_signing_in(request: GatehouseRequest) -> bool:
    """Whether this is a step of signing in, which must not redirect to itself."""
    return request.path.startswith("/oidc/")
