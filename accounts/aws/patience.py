"""How long, how often and by how many STS is asked before people are told that it does not answer."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from accounts.aws import meanings
from accounts.concurrency import THREADS
from accounts.errors import GatehouseError

T = TypeVar("T")

CONNECT_TIMEOUT, TRY_TIMEOUT = 3.0, 8.0
"""Seconds of each try until there is a connection, and until the answer is whole."""
TRIES, BUDGET = 3, 15.0
"""At most so many tries, and none that could end after so many seconds."""
BACKOFF = 1.0
"""Seconds before the second try, at most; twice as long before the third. Drawn by lot, as SDKs of AWS do:
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""
AT_ONCE = THREADS - 8
"""Calls in flight in one process: eight threads are left for pages and probes."""
PATIENCE = 1.0
"""Seconds without any answer after which an STS that keeps all of these waiting is stuck."""
FAILURES, REST = 5, 5.0
"""After so many calls in a row without an answer nobody asks for so many seconds; then one does."""

_NO_ANSWER = frozenset((meanings.TIMEOUT.code, meanings.UNREACHABLE.code))
_PASSING = _NO_ANSWER | {meanings.THROTTLED.code, meanings.UNAVAILABLE.code}


def patiently(
    try_once: Callable[[float, float], T],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Return what a call returns that is tried as often as helps and as the budget allows.

    `try_once` takes the seconds to wait for a connection, and for the whole answer.

    Raises:
        GatehouseError: the last try's, or the first that trying again does not help with.
    """
    begun = clock()
    for number in range(TRIES):
        left = BUDGET - (clock() - begun)
        try:
            return try_once(min(CONNECT_TIMEOUT, left / 2), min(TRY_TIMEOUT, left))
        except GatehouseError as error:
            pause = random.random() * BACKOFF * 2**number  # noqa: S311 - a pause, no secret
            left = BUDGET - (clock() - begun) - pause
            if error.code not in _PASSING or number + 1 == TRIES or left < CONNECT_TIMEOUT:
                raise
        sleep(pause)
    raise AssertionError("unreachable")


@dataclass(slots=True)
class Gate:
    """Lets so many calls through to one STS that the process can always answer something else.

    While it answers, who comes late waits for a moment. When it does not, they are told at once.
    """

    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _free: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))
    _inside: int = 0
    _answered_at: float = 0.0
    _failures: int = 0
    _closed_until: float = 0.0

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Let one call through.

        Raises:
            AwsUnavailable: STS does not answer others, so this one is not even tried.
        """
        self._enter()
        answered = True
        try:
            yield
        except GatehouseError as error:
            answered = error.code not in _NO_ANSWER
            raise
        finally:
            self._leave(answered)

    def _enter(self) -> None:
        with self._lock:
            now = self.clock()
            if self._failures >= FAILURES:
                if now < self._closed_until:
                    raise meanings.NOT_ASKED.told(
                        f"{self._failures} calls in a row were not answered"
                    )
                self._closed_until = now + REST  # This one tries for all.
            if not self._inside:
                self._answered_at = now
            stuck = self._inside >= AT_ONCE and now > self._answered_at + PATIENCE
        if stuck or not self._free.acquire(timeout=PATIENCE):
            raise meanings.NOT_ASKED.told(f"{AT_ONCE} calls are waiting for an answer")
        with self._lock:
            self._inside += 1

    def _leave(self, answered: bool) -> None:
        self._free.release()
        with self._lock:
            self._inside -= 1
            if answered:
                self._answered_at, self._failures = self.clock(), 0
            else:
                self._failures += 1
                self._closed_until = self.clock() + REST
