"""The API object: who asks, errors in the one shape, the OpenAPI document."""

from __future__ import annotations

import functools
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import URLPattern, URLResolver
from django.views.decorators.http import require_safe
from ninja.errors import HttpError, ValidationError

from accounts.errors import GatehouseError
from portal.api import errors
from portal.api.v1 import audit, client, directory, issuing, me
from portal.api.v1.auth import Bearer
from portal.api.v1.document import DESCRIPTION, Documented
from portal.request import GatehouseRequest

# They answer every method with themselves.
_PAGES_OF_NINJA = ("api-root", "openapi-json")

api = Documented(
    title="Gatehouse",
    version="1",
    description=DESCRIPTION,
    auth=Bearer(),
    docs_url=None,
    urls_namespace="api-v1",
)
for _router in (client.router, me.router, issuing.router, directory.router, audit.router):
    api.add_router("", _router)


@api.exception_handler(GatehouseError)
def _of_the_domain(request: GatehouseRequest, error: GatehouseError) -> HttpResponse:
    return errors.answer_to(request, error)


@api.exception_handler(ValidationError)
def _not_valid(request: GatehouseRequest, error: ValidationError) -> HttpResponse:
    # What was sent is not repeated: it may hold a secret in the wrong place.
    wrong = sorted({f"{_place(one)}: {one['msg']}" for one in error.errors})
    return errors.answer(
        request, status=422, code="request.not_valid", message=". ".join(wrong)[:2000] + "."
    )


@api.exception_handler(HttpError)
def _not_readable(request: GatehouseRequest, error: HttpError) -> HttpResponse:
    return errors.answer(
        request,
        status=error.status_code,
        code="request.not_readable",
        message="What was sent could not be read. Send JSON, as /api/docs shows it.",
    )


@api.exception_handler(Http404)
def _not_there(request: GatehouseRequest, error: Http404) -> HttpResponse:
    return errors.not_found(request, error)


def _place(wrong: dict[str, Any]) -> str:
    # ninja's path is (where, parameter, field, ...): the parameter's name is our own affair.
    return ".".join(str(step) for step in (wrong["loc"][2:] or wrong["loc"][:1]))


def urls() -> tuple[list[URLPattern | URLResolver], str, str]:
    """Return ninja's URLs, each answering as the rest of the API does."""
    patterns, app, namespace = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            view = pattern.callback
            view = require_safe(view) if pattern.name in _PAGES_OF_NINJA else _with_head(view)
            pattern.callback = errors.for_programs(view)
    return patterns, app, namespace


def _with_head(view: errors.View) -> errors.View:
    """Answer HEAD as GET (RFC 9110 section 9.3.2), which ninja does not; here GET never issues anything."""

    @functools.wraps(view)
    def wrapped(request: GatehouseRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked, request.method = (
            request.method,
            "GET" if request.method == "HEAD" else request.method,
        )
        try:
            response = view(request, *args, **kwargs)
        finally:
            request.method = asked
        if response.status_code == 405 and response["Allow"] == "GET":
            response["Allow"] = "GET, HEAD"
        return response

    return wrapped
