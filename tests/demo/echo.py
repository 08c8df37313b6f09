"""A WSGI application that says what reached it, to run under the shipped gunicorn.conf.py."""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "application/json")])
    said = {
        "token": environ.get("HTTP_X_AMZ_SSO_BEARER_TOKEN"),
        "script_name": environ["SCRIPT_NAME"],
        "path": environ["PATH_INFO"],
        "thread": threading.current_thread().name,
        "multithread": environ["wsgi.multithread"],
        "forwarded_for": environ.get("HTTP_X_FORWARDED_FOR"),
        "scheme": environ["wsgi.url_scheme"],
        "host": environ.get("HTTP_HOST"),
        "frozen_objects": gc.get_freeze_count(),
    }
    return [json.dumps(said).encode()]
