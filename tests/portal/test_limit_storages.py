"""Counters in a process: each window by itself, nothing that has ended is kept, and no thread is started."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from portal import limit_storages
from portal.limit_storages import ProcessStorage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    found = SimpleNamespace(now=1000.0)
    found.time = lambda: found.now
    monkeypatch.setattr(limit_storages, "time", found)
    return found


def test_a_window_begins_with_the_first_and_is_over_at_its_end(clock: SimpleNamespace) -> None:
    limiter, twice = FixedWindowRateLimiter(ProcessStorage()), parse("2/minute")

    assert [limiter.hit(twice, "alice") for _ in range(3)] == [True, True, False]
    assert limiter.hit(twice, "bob", cost=2)
    assert not limiter.hit(twice, "bob")
    assert limiter.get_window_stats(twice, "alice") == (1060.0, 0)
    clock.now = 1059.9
    assert not limiter.hit(twice, "alice")
    clock.now = 1060.0
    assert limiter.get_window_stats(twice, "alice") == (1060.0, 2)
    assert limiter.hit(twice, "alice")


def test_counters_that_have_ended_make_room(clock: SimpleNamespace) -> None:
    storage, threads = ProcessStorage(), {*threading.enumerate()}
    for number in range(10_000):
        clock.now += 0.1  # 600 of them are in a window of a minute.
        storage.incr(f"{number}", 60)

    assert storage.reset() < 3000
    assert {*threading.enumerate()} <= threads
    assert storage.get("9999") == 0
