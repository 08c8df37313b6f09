"""Keep an AWS that hangs from taking the portal down with it: a bulkhead and a circuit breaker.

boto3 bounds each read, not a whole call: a name that resolves slowly, an answer that drips or a
credential process can take any time. So calls run in threads of their own, of which there are fewer
than gunicorn has for requests, and whoever asked stops waiting at a deadline.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from accounts.aws import errors
from accounts.concurrency import THREADS
from accounts.errors import GatehouseError

T = TypeVar("T")

CALLS_AT_ONCE = THREADS - 8
"""Calls in flight in one process: eight of gunicorn's threads are left for pages and probes."""
DEADLINE = 15.0
"""Seconds that anybody waits for one call, its retries included."""
PATIENCE = 1.0
"""Seconds to wait for a call in flight to end, where all are taken."""
FAILURES, REST = 5, 5.0
"""After so many calls in a row without an answer nobody asks for so many seconds; then one does."""

_NO_ANSWER = frozenset((errors.TIMEOUT.code, errors.UNREACHABLE.code))


class Bulkhead:
    """Safe to share among threads, not across a fork."""

    def __init__(
        self, size: int = CALLS_AT_ONCE, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._size, self._clock = size, clock
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="aws")
        self._free = threading.Semaphore(size)
        self._lock = threading.Lock()
        self._unanswered = 0  # Calls in a row.
        self._closed_until = 0.0
        self._last_change = 0.0  # When a call last began or ended.

    def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns that asks AWS.

        Raises:
            AwsUnavailable: there is no answer before the deadline, or AWS does not answer others.
            GatehouseError: as the function.
        """
        self._enter()
        future = self._threads.submit(self._run, function)
        try:
            return future.result(timeout=DEADLINE)
        except TimeoutError:
            # The call goes on, and counts as in flight until it ends.
            self._count(answered=False)
            raise errors.TIMEOUT.error(f"no whole answer after {DEADLINE:g} seconds") from None

    def _enter(self) -> None:
        with self._lock:
            now = self._clock()
            if self._unanswered >= FAILURES:
                if now < self._closed_until:
                    raise errors.NOT_ASKED.error(f"{self._unanswered} calls in a row had no answer")
                self._closed_until = now + REST  # This call finds out for all.
        if not self._free.acquire(blocking=False):
            stuck = self._clock() > self._last_change + PATIENCE
            if stuck or not self._free.acquire(timeout=PATIENCE):
                raise errors.NOT_ASKED.error(f"{self._size} calls are waiting for an answer")
        self._last_change = self._clock()

    def _run(self, function: Callable[[], T]) -> T:
        answered = True
        try:
            return function()
        except GatehouseError as error:
            answered = error.code not in _NO_ANSWER
            raise
        finally:
            self._count(answered=answered)
            self._last_change = self._clock()
            self._free.release()

    def _count(self, *, answered: bool) -> None:
        with self._lock:
            self._unanswered = 0 if answered else self._unanswered + 1
            self._closed_until = self._clock() + REST
