"""The Content-Security-Policy: that of the settings for pages; for programs, nothing may be loaded."""

from __future__ import annotations

from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal.context import open_sign_in
from portal.surfaces import area_of

FOR_PROGRAMS = "default-src 'none'; frame-ancestors 'none'"


class ContentSecurityPolicy(CSPMiddleware):
    """django-csp's middleware, but for what programs are answered."""

    def process_request(self, request: HttpRequest) -> None:
        if not area_of(request.path_info).for_programs:
            super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """The API's documentation is a page like others."""
        if area_of(request.path_info).for_programs and "html" not in response.get(
            "Content-Type", ""
        ):
            response.setdefault(HEADER, FOR_PROGRAMS)
            return response
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Allow the sign-out form to lead on to the identity provider.

        Chromium checks every redirect after a form against `form-action`. The provider's origin is
        in the session since the sign-in, so that no page waits for the provider.
        """
        parts = super().get_policy_parts(request, response, report_only)
        if open_sign_in(request) and (origin := request.session.get("end_session_origin")):
            update: dict[str, Any] = parts.update or {}
            parts.update = update | {"form-action": [*update.get("form-action", ()), origin]}
        return parts
