"""The one table of what a path is for: its surface, and the shape in which that surface answers errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpResponse

from accounts.errors import GatehouseError
from accounts.signing.documents import DISCOVERY_PATH, KEY_SET_PATH
from accounts.types import Surface
from portal.api import errors as api
from portal.pages import errors as pages
from portal.request import GatehouseRequest
from portal.sso import responses as sso


@dataclass(frozen=True, slots=True)
class ErrorAnswers:
    """How a surface answers what Django and the domain raise."""

    domain_error: Callable[[GatehouseRequest, GatehouseError], HttpResponse]
    bad_request: Callable[[GatehouseRequest, Exception], HttpResponse]
    permission_denied: Callable[[GatehouseRequest, Exception], HttpResponse]
    not_found: Callable[[GatehouseRequest, Exception], HttpResponse]
    server_error: Callable[[GatehouseRequest], HttpResponse]


@dataclass(frozen=True, slots=True)
class Area:
    """Paths of one surface. A path that ends with "/" stands for all paths below it."""

    surface: Surface
    paths: tuple[str, ...]
    errors: ErrorAnswers
    for_programs: bool = False
    """Whether requests carry a bearer token; cookies count nowhere there, and no session is made."""

    def holds(self, path: str) -> bool:
        return any(path.startswith(one) if one.endswith("/") else path == one for one in self.paths)


_PAGES = ErrorAnswers(
    domain_error=pages.error_page,
    bad_request=pages.bad_request,
    permission_denied=pages.permission_denied,
    not_found=pages.page_not_found,
    server_error=pages.server_error,
)
_API = ErrorAnswers(
    domain_error=api.response_to,
    bad_request=api.bad_request,
    permission_denied=api.permission_denied,
    not_found=api.not_found,
    server_error=api.server_error,
)
_SSO = ErrorAnswers(
    domain_error=sso.response_to,
    bad_request=sso.bad_request,
    permission_denied=sso.bad_request,
    not_found=sso.bad_request,
    server_error=sso.server_error,
)

# What the identity provider calls: see portal.signin.provider_calls.
PROVIDER_PATHS = (
    "/oidc/backchannel-logout",
    "/oidc/frontchannel-logout",
    "/oidc/global-token-revocation",
)

AREAS = (
    Area(Surface.API, ("/api/",), _API, for_programs=True),
    Area(Surface.SSO, (*sso.OIDC_PATHS, *sso.PORTAL_PATHS), _SSO, for_programs=True),
    Area(Surface.API, (DISCOVERY_PATH, KEY_SET_PATH), _API, for_programs=True),
    Area(Surface.API, PROVIDER_PATHS, _API, for_programs=True),
    Area(Surface.ADMIN, ("/admin/",), _PAGES),
)
_ALL_ELSE = Area(Surface.PAGES, ("/",), _PAGES)


def area_of(path: str) -> Area:
    """Return what a request's `path_info` belongs to: to the pages, where no row of the table holds it."""
    return next((area for area in AREAS if area.holds(path)), _ALL_ELSE)
