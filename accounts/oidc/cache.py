"""Keep what the provider publishes for a while, and do not ask a failing provider again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from accounts.errors import GatehouseError

T = TypeVar("T")

FAILURE_KEPT_FOR = 5.0
"""Seconds during which a provider that failed is not asked again."""


class Kept(Generic[T]):
    """A value that is read at first use and kept for some seconds.

    Safe to share among threads: one at a time reads, the others wait and share what it got, be it
    the value or the failure. A value past its time is never given out, also not when the provider
    is down.
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
        self._renewed_at: float | None = None

    def known(self) -> T | None:
        """Return the value as far as it is known, however old, without asking the provider."""
        return self._value[1] if self._value else None

    def current(self) -> T:
        """Return the value, read anew when its time is over; raises what the reading raises."""
        if self._fresh():
            return self._held()
        with self._lock:
            if not self._fresh():  # Another thread may have read while this one waited.
                self._ask()
            return self._held()

    def renewed(self, wanting: T, *, apart: float) -> T:
        """Return a newer value than one found wanting, if there is one.

        Readings for this reason are at least `apart` seconds from each other. Only they count, so
        that a change right after an ordinary reading is seen at once.
        """
        with self._lock:
            now = self._clock()
            rested = self._renewed_at is None or now >= self._renewed_at + apart
            if self._held() is wanting and rested:
                self._ask()
                self._renewed_at = now
            return self._held()

    def _fresh(self) -> bool:
        value = self._value
        return value is not None and self._clock() < value[0] + self._seconds

    def _held(self) -> T:
        assert self._value is not None  # noqa: S101 - for mypy; `_ask` sets it or raises
        return self._value[1]

    def _ask(self) -> None:
        if self._failure and self._clock() < self._failure[0] + FAILURE_KEPT_FOR:
            error = self._failure[1]
            # A new exception for each thread: a raised one carries its traceback.
            raise type(error)(error.user_message, error.admin_message, code=error.code)
        try:
            self._value = (self._clock(), self._read())
        except GatehouseError as error:
            self._failure = (self._clock(), error)
            raise
        self._failure = None
