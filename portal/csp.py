"""The Content-Security-Policy: that of the settings for pages, and nothing at all for what programs are answered."""

from __future__ import annotations

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal.browsers import is_for_programs

FOR_PROGRAMS = "default-src 'none'; frame-ancestors 'none'"


class ContentSecurityPolicy(CSPMiddleware):
    """Say what a browser may do with an answer."""

    def process_request(self, request: HttpRequest) -> None:
        """Have a nonce at hand for pages."""
        if not is_for_programs(request.path_info):
            super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Leave pages to django-csp; the API's documentation is one."""
        if is_for_programs(request.path_info) and "html" not in response.get("Content-Type", ""):
            response[HEADER] = FOR_PROGRAMS
            return response
        return super().process_response(request, response)
