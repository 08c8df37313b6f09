"""What only browsers need of Django: where programs ask, no session is there to be looked at, and none is made.

That is a promise kept by structure, and it costs less: what these tie to a request they tie in a circle,
which only Python's search for garbage undoes.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

from portal.api.errors import are_programs_at
from portal.sso.responses import is_asked_at


def is_for_programs(path: str) -> bool:
    """Whether programs ask at this address, ours or AWS's: by bearer token, and by nothing else."""
    return are_programs_at(path) or is_asked_at(path)


class ForBrowsers(MiddlewareMixin):
    """Steps aside where programs ask, for the middleware that comes after it among a class's bases."""

    def __call__(self, request: HttpRequest) -> Any:
        """Pass on, or do as that one does."""
        if is_for_programs(request.path_info):
            return self.get_response(request)
        return super().__call__(request)


class Sessions(ForBrowsers, SessionMiddleware):
    """`request.session`."""


class Authentication(ForBrowsers, AuthenticationMiddleware):
    """`request.user`."""


class Messages(ForBrowsers, MessageMiddleware):
    """What is said on the next page."""
