"""Error pages: what happened, what to do, and an id to quote."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.errors import GatehouseError


def error_page(request: HttpRequest, error: GatehouseError) -> HttpResponse:
    """Render an error of the domain for the user."""
    return render(request, "error.html", {"error": error}, status=error.http_status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain a form that was too old or came from elsewhere."""
    return error_page(
        request,
        GatehouseError(
            "This form is too old or came from another site. Go back, reload, and send it again."
        ),
    )
