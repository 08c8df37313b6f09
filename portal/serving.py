"""What gunicorn is given of ours: connections that slow clients lose, and a log of requests without secrets.

Loaded before Django is, by gunicorn.conf.py.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import time
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.workers import gthread  # type: ignore[import-untyped]

# Seconds in which a request has to come whole once it has begun, and in which what is answered has to
# be taken. gunicorn has no bound for either: whoever sent half a request kept a thread for good.
COMES_WITHIN, TAKEN_WITHIN = 10, 30


class Bounded(socket.socket):
    """A client's connection that is given up where the client takes too long."""

    _until = 0.0

    def setblocking(self, flag: bool) -> None:
        """Begin to count: gunicorn calls this where a thread takes the connection over."""
        if self.fileno() < 0:
            return  # Closed already.
        if not flag:
            super().setblocking(False)
            return
        self._until = time.monotonic() + COMES_WITHIN
        self.settimeout(COMES_WITHIN)

    def recv(self, *args: Any) -> bytes:
        """Receive within what is left of the request's time."""
        self.settimeout(max(self._until - time.monotonic(), 0.001))
        try:
            return super().recv(*args)
        except TimeoutError as error:
            # What gunicorn passes over in silence, and Django takes for a request that broke off.
            raise ConnectionResetError(errno.ECONNRESET, "the request took too long") from error

    def sendall(self, *args: Any) -> None:
        """Send all of it in its time."""
        self.settimeout(TAKEN_WITHIN)
        try:
            super().sendall(*args)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the answer was not taken") from error

    def sendfile(self, *args: Any, **options: Any) -> int:
        """Send a file, each piece in its time."""
        self.settimeout(TAKEN_WITHIN)
        try:
            return super().sendfile(*args, **options)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the file was not taken") from error


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, in which no slow client keeps others waiting."""

    def handle(self, conn: Any) -> Any:
        """Handle a request, in a thread of its own."""
        if not conn.initialized:
            if not isinstance(conn.sock, Bounded):
                conn.sock = Bounded(fileno=conn.sock.detach())
            if not conn.wait_for_data(0.1):
                return gthread._DEFER  # Nothing was sent yet: that is waited for without a thread.
        goes_on = super().handle(conn)
        # Where gunicorn itself speaks TLS it has put a connection of its own in place of ours.
        if not goes_on and isinstance(conn.sock, Bounded):
            # gunicorn waits up to 2 seconds for the client to hang up, where nobody else is served meanwhile.
            conn.close(graceful=True)
        return goes_on


def _without_query(record: logging.LogRecord) -> bool:
    said, mark, _ = record.getMessage().partition("?")
    if mark:
        record.msg, record.args = f"{said}?...", ()
    return True


class WithoutQueries(Logger):  # type: ignore[misc]
    """The log of requests, without query strings and headers: codes, destinations and tokens travel in them.

    Whatever format is asked for, there is no more to put into it than this.
    """

    def setup(self, cfg: Any) -> None:
        """Keep them out of what is said of requests that cannot be read, too: it repeats their lines."""
        super().setup(cfg)
        self.error_log.addFilter(_without_query)

    def atoms(self, resp: Any, req: Any, asked: Any, request_time: Any) -> dict[str, Any]:
        """Return what a line may hold, by gunicorn's names; the path as it was sent, not decoded."""
        microseconds = request_time // timedelta(microseconds=1)
        headers = {name.lower(): value for name, value in resp.headers}
        return {
            "h": asked.get("REMOTE_ADDR", "-"),
            "t": self.now(),
            "m": asked["REQUEST_METHOD"],
            "U": asked["RAW_URI"].partition("?")[0],
            "H": asked["SERVER_PROTOCOL"],
            "s": str(resp.status).partition(" ")[0],
            "B": resp.sent,
            "D": microseconds,
            "M": microseconds // 1000,
            "a": asked.get("HTTP_USER_AGENT", "-"),
            "p": f"<{os.getpid()}>",
            "{x-request-id}o": headers.get("x-request-id", "-"),
        }
