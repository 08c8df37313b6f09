"""The threads of gunicorn's worker: nothing that was taken is lost, and never too many at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import pytest

from portal.threads import Outcome, Threads

SOON = 10
"""Seconds in which a thread has surely done what takes no time."""


class Asked:
    """Asks threads, and hears from them."""

    def __init__(self, most: int) -> None:
        self.threads = Threads(most)
        self.heard: SimpleQueue[Outcome] = SimpleQueue()

    def ask(self, do: Callable[[Any], Any], what: Any = None) -> None:
        self.threads.submit(do, what, then=self.heard.put)

    def answer(self) -> Any:
        return self.heard.get(timeout=SOON).result()


def test_what_fails_is_told_and_costs_no_thread() -> None:
    asked = Asked(most=1)

    def fail(_: Any) -> None:
        raise SystemExit("given up")

    asked.ask(fail)
    with pytest.raises(SystemExit, match="given up"):
        asked.answer()

    asked.ask(str, 1)
    assert asked.answer() == "1"
    asked.threads.shutdown()


def test_no_more_than_so_many_are_busy_at_once() -> None:
    asked = Asked(most=2)
    ready = threading.Event()
    before = set(threading.enumerate())
    for _ in range(5):
        asked.ask(lambda _: ready.wait(SOON))

    assert len(set(threading.enumerate()) - before) == 2

    ready.set()
    assert [asked.answer() for _ in range(5)] == [True] * 5
    asked.threads.shutdown()


def test_what_waits_is_done_in_the_order_it_came() -> None:
    asked = Asked(most=1)
    ready = threading.Event()
    asked.ask(lambda _: ready.wait(SOON))
    for number in range(5):
        asked.ask(int, number)

    ready.set()

    assert [asked.answer() for _ in range(6)] == [True, 0, 1, 2, 3, 4]
    asked.threads.shutdown()


def test_a_thread_that_waits_is_asked_before_another_is_made() -> None:
    asked = Asked(most=2)
    before = set(threading.enumerate())
    for _ in range(20):
        asked.ask(lambda _: None)
        asked.answer()
        # Its thread tells of it a moment before it waits again.
        until = time.monotonic() + SOON
        while not asked.threads._idle and time.monotonic() < until:
            time.sleep(0.001)

    assert len(set(threading.enumerate()) - before) == 1
    asked.threads.shutdown()


def test_threads_end_once_they_have_nothing_to_do() -> None:
    before = set(threading.enumerate())
    asked = Asked(most=2)
    ready = threading.Event()
    for _ in range(3):
        asked.ask(lambda _: ready.wait(SOON))
    made = set(threading.enumerate()) - before

    asked.threads.shutdown(wait=False)
    ready.set()

    assert [asked.answer() for _ in range(3)] == [True] * 3
    for thread in made:
        thread.join(SOON)
        assert not thread.is_alive()


def test_threads_that_wait_end_at_once() -> None:
    before = set(threading.enumerate())
    asked = Asked(most=2)
    asked.ask(lambda _: None)
    asked.answer()
    made = set(threading.enumerate()) - before

    asked.threads.shutdown(wait=False)

    for thread in made:
        thread.join(SOON)
        assert not thread.is_alive()
