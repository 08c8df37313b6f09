"""The Content-Security-Policy: that of the settings for pages, and nothing at all for what programs are answered."""

from __future__ import annotations

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal.api.errors import are_programs_at
from portal.sso.answers import is_asked_at

FOR_PROGRAMS = "default-src 'none'; frame-ancestors 'none'"


class ContentSecurityPolicy(CSPMiddleware):
    """Say what a browser may do with an answer."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Leave pages to django-csp; the API's documentation is one."""
        for_programs = are_programs_at(request.path_info) or is_asked_at(request.path_info)
        if for_programs and "html" not in response.get("Content-Type", ""):
            response[HEADER] = FOR_PROGRAMS
            return response
        return super().process_response(request, response)
