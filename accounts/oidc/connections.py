"""Connections on which the head of an answer arrives in time, or not at all."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

LATE = "the head of the answer did not arrive in time"


class Plain(HTTPConnection):
    """A connection as it is."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # As urllib3's own.
        """Read the head of an answer in time."""
        with _in_time(self):
            return super().getresponse()


class Secure(HTTPSConnection):
    """A connection with TLS."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # As urllib3's own.
        """Read the head of an answer in time."""
        with _in_time(self):
            return super().getresponse()


class InTime(HTTPAdapter):
    """Bounds the wait for status and headers as a whole: each byte of them resets the socket's own timeout."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Have the pool make our connections."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        plain, secure = self.classes(proxied=pool.proxy is not None)
        pool.ConnectionCls = secure if isinstance(pool, HTTPSConnectionPool) else plain
        return pool

    def classes(self, *, proxied: bool) -> tuple[type[Plain], type[Secure]]:
        """Return what connections are made of."""
        del proxied
        return Plain, Secure


@contextmanager
def _in_time(connection: HTTPConnection) -> Iterator[None]:
    late = Event()
    peer = connection.sock  # The connection forgets it once it has read an answer that closes it.

    def hang_up() -> None:
        late.set()
        with suppress(OSError):  # The other side may have been quicker.
            peer.shutdown(socket.SHUT_RDWR)

    watch = Timer(connection.timeout or 0, hang_up)
    watch.daemon = True
    watch.start()
    try:
        yield
    except Exception as broken:
        if late.is_set():  # TLS says its own words when the ground is pulled away below it.
            raise TimeoutError(LATE) from broken
        raise
    finally:
        watch.cancel()
    if late.is_set():
        raise TimeoutError(LATE)
