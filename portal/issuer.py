"""The two documents by which AWS verifies the portal's tokens. They ask for nothing and hold nothing secret."""

from __future__ import annotations

import hashlib

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from accounts.signing import served_documents
from portal.api.errors import api_view
from portal.request import GatehouseRequest

MAX_AGE = 300
"""Seconds for which a cache in between may keep them: much less than a new key waits before it signs."""


@api_view
@require_safe
def discovery(request: GatehouseRequest) -> HttpResponse:
    """Answer the discovery document of the portal as an issuer (OpenID Connect Discovery 1.0, section 4)."""
    return _answer(request, served_documents.current().discovery)


@api_view
@require_safe
def key_set(request: GatehouseRequest) -> HttpResponse:
    """Answer the public halves of the signing keys (RFC 7517 section 5)."""
    return _answer(request, served_documents.current().key_set)


def _answer(request: GatehouseRequest, document: bytes) -> HttpResponse:
    etag = f'"{hashlib.sha256(document).hexdigest()[:32]}"'
    response = HttpResponse(document, content_type="application/json")
    response["Cache-Control"] = f"public, max-age={MAX_AGE}"
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response
