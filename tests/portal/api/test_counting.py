"""Counting requests in one process."""

from __future__ import annotations

import threading

import pytest

from portal.counting import SWEPT_APART, InProcess


class Clock:
    """A clock that goes on when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_window_begins_with_its_first_count_and_ends_with_its_time(clock: Clock) -> None:
    storage = InProcess(clock)

    assert [storage.incr("alice", 60) for _ in range(3)] == [1, 2, 3]
    assert storage.get_expiry("alice") == 1060

    clock.now = 1059.9
    assert storage.incr("alice", 60) == 4
    clock.now = 1060
    assert storage.get("alice") == 0
    assert storage.incr("alice", 60) == 1
    assert storage.get_expiry("alice") == 1120


def test_keys_are_counted_apart(clock: Clock) -> None:
    storage = InProcess(clock)
    storage.incr("alice", 60)

    assert storage.get("bob") == 0
    assert storage.get_expiry("bob") == 1000


def test_windows_that_are_over_take_no_room(clock: Clock) -> None:
    storage = InProcess(clock)
    for number in range(100):
        storage.incr(str(number), 1)

    clock.now += SWEPT_APART
    storage.incr("alice", 60)

    assert storage.reset() == 1


def test_what_is_cleared_begins_anew(clock: Clock) -> None:
    storage = InProcess(clock)
    storage.incr("alice", 60)

    storage.clear("alice")

    assert storage.incr("alice", 60) == 1


def test_no_count_of_any_thread_is_lost() -> None:
    storage = InProcess()
    together = threading.Barrier(8)

    def count() -> None:
        together.wait()
        for _ in range(2000):
            storage.incr("alice", 60)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert storage.get("alice") == 16000


def test_counting_starts_no_thread() -> None:
    before = threading.active_count()
    storage = InProcess()
    storage.incr("alice", 60)

    assert threading.active_count() == before
    assert storage.check()
