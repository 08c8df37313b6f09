"""Start, finish and end a sign-in at the provider."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from django.conf import settings
from django.contrib import auth
from django.http import HttpResponse, HttpResponseRedirect
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
from accounts.messages import Message
from accounts.models import SignIn
from accounts.oidc import discovery
from accounts.oidc.errors import SignInFailed
from portal import limiting, provider_session
from portal.context import origin_of, sign_in_of
from portal.request import GatehouseRequest
from portal.signin import authorization_response, known_browsers, sign_in_attempts
from portal.signin.backend import callback_url
from portal.signin.failed_sign_in import begin_at, failed_page
from portal.signin.sign_in_attempts import ASKING, SILENTLY

MAX_NEXT = 2048
_MAX_AGE = re.compile(r"[0-9]{1,7}")


class Authenticate(OIDCAuthenticationRequestView):  # type: ignore[misc]  # It has no types.
    """Send the browser to the provider with a state, nonce and PKCE challenge of its own."""

    def __init__(self, **kwargs: Any) -> None:
        super(OIDCAuthenticationRequestView, self).__init__(**kwargs)
        self.OIDC_RP_CLIENT_ID = settings.OIDC_RP_CLIENT_ID
        self.endpoint_query: dict[str, str] = {}
        self.verifies = ""

    def get(self, request: GatehouseRequest) -> HttpResponse:
        """Let mozilla-django-oidc build the request, in the session of the attempt instead of the browser's."""
        next_url = safe_next(request.GET.get("next", ""))
        if request.sign_in is not None and _came_from_elsewhere(request):
            # A new sign-in would replace the present one, and may be somebody else's.
            redirect = HttpResponseRedirect(next_url)
            redirect["Cache-Control"] = "no-store"
            return redirect
        if request.sign_in is not None and request.GET.get("verify") in (SILENTLY, ASKING):
            self.verifies = request.GET["verify"]
        try:
            limiting.count_started_sign_in(request, browser=known_browsers.mark_of(request))
            endpoint = urlsplit(discovery.provider().authorization_endpoint)
        except GatehouseError as error:
            return failed_page(request, error, next_url=next_url)
        # RFC 6749 section 3.1: the endpoint may have a query of its own, which has to stay.
        self.endpoint_query = dict(parse_qsl(endpoint.query, keep_blank_values=True))
        self.OIDC_OP_AUTH_ENDPOINT = urlunsplit(endpoint._replace(query=""))
        attempt, browser = sign_in_attempts.new(), request.session
        request.session = attempt
        try:
            response: HttpResponse = super().get(request)
        finally:
            request.session = browser
        attempt["oidc_login_next"] = next_url
        attempt["verifies"] = self.verifies
        sign_in_attempts.remember(request, response, attempt)
        response["Cache-Control"] = "no-store"
        return response

    def get_extra_params(self, request: GatehouseRequest) -> dict[str, str]:
        """Return the parameters that replace or complete mozilla-django-oidc's own."""
        parameters = self.endpoint_query | {"redirect_uri": callback_url()}
        parameters |= _step_up(request)
        if provider_session.may_remain(request):
            # OpenID Connect Core 1.0 section 3.1.2.1: ask again, although there is a session.
            parameters["prompt"] = "login"
        elif self.verifies == SILENTLY:
            parameters["prompt"] = "none"
        return parameters


class Callback(OIDCAuthenticationCallbackView):  # type: ignore[misc]
    """Receive the browser back from the provider; every failure ends in a page."""

    request: GatehouseRequest

    def get(self, request: GatehouseRequest) -> HttpResponse:
        """Match the response to an attempt of this browser, then complete that sign-in."""
        previous: SignIn | None = request.sign_in
        next_url, answer = "/", None
        try:
            answer = authorization_response.parse(request)
            attempt = sign_in_attempts.claim(request, answer.state)
            next_url = attempt.next_url
            answer.check_issuer()
            if answer.is_from_stale_tab:
                again = begin_at(next_url, verify=attempt.verifies)
                response: HttpResponse = HttpResponseRedirect(again)
            elif attempt.verifies == SILENTLY and answer.needs_the_person:
                response = HttpResponseRedirect(begin_at(next_url, verify=ASKING))
            else:
                answer.check_code()
                response = self._begin(self._person(attempt), previous, next_url)
        except GatehouseError as error:
            is_refusal = error.code == authorization_response.PROVIDER_REFUSED
            message = answer.provider_message if answer and is_refusal else ""
            response = failed_page(request, error, next_url=next_url, provider_message=message)
        if answer:
            sign_in_attempts.forget(response, answer.state)
        response["Cache-Control"] = "no-store"
        return response

    def _person(self, attempt: sign_in_attempts.SignInAttempt) -> Any:
        """Exchange the code, and return the person who has signed in; raises SignInFailed and the like."""
        person = auth.authenticate(
            self.request,
            nonce=attempt.nonce,
            code_verifier=attempt.code_verifier,
            verifies=bool(attempt.verifies),
        )
        if person is None:
            raise SignInFailed(
                Message(
                    "Sign-in is not set up correctly in this portal. Contact your portal admins."
                ),
                "No backend answered.",
            )
        return person

    def _begin(self, person: Any, previous: SignIn | None, next_url: str) -> HttpResponse:
        """Give the browser a new session; nothing of the one before remains, nor its key.

        A sign-in that was only verified again keeps its session: other tabs have forms of it.
        """
        request = self.request
        begun = sign_in_of(request)
        if previous is not None and previous.pk == begun.pk:
            return HttpResponseRedirect(next_url)
        request.session.flush()
        auth.login(request, person)
        request.session["sign_in"] = str(begun.id)
        request.session["end_session_origin"] = discovery.end_session_origin()
        if previous is not None:
            signins.replace(
                previous=previous, by=begun, origin=origin_of(request), now=timezone.now()
            )
        response = HttpResponseRedirect(next_url)
        known_browsers.remember(request, response)
        provider_session.forget(request, response)
        return response


class Logout(OIDCLogoutView):  # type: ignore[misc]
    """End the sign-in here, then at the provider. Only by POST, so that a link signs nobody out."""

    http_method_names = ["post"]

    def post(self, request: GatehouseRequest) -> HttpResponse:
        """End the sign-in before anything that may fail."""
        sign_in: SignIn | None = request.sign_in
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
        if not sign_in:
            # The sign-in has expired here; at the provider the session may still be open.
            allowed_origin = discovery.end_session_origin()
        response = provider_session.response_that_signs_out(id_token, allowed_origin=allowed_origin)
        if response is None:
            response = HttpResponseRedirect("/")
            provider_session.mark_as_remaining(response)
        response["Cache-Control"] = "no-store"
        return response


def _step_up(request: GatehouseRequest) -> dict[str, str]:
    """Return how to ask the provider for the sign-in that a role asks for. The door checks what comes back."""
    parameters = {}
    if "mfa" in request.GET:
        if settings.MFA_ACR_VALUES:
            parameters["acr_values"] = " ".join(settings.MFA_ACR_VALUES)
        else:
            # There is no standard way to ask for an amr: whoever signs in anew is asked for all factors.
            parameters["prompt"] = "login"
    if _MAX_AGE.fullmatch(max_age := request.GET.get("max_age", "")):
        parameters["max_age"] = max_age
    return parameters


def _came_from_elsewhere(request: GatehouseRequest) -> bool:
    """Whether the browser says that a link of another site led here: https://www.w3.org/TR/fetch-metadata/."""
    return request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")


def safe_next(url: str) -> str:
    """Return a path of this portal to go to after the sign-in; "/" for everything else."""
    if (
        len(url) <= MAX_NEXT
        and url.startswith("/")
        and not url.startswith(("//", "/\\", "/oidc/"))
        and url_has_allowed_host_and_scheme(url, allowed_hosts=None)
    ):
        return url
    return "/"
