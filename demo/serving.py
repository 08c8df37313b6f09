"""Serve a WSGI application, in a thread or in the foreground."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from types import FrameType, TracebackType
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class QuietHandler(WSGIRequestHandler):
    """Logs no requests: their query strings hold codes and sign-in tokens."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


@dataclass(slots=True)
class RunningServer:
    """A server that answers at `url` after `start` or `run`, until it is stopped."""

    server: BaseWSGIServer
    thread: Thread | None = field(default=None, repr=False)
    scheme: str = "http"

    @property
    def port(self) -> int:
        """The port; the operating system chose it if 0 was requested."""
        return self.server.server_port

    @property
    def url(self) -> str:
        """The URL, without a slash at the end."""
        return f"{self.scheme}://localhost:{self.port}"

    def start(self) -> None:
        """Answer requests in a thread."""
        self.thread = Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        if self.thread is not None:
            self.server.shutdown()
            self.thread.join()
        self.server.server_close()

    def run(self) -> None:
        """Answer requests in the foreground until SIGINT or SIGTERM."""

        def leave(signum: int, frame: FrameType | None) -> None:
            sys.exit(0)

        signal.signal(signal.SIGINT, leave)
        signal.signal(signal.SIGTERM, leave)
        try:
            self.server.serve_forever()
        finally:
            self.server.server_close()

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def bind(
    app: Any,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    handler: type[WSGIRequestHandler] = QuietHandler,
    certificate: tuple[Path, Path] | None = None,
) -> RunningServer:
    """Bind a port (0: any free one) for an application; it does not answer yet.

    `certificate` is the certificate and its key, as PEM files, to serve it over TLS.
    """
    context = (str(certificate[0]), str(certificate[1])) if certificate else None
    server = make_server(
        host, port, app, threaded=True, request_handler=handler, ssl_context=context
    )
    return RunningServer(server, scheme="https" if certificate else "http")
