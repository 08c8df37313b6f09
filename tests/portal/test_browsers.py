"""Sessions, who is signed in by them, and messages are for browsers: programs' addresses have none of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils.module_loading import import_string

FOR_BROWSERS = ("session", "user", "_messages")
PROGRAMS = (
    "/api/credentials",
    "/api/v1/me",
    "/api/docs",
    "/token",
    "/federation/credentials",
)
BROWSERS = ("/", "/keys", "/tokens", "/admin/", "/apis", "/oidc/callback/")


def seen_at(path: str) -> HttpRequest:
    """Return a request as a view at this address gets it, its session cookie being whatever it is."""
    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    handle: Callable[[HttpRequest], HttpResponse] = view
    for name in reversed(settings.MIDDLEWARE):
        if name.startswith("portal.browsers."):
            handle = import_string(name)(handle)
    request = RequestFactory().get(path)
    request.COOKIES[settings.SESSION_COOKIE_NAME] = "abcdefgh"
    handle(request)
    return seen[0]


@pytest.mark.parametrize("path", PROGRAMS)
def test_where_programs_ask_there_is_no_session(path: str) -> None:
    assert [name for name in FOR_BROWSERS if hasattr(seen_at(path), name)] == []


@pytest.mark.parametrize("path", BROWSERS)
def test_where_people_ask_there_is_one(path: str) -> None:
    assert all(hasattr(seen_at(path), name) for name in FOR_BROWSERS)


def test_nothing_else_makes_sessions() -> None:
    makers = [name for name in settings.MIDDLEWARE if name.startswith("django.contrib.")]

    assert makers == []
