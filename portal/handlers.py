"""Django's error handlers: each surface answers in its own shape (portal/surfaces.py)."""

from __future__ import annotations

from django.http import HttpResponse

from portal.request import GatehouseRequest
from portal.surfaces import area_of


def bad_request(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer 400, and 413 for what is too large."""
    return area_of(request.path_info).errors.bad_request(request, exception)


def permission_denied(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    return area_of(request.path_info).errors.permission_denied(request, exception)


def page_not_found(request: GatehouseRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    return area_of(request.path_info).errors.not_found(request, exception)


def server_error(request: GatehouseRequest) -> HttpResponse:
    """Answer 500, or 503 where the database is down."""
    return area_of(request.path_info).errors.server_error(request)
