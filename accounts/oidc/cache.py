"""Cache what an issuer publishes, and do not ask a failing issuer at every request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from accounts.errors import GatehouseError
from accounts.oidc.errors import unavailable

T = TypeVar("T")

WAIT = 1.0
"""Seconds for which others wait for the one that reads; an issuer that works takes less."""
FAILURE_LIFETIME = 5.0
"""Seconds during which an issuer that failed is not asked again."""


class CachedValue(Generic[T]):
    """A value that is read at first use and kept for some seconds.

    Thread-safe: one thread reads, the others wait and share its result, be it the value or the
    error. Nobody waits for a reading that has lasted WAIT seconds: threads are left for pages. A value past its time is never returned, even when the issuer is down.
    """

    def __init__(
        self,
        read: Callable[[], T],
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._value: tuple[float, T] | None = None
        self._failure: tuple[float, GatehouseError] | None = None
        self._reloaded_at: float | None = None
        self._reading_since = 0.0

    def peek(self) -> T | None:
        """Return the value as last read, however old, or None; never reads."""
        return self._value[1] if self._value else None

    def get(self) -> T:
        """Return the value, read again if its time is over; raises what the reading raises."""
        if not self._is_fresh():
            with self._exclusively():
                if not self._is_fresh():  # Another thread may have read while this one waited.
                    self._load()
        return self._last_read()

    def reload(self, stale: T, *, interval: float) -> T:
        """Return a newer value than `stale`, which lacks something, or `stale` if it was just read.

        Reads at most each `interval` seconds. Only reloads count for that, not the readings of
        `get`: a key that changes right after an ordinary reading is seen at once.
        """
        with self._exclusively():
            now = self._clock()
            may_reload = self._reloaded_at is None or now >= self._reloaded_at + interval
            if self._last_read() is stale and may_reload:
                self._load()
                self._reloaded_at = now
            return self._last_read()

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        patience = max(0.0, min(WAIT, self._reading_since + WAIT - self._clock()))
        if not self._lock.acquire(blocking=False) and not (
            patience and self._lock.acquire(timeout=patience)
        ):
            raise unavailable("another request waits for it already, for longer than a moment")
        self._reading_since = self._clock()
        try:
            yield
        finally:
            self._lock.release()

    def _is_fresh(self) -> bool:
        value = self._value
        return value is not None and self._clock() < value[0] + self._seconds

    def _last_read(self) -> T:
        assert self._value is not None  # noqa: S101 - for mypy; `_load` sets it or raises
        return self._value[1]

    def _load(self) -> None:
        if self._failure and self._clock() < self._failure[0] + FAILURE_LIFETIME:
            error = self._failure[1]
            # A new exception for each thread: a raised one carries its traceback.
            raise type(error)(error.message, error.admin_message, code=error.code)
        try:
            self._value = (self._clock(), self._read())
        except GatehouseError as error:
            self._failure = (self._clock(), error)
            raise
        self._failure = None
