"""Answer with a page most of which was rendered and compressed before.

Only what repeats nothing of the request is compressed at all (BREACH, https://breachattack.com): a
page that repeats a search is rendered as any other page and goes out as it is. Here CSRF tokens, which
Django masks anew in each answer, are put in between the compressed parts and are not compressed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.safestring import mark_safe

from portal.pages.squeezed import Squeezed, gzip, squeeze, stored

BEST = 9
_TOKEN = "token"  # noqa: S105 (the name of a slot)
# Where something goes that is not the same each time. No text on a page can say this: text is escaped.
_SLOT = re.compile(
    r'<!--slot:([a-z]+)-->|(?<=name="csrfmiddlewaretoken" value=")[A-Za-z0-9]{64}(?=")'
)
_REFUSES_GZIP = re.compile(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)")

# The parts of a page: compressed, or the name of the slot in their place.
Frame = tuple[Squeezed | str, ...]


def frame(request: HttpRequest, template: str, context: dict[str, Any], *slots: str) -> Frame:
    """Render a template, with `{{ name }}` left open for each slot; nothing in it may repeat the request."""
    open_slots = {name: mark_safe(f"<!--slot:{name}-->") for name in slots}  # noqa: S308
    page = render_to_string(template, context | open_slots, request)
    parts: list[Squeezed | str] = []
    end = 0
    for slot in _SLOT.finditer(page):
        parts += [keep(page[end : slot.start()]), slot[1] or _TOKEN]
        end = slot.end()
    return (*parts, keep(page[end:]))


def keep(markup: str) -> Squeezed:
    """Compress once, as well as can be, for many answers."""
    return squeeze(markup.encode(), level=BEST)


def filled(request: HttpRequest, page: Frame, slots: Mapping[str, Squeezed]) -> HttpResponse:
    """Answer with a page and what goes into its slots; CSRF tokens of this answer go in by themselves."""
    slots = {_TOKEN: stored(get_token(request).encode()), **slots}
    parts = [slots[part] if isinstance(part, str) else part for part in page]
    response = HttpResponse()
    patch_vary_headers(response, ["Accept-Encoding"])
    if _takes_gzip(request):
        response["Content-Encoding"] = "gzip"
        response.content = gzip(*parts)
    else:
        response.content = b"".join(part.text() for part in parts)
    return response


def _takes_gzip(request: HttpRequest) -> bool:
    offered = request.META.get("HTTP_ACCEPT_ENCODING", "")
    return "gzip" in offered and not _REFUSES_GZIP.search(offered)
