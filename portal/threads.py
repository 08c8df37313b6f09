"""The threads in which gunicorn's worker answers: each request goes straight to one that waits for it.

With gunicorn's own pool, that of concurrent.futures, all threads wait at one queue, each request wakes
a second one that finds it empty, and has a Future that nobody shares: 2 % of a request of keys.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import RLock, Thread
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What came of a task: what gunicorn asks of a Future that is done."""

    returned: Any = None
    raised: BaseException | None = None

    def cancelled(self) -> bool:
        """Say that nobody took it back."""
        return False

    def result(self) -> Any:
        """Return what the task returned; raise what it raised."""
        if self.raised is not None:
            raise self.raised
        return self.returned


class _Task(NamedTuple):
    do: Callable[[Any], Any]
    what: Any
    then: Callable[[Outcome], None]


class Threads:
    """As many threads as were ever busy at once, at most `most`; what comes when all are waits its turn."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._number = 0
        # A signal may end the worker while it has just taken the lock: hence one that it may take twice.
        self._lock = RLock()
        self._idle: list[SimpleQueue[_Task | None]] = []
        self._waiting: deque[_Task] = deque()
        self._closed = False

    def submit(
        self, do: Callable[[Any], Any], what: Any, *, then: Callable[[Outcome], None]
    ) -> None:
        """Have something done by a thread, the one that was busy last; `then` is told what came of it."""
        task = _Task(do, what, then)
        with self._lock:
            if self._idle:
                self._idle.pop().put(task)
                return
            if self._number >= self._most:
                self._waiting.append(task)
                return
            self._number += 1
        Thread(target=self._work, args=(task,)).start()

    def shutdown(self, wait: bool = True) -> None:
        """Let each thread end once it has nothing to do; gunicorn does not wait for them here."""
        del wait
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().put(None)

    def _work(self, first: _Task) -> None:
        given: SimpleQueue[_Task | None] = SimpleQueue()
        task: _Task | None = first
        while task is not None:
            try:
                outcome = Outcome(task.do(task.what))
            except BaseException as error:  # noqa: BLE001 - `then` is told, whatever it is
                outcome = Outcome(raised=error)
            task.then(outcome)
            task = self._next(given)

    def _next(self, given: SimpleQueue[_Task | None]) -> _Task | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._closed:
                return None
            self._idle.append(given)
        return given.get()
