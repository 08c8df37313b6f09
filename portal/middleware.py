"""What every request gets: an id, the sign-in it belongs to, and pages for the errors of the domain."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.errors import GatehouseError, SignInAgain
from accounts.signins import standing
from portal import logs
from portal.pages.errors import error_page

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestId:
    """Give each request an id of ours, in the log, the audit trail and the response."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Never take the id from the request: it is quoted to support and must be ours."""
        request.id = uuid.uuid4().hex  # type: ignore[attr-defined]
        token = logs.request_id.set(request.id)  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-Id"] = request.id  # type: ignore[attr-defined]
        return response


class CurrentSignIn:
    """Attach the open sign-in as `request.sign_in`; a browser session without one is nobody's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """End the browser session when its sign-in has ended; anonymous requests cost no query."""
        request.sign_in = None  # type: ignore[attr-defined]
        sign_in_id = request.session.get("sign_in")
        if sign_in_id:
            try:
                sign_in = standing(sign_in_id=uuid.UUID(sign_in_id), now=timezone.now())
            except SignInAgain:
                logout(request)
            else:
                request.sign_in = sign_in  # type: ignore[attr-defined]
                request.user = sign_in.person
        return self.get_response(request)


class DomainErrors:
    """Answer an error of the domain with its page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Render a `GatehouseError`; leave everything else to Django."""
        if isinstance(exception, GatehouseError):
            return error_page(request, exception)
        return None
