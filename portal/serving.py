"""What gunicorn is given of ours: connections that slow clients lose, and a log of requests without secrets.

Loaded before Django is, by gunicorn.conf.py.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.workers import gthread  # type: ignore[import-untyped]

from portal.threads import Threads

# Seconds in which a request has to come whole once it has begun, and in which what is answered has to
# be taken. gunicorn has no bound for either: whoever sent half a request kept a thread for good.
COMES_WITHIN, TAKEN_WITHIN = 10, 30


class Bounded(socket.socket):
    """A client's connection that is given up where the client takes too long.

    It never blocks by itself: mostly all is there, or taken, at once, and only who waits sets a time.
    """

    _until = 0.0

    def setblocking(self, flag: bool) -> None:
        """Begin to count: gunicorn calls this with True where a thread takes the connection over."""
        if flag:
            self._until = time.monotonic() + COMES_WITHIN
        if self.gettimeout() != 0 and self.fileno() >= 0:
            super().setblocking(False)

    def recv(self, *args: Any) -> bytes:
        """Receive within what is left of the request's time."""
        try:
            return super().recv(*args)
        except BlockingIOError:
            pass
        # What is raised gunicorn passes over in silence, and Django takes for a request that broke off.
        with self._within(self._until - time.monotonic(), "the request took too long"):
            return super().recv(*args)

    def sendall(self, data: Any, *args: Any) -> None:
        """Send all of it in its time."""
        rest = memoryview(data)
        with suppress(BlockingIOError):
            rest = rest[super().send(rest, *args) :]
        if rest:
            with self._within(TAKEN_WITHIN, "the answer was not taken"):
                super().sendall(rest, *args)

    def sendfile(self, *args: Any, **options: Any) -> int:
        """Send a file, each piece in its time."""
        with self._within(TAKEN_WITHIN, "the file was not taken"):
            return super().sendfile(*args, **options)

    @contextmanager
    def _within(self, seconds: float, otherwise: str) -> Iterator[None]:
        self.settimeout(max(seconds, 0.001))
        try:
            yield
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, otherwise) from error
        finally:
            super().setblocking(False)


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, in which no slow client keeps others waiting."""

    def get_thread_pool(self) -> Threads:
        """Make the threads."""
        return Threads(self.cfg.threads)

    def enqueue_req(self, conn: Any) -> None:
        """Have a request answered by one of them, and its connection looked after by the main thread again."""
        done = partial(self.method_queue.defer, self.finish_request, conn)
        self.tpool.submit(self.handle, conn, then=done)

    def handle(self, conn: Any) -> Any:
        """Handle a request, in a thread of its own."""
        if not conn.initialized:
            # Where gunicorn itself speaks TLS it needs a connection that blocks.
            if not isinstance(conn.sock, Bounded) and not self.cfg.is_ssl:
                conn.sock = Bounded(fileno=conn.sock.detach())
            if not conn.wait_for_data(0.1):
                return gthread._DEFER  # Nothing was sent yet: that is waited for without a thread.
        goes_on = super().handle(conn)
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
