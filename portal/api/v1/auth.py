"""The subject behind a request, and what it may read."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from accounts import rights, signins
from accounts.types import Subject
from portal.api import bearer
from portal.request import GatehouseRequest


class Bearer(HttpBearer):
    """A JWT of the identity provider, of a trusted issuer, or a token of the portal."""

    openapi_description = "A JWT of the identity provider or of a trusted issuer, or a token of the portal (gatehouse_…)."

    def __call__(self, request: HttpRequest) -> Any:
        """Return the subject; ninja keeps it as `request.auth`."""
        return bearer.identify(request, now=timezone.now())

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Never called: `portal.api.bearer` reads the header for all of the API."""
        raise NotImplementedError


def subject_of(request: HttpRequest) -> Subject:
    """Return the subject of a request to `accounts.access`, which itself refuses and records blocked people."""
    # Never None here: django-ninja asks Bearer before it calls an operation.
    return cast(Subject, cast(GatehouseRequest, request).auth)


def tester_of(request: HttpRequest) -> Subject:
    """Return the subject of a request to test roles.

    Raises:
        SignInAgain: an admin has blocked this person.
        AccessDenied: they may not test roles.
    """
    subject = subject_of(request)
    signins.refuse_blocked(subject)
    rights.refuse_testing(subject)
    return subject


def reader_of(request: HttpRequest, what: rights.Reading | None = None) -> Subject:
    """Return the subject of a request to read: their own data, or `what` only some may read.

    Raises:
        SignInAgain: an admin has blocked this person.
        AccessDenied: they may not read this.
    """
    subject = subject_of(request)
    signins.refuse_blocked(subject)
    if what is not None:
        rights.refuse_reading(subject, what)
    return subject
