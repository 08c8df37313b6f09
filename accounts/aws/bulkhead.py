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

from accounts import time_budget
from accounts.aws import errors
from accounts.errors import GatehouseError
from accounts.gate import AWS_CALLS, Gate

T = TypeVar("T")

CALLS_AT_ONCE = AWS_CALLS
DEADLINE = time_budget.TOTAL
"""Seconds that anybody waits for one call, its retries included; less where the request has waited before."""
FAILURES, REST = 5, 5.0
"""After so many calls in a row without an answer nobody asks for so many seconds; then one does."""

_NO_ANSWER = frozenset((errors.TIMEOUT.code, errors.UNREACHABLE.code))


class Bulkhead:
    """Safe to share among threads, not across a fork."""

    def __init__(
        self, size: int = CALLS_AT_ONCE, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="aws")
        self._gate = Gate(size, clock=clock)
        self._lock = threading.Lock()
        self._unanswered = 0  # Calls in a row.
        self._closed_until = 0.0

    def call(self, function: Callable[[], T], *, patience: float | None = None) -> T:
        """Return what a function returns that asks AWS; `patience` is how many seconds to wait for it, if not DEADLINE.

        Raises:
            AwsUnavailable: there is no answer before the deadline, or AWS does not answer others.
            GatehouseError: as the function.
        """
        patience = time_budget.left(DEADLINE if patience is None else patience)
        if not patience:
            raise errors.TIMEOUT.error("the request has used up its time before this call")
        mark = self._enter()
        future = self._threads.submit(self._run, function, mark)
        try:
            return future.result(timeout=patience)
        except TimeoutError:
            # The call goes on, and counts as in flight until it ends.
            if patience > DEADLINE / 2:  # Who came with little time says nothing about AWS.
                self._count(answered=False)
            raise errors.TIMEOUT.error(f"no whole answer after {patience:.0f} seconds") from None

    def _enter(self) -> float:
        with self._lock:
            now = self._clock()
            if self._unanswered >= FAILURES:
                if now < self._closed_until:
                    raise errors.NOT_ASKED.error(f"{self._unanswered} calls in a row had no answer")
                self._closed_until = now + REST  # This call finds out for all.
        if (mark := self._gate.enter()) is None:
            raise errors.NOT_ASKED.error(f"{self._gate.size} calls are waiting for an answer")
        return mark

    def _run(self, function: Callable[[], T], mark: float) -> T:
        answered = True
        try:
            return function()
        except GatehouseError as error:
            answered = error.code not in _NO_ANSWER
            raise
        finally:
            self._count(answered=answered)
            self._gate.leave(mark)

    def _count(self, *, answered: bool) -> None:
        with self._lock:
            self._unanswered = 0 if answered else self._unanswered + 1
            self._closed_until = self._clock() + REST
