"""Django's middleware that only browsers need: it steps aside for programs.

So no session is read or made where a bearer token counts.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

from portal.surfaces import area_of


class ForBrowsers(MiddlewareMixin):
    """Skips the middleware that comes after it among a class's bases, where programs ask."""

    def __call__(self, request: HttpRequest) -> Any:
        if area_of(request.path_info).for_programs:
            return self.get_response(request)
        return super().__call__(request)


class Sessions(ForBrowsers, SessionMiddleware):
    """Adds `request.session`."""


class Authentication(ForBrowsers, AuthenticationMiddleware):
    """Adds `request.user`."""


class Messages(ForBrowsers, MessageMiddleware):
    """Keeps messages for the next page."""
