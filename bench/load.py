"""Ask a server as fast as it answers, from one thread that costs the machine little."""

from __future__ import annotations

import asyncio
import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_HEAD = re.compile(rb"HTTP/1\.1 (\d+) .*?\r\ncontent-length: *(\d+)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL and the headers to ask it with."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        where = urlsplit(self.url)
        return where.path + (f"?{where.query}" if where.query else "")


def get(target: Target) -> bytes:
    """Return the body as it travels."""
    connection = http.client.HTTPConnection(urlsplit(target.url).netloc, timeout=60)
    try:
        connection.request("GET", target.path, headers=dict(target.headers))
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise RuntimeError(f"GET {target.url} answered {answer.status}")
        return answer.read()
    finally:
        connection.close()


def rate(target: Target, callers: int, seconds: float) -> float:
    """Return how many requests a second so many callers had answered, each asking again at once.

    Raises:
        RuntimeError: an answer was not 200, or a connection broke.
    """
    return asyncio.run(_rate(target, callers, seconds))


async def _rate(target: Target, callers: int, seconds: float) -> float:
    where = urlsplit(target.url)
    lines = [f"GET {target.path} HTTP/1.1", f"Host: {where.netloc}"]
    lines += [f"{name}: {value}" for name, value in target.headers.items()]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    until = time.perf_counter() + seconds
    # Each waits for its last answer, which is not counted: the server is free for the next round.
    answered = await asyncio.gather(
        *(_call(where.port or 80, request, until) for _ in range(callers))
    )
    return sum(answered) / seconds


async def _call(port: int, request: bytes, until: float) -> int:
    """Ask again and again, over one connection where the server keeps it; return how often it answered."""
    loop, answered = asyncio.get_running_loop(), 0
    while time.perf_counter() < until:
        connected = await loop.create_connection(
            lambda: _Connection(request, until), "localhost", port
        )
        answered += await connected[1].answered
    return answered


class _Connection(asyncio.Protocol):
    """Asks as soon as it is answered, until the time is over or the server closes the connection."""

    def __init__(self, request: bytes, until: float) -> None:
        self.answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._request, self._until = request, until
        self._number = 0
        self._buffer = bytearray()
        self._missing: int | None = None
        self._is_last = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._missing is None and (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = _HEAD.match(self._buffer)
            if head is None or head[1] != b"200":
                self._fail(bytes(self._buffer[:200]))
                return
            self._missing = end + 4 + int(head[2])
            self._is_last = b"\r\nconnection: close" in self._buffer[:end].lower()
        if self._missing is not None and len(self._buffer) >= self._missing:
            self._buffer.clear()
            self._missing = None
            is_over = time.perf_counter() >= self._until
            self._number += not is_over
            if is_over or self._is_last:
                self.answered.set_result(self._number)
                self._transport.close()
            else:
                self._transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(b"the connection broke")

    def _fail(self, what: bytes) -> None:
        if not self.answered.done():
            self.answered.set_exception(RuntimeError(what.decode(errors="replace")))
        self._transport.close()
