"""A bound on how many threads of the portal wait for one service outside, so that others are left for pages and probes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from accounts.concurrency import THREADS

AWS_CALLS = THREADS // 2
PROVIDER_CALLS = THREADS // 5
ISSUER_CALLS = 2
"""In flight in one process. A quarter of gunicorn's threads are left for pages and probes, whoever hangs."""
PATIENCE = 0.5
"""Seconds to wait for a call in flight to end, where all are taken. Calls that take longer are not waited for."""


class Gate:
    """Lets so many callers in at once. Others wait for a moment, or not at all where the calls are slow."""

    def __init__(self, size: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.size, self._clock = size, clock
        self._free = threading.Semaphore(size)
        self._lock = threading.Lock()
        self._inside = 0
        self._last_took = 0.0
        self._last_change = 0.0  # When a call last began or ended.

    def enter(self) -> float | None:
        """Return a mark for `leave`, or None if there is no room; it takes PATIENCE at most."""
        if not self._free.acquire(blocking=False) and (
            self._is_slow() or not self._free.acquire(timeout=PATIENCE)
        ):
            return None
        with self._lock:
            if not self._inside:
                self._last_took = 0.0  # What was slow may be over: find out anew.
            self._inside += 1
            self._last_change = self._clock()
            return self._last_change

    def leave(self, mark: float) -> None:
        """Make room for the next."""
        with self._lock:
            self._inside -= 1
            self._last_change = self._clock()
            self._last_took = self._last_change - mark
        self._free.release()

    def _is_slow(self) -> bool:
        return self._last_took > PATIENCE or self._clock() > self._last_change + PATIENCE
