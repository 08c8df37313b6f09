"""Each path belongs to one surface: it answers errors in that surface's shape, and only pages know cookies."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import URLResolver, get_resolver
from django.utils.module_loading import import_string

from accounts.errors import AwsUnavailable
from accounts.types import Surface
from portal.surfaces import PROVIDER_PATHS, area_of
from tests import cast

FOR_BROWSERS = ("session", "user", "_messages")
PROGRAMS = (
    "/.well-known/jwks.json",
    "/api/credentials",
    "/api/v1/me",
    "/api/docs",
    "/token",
    "/federation/credentials",
)
BROWSERS = (
    "/",
    "/keys",
    "/tokens",
    "/authorize",
    "/device",
    "/admin/",
    "/apis",
    "/oidc/callback/",
)
URLCONFS = {
    "portal.api.urls": Surface.API,
    "portal.sso.urls": Surface.SSO,
    "portal.pages.urls": Surface.PAGES,
    "portal.signin.urls": Surface.PAGES,
    "admin": Surface.ADMIN,
}


def paths(resolver: URLResolver, prefix: str) -> Iterator[str]:
    """Walk the paths of all URL patterns below a resolver."""
    for one in resolver.url_patterns:
        path = f"{prefix}{one.pattern}"
        if isinstance(one, URLResolver):
            yield from paths(one, path)
        else:
            yield path


def test_every_url_belongs_to_the_surface_that_answers_it() -> None:
    wrong, seen = [], set()
    for included in get_resolver().url_patterns:
        if not isinstance(included, URLResolver):
            assert area_of(f"/{included.pattern}").surface == Surface.API
            continue
        urlconf = getattr(included.urlconf_name, "__name__", "admin")
        seen.add(urlconf)
        for path in paths(included, f"/{included.pattern}"):
            of_provider = path in PROVIDER_PATHS
            if area_of(path).surface != (Surface.API if of_provider else URLCONFS[urlconf]):
                wrong.append(path)

    assert wrong == []
    assert seen == set(URLCONFS)


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/admin/", "text/html; charset=utf-8"),
        ("/api/v1/me", "application/json"),
        ("/token", "application/json"),
        ("/assignment/roles", "application/json"),
    ],
)
def test_errors_have_the_shape_of_the_surface(path: str, content_type: str) -> None:
    request, errors = cast.request(path), area_of(path).errors

    answers = [
        errors.domain_error(request, AwsUnavailable("AWS does not answer.")),
        errors.bad_request(request, ValueError()),
        errors.permission_denied(request, PermissionDenied()),
        errors.not_found(request, Http404()),
        errors.server_error(request),
    ]

    assert {answer["Content-Type"] for answer in answers} == {content_type}
    assert all(answer.status_code >= 400 for answer in answers)
    assert all("no-store" in answer["Cache-Control"] for answer in answers)


def seen_at(path: str) -> HttpRequest:
    """Return a request as a view at this path gets it, whatever its session cookie is."""
    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    handle: Callable[[HttpRequest], HttpResponse] = view
    for name in reversed(settings.MIDDLEWARE):
        if name.startswith("portal.browser_middleware."):
            handle = import_string(name)(handle)
    request = RequestFactory().get(path)
    request.COOKIES[settings.SESSION_COOKIE_NAME] = "abcdefgh"
    handle(request)
    return seen[0]


@pytest.mark.parametrize("path", PROGRAMS)
def test_programs_have_no_session(path: str) -> None:
    assert [name for name in FOR_BROWSERS if hasattr(seen_at(path), name)] == []


@pytest.mark.parametrize("path", BROWSERS)
def test_browsers_have_one(path: str) -> None:
    assert all(hasattr(seen_at(path), name) for name in FOR_BROWSERS)


def test_nothing_else_makes_sessions() -> None:
    assert [name for name in settings.MIDDLEWARE if name.startswith("django.contrib.")] == []
