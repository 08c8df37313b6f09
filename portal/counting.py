"""Counters of this process. The storage that `limits` brings starts a thread for every few requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from limits.storage import Storage

SWEPT_APART = 10.0
"""Seconds after which counters whose time is over are looked for; between, they only take room."""


class InProcess(Storage):
    """Counts up to the end of each key's window; safe to share among threads."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}
        self._swept_at = clock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing here fails in a way of its own."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, in a window that ends `expiry` seconds after its first count; return the sum."""
        with self._lock:
            now = self._clock()
            if now >= self._swept_at + SWEPT_APART:
                self._counts = {each: kept for each, kept in self._counts.items() if kept[1] > now}
                self._swept_at = now
            count, until = self._counts.get(key, (0, now))
            if until <= now:
                count, until = 0, now + expiry
            self._counts[key] = (count + amount, until)
            return count + amount

    def get(self, key: str) -> int:
        """Return the count of the window that is open."""
        count, until = self._counts.get(key, (0, 0.0))
        return count if until > self._clock() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds since 1970."""
        _, until = self._counts.get(key, (0, 0.0))
        return max(until, self._clock())

    def check(self) -> bool:
        """Say that it works."""
        return True

    def reset(self) -> int:
        """Forget all; return how many there were."""
        with self._lock:
            number = len(self._counts)
            self._counts = {}
        return number

    def clear(self, key: str) -> None:
        """Forget one."""
        with self._lock:
            self._counts.pop(key, None)
