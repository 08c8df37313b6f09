"""The type of a request inside the portal."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import SignIn
from accounts.types import Subject


class GatehouseRequest(HttpRequest):
    """A request with what portal/middleware.py adds; for annotations only, Django makes the object."""

    id: str
    """Random, in hexadecimal digits: in the log, the audit trail, the answer and on error pages."""
    sign_in: SignIn | None
    """The open sign-in of the browser session; None for strangers and programs."""
    auth: Subject | None
    """Whom the bearer token of a request to /api/v1 stands for: django-ninja sets it."""
