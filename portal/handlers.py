"""Django's error handlers: a page for people, the API's shape for programs, AWS's for its own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from portal.api import errors as api
from portal.pages import errors as pages
from portal.sso import responses as sso


def _for_programs(request: HttpRequest) -> bool:
    return api.are_programs_at(request.path_info)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, and what else Django itself refuses to read."""
    if sso.is_asked_at(request.path_info):
        return sso.bad_request(request, exception)
    answer = api.bad_request if _for_programs(request) else pages.bad_request
    return answer(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    answer = api.permission_denied if _for_programs(request) else pages.permission_denied
    return answer(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    answer = api.not_found if _for_programs(request) else pages.page_not_found
    return answer(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 where the database is down."""
    if sso.is_asked_at(request.path_info):
        return sso.server_error(request)
    answer = api.server_error if _for_programs(request) else pages.server_error
    return answer(request)
