"""The portal's two documents as an issuer, where AWS reads them over TLS: what a CDN in front of them would do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import requests
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = ("/.well-known/openid-configuration", "/.well-known/jwks.json")
_TIMEOUT = 5


def documents_of(portal_url: str) -> WSGIApplication:
    """Return an application that answers only these two paths, with what the portal answers there now."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path not in PATHS or request.method not in ("GET", "HEAD"):
            return Response("Not found", 404)(environ, start_response)
        try:
            with requests.Session() as session:
                session.trust_env = False
                found = session.get(
                    portal_url + request.path, timeout=_TIMEOUT, allow_redirects=False
                )
        except requests.RequestException:
            return Response("The portal does not answer", 502)(environ, start_response)
        response = Response(
            found.content, found.status_code, content_type=found.headers.get("Content-Type")
        )
        return response(environ, start_response)

    return answer
