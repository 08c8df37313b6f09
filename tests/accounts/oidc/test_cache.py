"""Values that are cached for a while."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from accounts.oidc.cache import FAILURE_LIFETIME, CachedValue
from accounts.oidc.errors import ProviderUnavailable


@dataclass
class Source:
    """Counts readings, and fails while told to."""

    failing: bool = False
    readings: int = 0
    now: float = 1000.0
    gate: threading.Event = field(default_factory=threading.Event)

    def read(self) -> str:
        self.readings += 1
        if self.failing:
            raise ProviderUnavailable("Try again.", "down")
        return f"reading {self.readings}"

    def cached(self) -> CachedValue[str]:
        return CachedValue(self.read, seconds=60, clock=lambda: self.now)


def test_a_value_is_read_once_within_its_time() -> None:
    source = Source()
    cached = source.cached()
    cached.get()
    source.now += 59

    assert cached.get() == "reading 1"
    assert source.readings == 1


def test_a_value_past_its_time_is_read_again() -> None:
    source = Source()
    cached = source.cached()
    cached.get()
    source.now += 60

    assert cached.get() == "reading 2"


def test_a_value_past_its_time_is_not_given_out_while_the_provider_is_down() -> None:
    source = Source()
    cached = source.cached()
    cached.get()
    source.now += 60
    source.failing = True

    with pytest.raises(ProviderUnavailable):
        cached.get()
    assert cached.peek() == "reading 1"


def test_a_failing_provider_is_not_asked_again_at_once() -> None:
    source = Source(failing=True)
    cached = source.cached()
    for _ in range(5):
        with pytest.raises(ProviderUnavailable, match="down"):
            cached.get()

    assert source.readings == 1


def test_a_provider_that_failed_is_asked_again_soon() -> None:
    source = Source(failing=True)
    cached = source.cached()
    with pytest.raises(ProviderUnavailable):
        cached.get()
    source.failing = False
    source.now += FAILURE_LIFETIME

    assert cached.get() == "reading 2"


def test_a_value_that_lacks_something_is_read_again_even_right_after_an_ordinary_reading() -> None:
    source = Source()
    cached = source.cached()

    assert cached.reload(cached.get(), interval=30) == "reading 2"


def test_a_value_that_lacks_something_is_not_read_again_and_again() -> None:
    source = Source()
    cached = source.cached()
    first = cached.reload(cached.get(), interval=30)
    source.now += 29

    assert cached.reload(first, interval=30) == "reading 2"
    source.now += 1
    assert cached.reload(first, interval=30) == "reading 3"


def test_a_reload_that_failed_is_tried_again_soon() -> None:
    source = Source()
    cached = source.cached()
    old = cached.get()
    source.failing = True
    with pytest.raises(ProviderUnavailable):
        cached.reload(old, interval=30)
    source.failing = False
    source.now += FAILURE_LIFETIME

    assert cached.reload(old, interval=30) == "reading 3"


def test_a_value_that_another_thread_has_reloaded_is_taken_as_it_is() -> None:
    source = Source()
    cached = source.cached()
    old = cached.get()
    cached.reload(old, interval=0)

    assert cached.reload(old, interval=0) == "reading 2"


@pytest.mark.parametrize("failing", [False, True])
def test_threads_that_come_together_ask_once(failing: bool) -> None:
    source = Source(failing=failing)
    together = threading.Barrier(16)
    outcomes: list[str] = []

    def read_slowly() -> str:
        source.gate.wait(0.05)
        return source.read()

    cached = CachedValue(read_slowly, seconds=60)

    def ask() -> None:
        together.wait()
        try:
            outcomes.append(cached.get())
        except ProviderUnavailable as error:
            outcomes.append(error.admin_message)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == (["down"] if failing else ["reading 1"]) * 16
    assert source.readings == 1
