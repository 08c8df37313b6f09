"""Let the sign-out form lead to the provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse


class SignOutDestination:
    """Add the provider's origin to `form-action`: Chromium holds redirects after a form to it too.

    The origin was kept in the session when the person signed in, so no page waits for the provider.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add to what the view itself has changed in its policy."""
        response = self.get_response(request)
        if getattr(request, "sign_in", None) is None:
            return response
        if origin := request.session.get("end_session_origin"):
            update: dict[str, Any] = dict(getattr(response, "_csp_update", None) or {})
            sources = update.get("form-action") or []
            sources = [sources] if isinstance(sources, str) else list(sources)
            update["form-action"] = [*sources, origin]
            response._csp_update = update  # type: ignore[attr-defined]
        return response
