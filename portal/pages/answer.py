"""Answer with a page around a list that was compressed before.

Only what repeats nothing of the request is compressed at all (BREACH, https://breachattack.com): a
page that repeats a search goes out as it is. What was kept holds no secret, and a CSRF token, which
Django masks anew in each answer, is compressed apart from it.
"""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.safestring import mark_safe

from portal.pages.squeezed import Squeezed, gzip, squeeze

# Where the list goes. No text on a page can say this: text is escaped.
_HERE = "<!--rows-->"
_BEST, _QUICK = 9, 1
_REFUSES_GZIP = re.compile(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)")


def keep(markup: str) -> Squeezed:
    """Compress a list once, as well as can be, for many answers."""
    return squeeze(markup.encode(), level=_BEST)


def compressed(
    request: HttpRequest, template: str, context: dict[str, Any], rows: Squeezed
) -> HttpResponse:
    """Render a template around `{{ rows }}`; nothing in it may repeat what the request says."""
    page = render_to_string(template, context | {"rows": mark_safe(_HERE)}, request)  # noqa: S308
    before, _, after = page.partition(_HERE)
    response = HttpResponse()
    patch_vary_headers(response, ["Accept-Encoding"])
    if _takes_gzip(request):
        response["Content-Encoding"] = "gzip"
        response.content = gzip(
            squeeze(before.encode(), level=_QUICK), rows, squeeze(after.encode(), level=_QUICK)
        )
    else:
        response.content = before.encode() + rows.text() + after.encode()
    return response


def _takes_gzip(request: HttpRequest) -> bool:
    offered = request.headers.get("Accept-Encoding", "")
    return "gzip" in offered and not _REFUSES_GZIP.search(offered)
