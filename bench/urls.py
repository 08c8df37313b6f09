"""The product's URLs and the yardstick: 50 KB that are the same for everybody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from portal.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

_LINE = "<p>Nothing here is looked up, decided, filled in or compressed.</p>\n"
_HEAD = '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Static</title></head>'
PAGE = f"{_HEAD}<body><main>{_LINE * (50_000 // len(_LINE))}</main></body></html>".encode()


def static(_: HttpRequest) -> HttpResponse:
    """Answer the same bytes every time, through all the middleware."""
    return HttpResponse(PAGE)


urlpatterns = [*urlpatterns, path("bench/static", static)]
