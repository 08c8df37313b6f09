"""Callers of a slow service are turned away at once, so that threads are left; those of a quick one wait their turn."""

from __future__ import annotations

import threading
import time

import pytest

from accounts import time_budget
from accounts.concurrency import THREADS
from accounts.gate import AWS_CALLS, ISSUER_CALLS, PATIENCE, PROVIDER_CALLS, Gate


def test_a_quarter_of_the_threads_is_left_whoever_hangs() -> None:
    assert AWS_CALLS + PROVIDER_CALLS + ISSUER_CALLS <= THREADS * 3 // 4


def test_nobody_waits_for_a_service_whose_calls_take_long() -> None:
    now = [1000.0]
    gate = Gate(2, clock=lambda: now[0])
    first, second = gate.enter(), gate.enter()
    assert first is not None
    assert second is not None
    now[0] += 5
    gate.leave(first)
    assert gate.enter() is not None

    begun = time.monotonic()
    assert gate.enter() is None
    assert time.monotonic() - begun < PATIENCE / 2


def test_a_burst_waits_its_turn_at_a_service_that_is_quick() -> None:
    gate = Gate(2)
    refused: list[float | None] = []

    def call() -> None:
        mark = gate.enter()
        if mark is None:
            refused.append(mark)
            return
        time.sleep(0.01)
        gate.leave(mark)

    crowd = [threading.Thread(target=call) for _ in range(20)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()

    assert refused == []


def test_all_that_a_request_waits_for_has_one_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert time_budget.left(7) == 7
    monkeypatch.setattr(time_budget, "TOTAL", 0.2)
    with time_budget.begun():
        assert 0 < time_budget.left(7) <= 0.2
        time.sleep(0.25)
        assert time_budget.left(7) == 0
    assert time_budget.left(7) == 7
