"""Start, finish and end a sign-in at the provider."""

from __future__ import annotations

import re
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
    OIDCLogoutView,
)

from accounts import signins
from accounts.encryption import decrypt
from accounts.errors import GatehouseError
from accounts.models import SignIn
from accounts.oidc import discovery
from accounts.oidc.errors import SignInFailed
from portal import limiting
from portal.context import origin_of
from portal.signin import answers, attempts, browsers
from portal.signin.backend import callback_url
from portal.signin.failures import begin_at, failed

MAX_NEXT = 2048
MAX_LOGOUT_URL = 4000
"""Longer addresses do not pass common proxies; an ID token with many groups makes one."""
# It publishes an end_session_endpoint, and knows none of the parameters of the specification there:
# https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
_COGNITO = re.compile(r"cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")


class Authenticate(OIDCAuthenticationRequestView):  # type: ignore[misc]  # It has no types.
    """Send the browser to the provider with a state, nonce and PKCE challenge of its own."""

    def __init__(self, **kwargs: Any) -> None:
        super(OIDCAuthenticationRequestView, self).__init__(**kwargs)
        self.OIDC_RP_CLIENT_ID = settings.OIDC_RP_CLIENT_ID
        self.asked: dict[str, str] = {}

    def get(self, request: HttpRequest) -> HttpResponse:
        """Let mozilla-django-oidc build the request, with the attempt's session for the browser's."""
        next_url = safe_next(request.GET.get("next", ""))
        if getattr(request, "sign_in", None) is not None and _came_from_elsewhere(request):
            # A new sign-in ends the one before, and with it every command line that hangs from that.
            there = HttpResponseRedirect(next_url)
            there["Cache-Control"] = "no-store"
            return there
        try:
            limiting.count_started_sign_in(request, browser=browsers.known(request))
            endpoint = urlsplit(discovery.provider().authorization_endpoint)
        except GatehouseError as error:
            return failed(request, error, next_url=next_url)
        # RFC 6749 section 3.1: the endpoint may have a query of its own, which is kept.
        self.asked = dict(parse_qsl(endpoint.query, keep_blank_values=True))
        self.OIDC_OP_AUTH_ENDPOINT = urlunsplit(endpoint._replace(query=""))
        attempt, browser = attempts.new(), request.session
        request.session = attempt
        try:
            response: HttpResponse = super().get(request)
        finally:
            request.session = browser
        attempt["oidc_login_next"] = next_url
        attempts.remember(request, response, attempt)
        response["Cache-Control"] = "no-store"
        return response

    def get_extra_params(self, request: HttpRequest) -> dict[str, str]:
        """Return what goes over mozilla-django-oidc's own parameters."""
        return self.asked | {"redirect_uri": callback_url()}


class Callback(OIDCAuthenticationCallbackView):  # type: ignore[misc]
    """Take the browser back from the provider; every way this can fail ends in a page."""

    request: HttpRequest

    def get(self, request: HttpRequest) -> HttpResponse:
        """Match the answer to an attempt of this browser, then complete that sign-in."""
        standing: SignIn | None = getattr(request, "sign_in", None)
        next_url, answer = "/", None
        try:
            answer = answers.read(request)
            attempt = attempts.claim(request, answer.state)
            next_url = attempt.next_url
            answer.check_issuer()
            if answer.is_of_a_stale_tab:
                response: HttpResponse = HttpResponseRedirect(begin_at(next_url))
            else:
                answer.check_code()
                response = self._begin(self._person(attempt), standing, next_url)
        except GatehouseError as error:
            said = answer.said if answer and error.code == answers.PROVIDER_REFUSED else ""
            response = failed(request, error, next_url=next_url, said=said)
        if answer:
            attempts.forget(response, answer.state)
        response["Cache-Control"] = "no-store"
        return response

    def _person(self, attempt: attempts.Attempt) -> Any:
        """Return whose sign-in the code completes; raises what is wrong with it."""
        person = auth.authenticate(
            self.request, nonce=attempt.nonce, code_verifier=attempt.code_verifier
        )
        if person is None:
            raise SignInFailed(
                "This portal is not set up to sign anybody in. Tell the people who run it.",
                "No backend answered.",
            )
        return person

    def _begin(self, person: Any, replaced: SignIn | None, next_url: str) -> HttpResponse:
        """Give the browser a new session; nothing of the one before, nor its key, lives on."""
        request = self.request
        begun: SignIn = request.sign_in  # type: ignore[attr-defined]
        request.session.flush()
        auth.login(request, person)
        request.session["sign_in"] = str(begun.id)
        request.session["end_session_origin"] = discovery.end_session_origin()
        if replaced is not None:
            signins.end(
                sign_in=replaced,
                reason="replaced by a new sign-in",
                origin=origin_of(request),
                now=timezone.now(),
            )
        response = HttpResponseRedirect(next_url)
        browsers.mark(request, response)
        return response


class Logout(OIDCLogoutView):  # type: ignore[misc]
    """End the sign-in here, then at the provider. Only by POST: a link signs nobody out."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """End the sign-in before anything that may fail."""
        sign_in: SignIn | None = getattr(request, "sign_in", None)
        allowed_origin: str | None = request.session.get("end_session_origin")
        id_token = decrypt(sign_in.encrypted_id_token) if sign_in else ""
        if sign_in:
            signins.end(
                sign_in=sign_in,
                reason="signed out",
                origin=origin_of(request),
                now=timezone.now(),
            )
        auth.logout(request)
        url = end_session_url(id_token)
        if not sign_in:
            # Nothing is left here of a sign-in that ran out; at the provider it may still stand.
            allowed_origin = discovery.end_session_origin()
        if not url or discovery.origin_of_url(url) != allowed_origin:
            url = "/"  # The page's Content-Security-Policy would stop the browser on its way there.
        response = HttpResponseRedirect(url)
        response["Cache-Control"] = "no-store"
        return response


def _came_from_elsewhere(request: HttpRequest) -> bool:
    """Whether the browser says that another site led here: https://www.w3.org/TR/fetch-metadata/."""
    return request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")


def end_session_url(id_token: str) -> str:
    """Return where the provider signs people out (OpenID Connect RP-Initiated Logout 1.0); "" if nowhere."""
    try:
        op = discovery.provider()
    except GatehouseError:
        return ""
    if not op.end_session_endpoint:
        return ""
    parts, back = urlsplit(op.end_session_endpoint), f"{settings.BASE_URL}/"
    parameters = {
        **dict(parse_qsl(parts.query, keep_blank_values=True)),
        "client_id": settings.OIDC_RP_CLIENT_ID,
    }
    if _COGNITO.fullmatch(urlsplit(op.issuer).netloc):
        return urlunsplit(parts._replace(query=urlencode(parameters | {"logout_uri": back})))
    parameters |= {"post_logout_redirect_uri": back, "state": secrets.token_urlsafe(16)}
    bare = urlunsplit(parts._replace(query=urlencode(parameters)))
    hinted = urlunsplit(parts._replace(query=urlencode(parameters | {"id_token_hint": id_token})))
    return hinted if id_token and len(hinted) <= MAX_LOGOUT_URL else bare


def safe_next(url: str) -> str:
    """Return a path on our own origin to go to after the sign-in; "/" for everything else."""
    if (
        len(url) <= MAX_NEXT
        and url.startswith("/")
        and not url.startswith(("//", "/\\", "/oidc/"))
        and url_has_allowed_host_and_scheme(url, allowed_hosts=None)
    ):
        return url
    return "/"
