"""The NinjaAPI object of /api/v1: authentication, errors in one shape, URLs."""

from __future__ import annotations

import functools
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import URLPattern, URLResolver
from django.views.decorators.http import require_safe
from ninja.errors import HttpError, ValidationError

from accounts.errors import GatehouseError
from portal.api import errors
from portal.api.v1 import (
    audit,
    audit_traces,
    client,
    directory,
    explanations,
    issuing,
    me,
    onboarding,
    plans,
    revocations,
    trust_checks,
)
from portal.api.v1.auth import Bearer
from portal.api.v1.document import DESCRIPTION, DocumentedAPI
from portal.request import GatehouseRequest

PUBLIC = "/api/v1/client"
"""The one operation that needs no token."""
# ninja's own views, which answer every method.
_NINJA_VIEWS = ("api-root", "openapi-json")

api = DocumentedAPI(
    title="Gatehouse",
    version="1",
    description=DESCRIPTION,
    auth=Bearer(),
    docs_url=None,
    urls_namespace="api-v1",
)
for _router in (
    client.router,
    me.router,
    issuing.router,
    directory.router,
    explanations.router,
    onboarding.router,
    plans.router,
    trust_checks.router,
    revocations.router,
    audit.router,
    audit_traces.router,
):
    api.add_router("", _router)


@api.exception_handler(GatehouseError)
def _domain_error(request: GatehouseRequest, error: GatehouseError) -> HttpResponse:
    return errors.response_to(request, error)


@api.exception_handler(ValidationError)
def _invalid(request: GatehouseRequest, error: ValidationError) -> HttpResponse:
    # The values are not repeated: they may hold a secret in the wrong place.
    problems = sorted({f"{_field(problem)}: {problem['msg']}" for problem in error.errors})
    return errors.error_response(
        request, status=422, code="request.not_valid", message=". ".join(problems)[:2000] + "."
    )


@api.exception_handler(HttpError)
def _unreadable(request: GatehouseRequest, error: HttpError) -> HttpResponse:
    return errors.error_response(
        request,
        status=error.status_code,
        code="request.not_readable",
        message="The request could not be read. Send JSON, as /api/docs shows.",
    )


@api.exception_handler(Http404)
def _not_found(request: GatehouseRequest, error: Http404) -> HttpResponse:
    return errors.not_found(request, error)


def _field(problem: dict[str, Any]) -> str:
    # ninja's path is (where, parameter, field, ...); callers do not know the parameter of our function.
    return ".".join(str(step) for step in (problem["loc"][2:] or problem["loc"][:1]))


def urls() -> tuple[list[URLPattern | URLResolver], str, str]:
    """Return ninja's URLs, each wrapped as a view of the API."""
    patterns, app, namespace = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            view = pattern.callback
            if pattern.name in _NINJA_VIEWS:
                view = require_safe(view)
            else:
                view = _with_known_parameters(_with_head(view))
            pattern.callback = errors.api_view(view)
    return patterns, app, namespace


def _with_known_parameters(view: errors.View) -> errors.View:
    """Refuse query parameters that the operation does not take: a misspelt filter would filter nothing."""

    @functools.wraps(view)
    def wrapped(request: GatehouseRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        method = "GET" if request.method == "HEAD" else str(request.method)
        known = api.query_parameters(request.path, method)
        unknown = sorted(set(request.GET) - known)
        # Whoever shows no token at all, or shows it in the address, is told that first.
        is_public = request.path == PUBLIC
        if unknown and (is_public or "Authorization" in request.headers):
            takes = f"takes {', '.join(sorted(known))}" if known else "takes none"
            return errors.error_response(
                request,
                status=422,
                code="request.not_valid",
                message=f"{unknown[0]!a:.60} is no query parameter of this operation, which {takes}.",
            )
        return view(request, *args, **kwargs)

    return wrapped


def _with_head(view: errors.View) -> errors.View:
    """Answer HEAD like GET (RFC 9110 section 9.3.2), which ninja does not; below /api/v1 a GET issues nothing."""

    @functools.wraps(view)
    def wrapped(request: GatehouseRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        method = request.method
        request.method = "GET" if method == "HEAD" else method
        try:
            response = view(request, *args, **kwargs)
        finally:
            request.method = method
        if response.status_code == 405 and response["Allow"] == "GET":
            response["Allow"] = "GET, HEAD"
        return response

    return wrapped
