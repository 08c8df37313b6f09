"""A provider without manners: answers each path with what a test says, over a real socket."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

# Werkzeug calls its responses without types.
Reply = Callable[[Request], Any]


@dataclass
class Publisher:
    """What is answered, by path; `url` is set when it is served."""

    replies: dict[str, Reply] = field(default_factory=dict)
    hits: Counter[str] = field(default_factory=Counter)
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def publish(self, path: str, document: Any, **response: Any) -> None:
        """Answer a path with JSON."""
        body = json.dumps(document)
        self.replies[path] = lambda _: Response(body, mimetype="application/json", **response)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        self.hits[request.path] += 1
        self.requests.append(request)
        missing: Reply = lambda _: Response("nothing here", status=404)  # noqa: E731
        response: Any = self.replies.get(request.path, missing)(request)
        body: Iterable[bytes] = response(environ, start_response)
        return body
