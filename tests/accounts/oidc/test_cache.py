"""What is kept of the provider, and for how long."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from accounts.oidc.cache import FAILURE_KEPT_FOR, Kept
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

    def kept(self) -> Kept[str]:
        return Kept(self.read, seconds=60, clock=lambda: self.now)


def test_a_value_is_read_once_within_its_time() -> None:
    source = Source()
    kept = source.kept()
    kept.current()
    source.now += 59

    assert kept.current() == "reading 1"
    assert source.readings == 1


def test_a_value_past_its_time_is_read_again() -> None:
    source = Source()
    kept = source.kept()
    kept.current()
    source.now += 60

    assert kept.current() == "reading 2"


def test_a_value_past_its_time_is_not_given_out_while_the_provider_is_down() -> None:
    source = Source()
    kept = source.kept()
    kept.current()
    source.now += 60
    source.failing = True

    with pytest.raises(ProviderUnavailable):
        kept.current()
    assert kept.known() == "reading 1"


def test_a_failing_provider_is_not_asked_again_at_once() -> None:
    source = Source(failing=True)
    kept = source.kept()
    for _ in range(5):
        with pytest.raises(ProviderUnavailable, match="down"):
            kept.current()

    assert source.readings == 1


def test_a_provider_that_failed_is_asked_again_soon() -> None:
    source = Source(failing=True)
    kept = source.kept()
    with pytest.raises(ProviderUnavailable):
        kept.current()
    source.failing = False
    source.now += FAILURE_KEPT_FOR

    assert kept.current() == "reading 2"


def test_a_value_found_wanting_is_read_again_even_right_after_an_ordinary_reading() -> None:
    source = Source()
    kept = source.kept()

    assert kept.renewed(kept.current(), apart=30) == "reading 2"


def test_a_value_found_wanting_is_not_read_again_and_again() -> None:
    source = Source()
    kept = source.kept()
    first = kept.renewed(kept.current(), apart=30)
    source.now += 29

    assert kept.renewed(first, apart=30) == "reading 2"
    source.now += 1
    assert kept.renewed(first, apart=30) == "reading 3"


def test_a_renewal_that_failed_is_tried_again_soon() -> None:
    source = Source()
    kept = source.kept()
    old = kept.current()
    source.failing = True
    with pytest.raises(ProviderUnavailable):
        kept.renewed(old, apart=30)
    source.failing = False
    source.now += FAILURE_KEPT_FOR

    assert kept.renewed(old, apart=30) == "reading 3"


def test_a_value_that_somebody_else_has_renewed_is_taken_as_it_is() -> None:
    source = Source()
    kept = source.kept()
    old = kept.current()
    kept.renewed(old, apart=0)

    assert kept.renewed(old, apart=0) == "reading 2"


@pytest.mark.parametrize("failing", [False, True])
def test_threads_that_come_together_ask_once(failing: bool) -> None:
    source = Source(failing=failing)
    together = threading.Barrier(16)
    outcomes: list[str] = []

    def read_slowly() -> str:
        source.gate.wait(0.05)
        return source.read()

    kept = Kept(read_slowly, seconds=60)

    def ask() -> None:
        together.wait()
        try:
            outcomes.append(kept.current())
        except ProviderUnavailable as error:
            outcomes.append(error.admin_message)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == (["down"] if failing else ["reading 1"]) * 16
    assert source.readings == 1
