"""An AWS that hangs, drips or is gone: how long somebody waits, and who is not even sent there."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from accounts.aws import bulkhead, clients, errors, sts
from accounts.aws.bulkhead import FAILURES, REST, Bulkhead
from accounts.aws.errors import Failure
from accounts.errors import AwsUnavailable, GatehouseError
from accounts.gate import PATIENCE
from tests.accounts.aws.test_sts import ARN
from tests.emulators import sts_at


class Clock:
    """Time that passes when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fails(failure: Failure) -> None:
    raise failure.error()


def code_of(calls: Bulkhead, function: Callable[[], object]) -> str:
    """Return the code of what a call raises; "" if it returns."""
    try:
        calls.call(function)
    except GatehouseError as error:
        return error.code
    return ""


def answered(calls: Bulkhead) -> bool:
    return code_of(calls, lambda: None) == ""


def leave_unanswered(calls: Bulkhead, times: int = FAILURES) -> None:
    for _ in range(times):
        assert code_of(calls, partial(fails, errors.TIMEOUT)) == "aws.timeout"


@contextmanager
def held(calls: Bulkhead, size: int) -> Iterator[threading.Event]:
    """Have so many calls in flight until the event, or the end of the block."""
    let_go, inside = threading.Event(), threading.Barrier(size + 1)

    def hold() -> None:
        inside.wait(10)
        let_go.wait(30)

    crowd = [threading.Thread(target=calls.call, args=(hold,)) for _ in range(size)]
    for thread in crowd:
        thread.start()
    inside.wait(10)
    yield let_go
    let_go.set()
    for thread in crowd:
        thread.join()


def test_nobody_asks_for_a_while_when_so_many_in_a_row_had_no_answer(clock: Clock) -> None:
    calls = Bulkhead(clock=clock)
    leave_unanswered(calls, FAILURES - 1)
    assert code_of(calls, partial(fails, errors.UNREACHABLE)) == "aws.unreachable"

    assert code_of(calls, lambda: None) == "aws.not_answering"
    clock.now += REST - 0.1
    assert code_of(calls, lambda: None) == "aws.not_answering"


def test_one_asks_for_all_after_the_rest(clock: Clock) -> None:
    calls = Bulkhead(clock=clock)
    leave_unanswered(calls)
    clock.now += REST

    with held(calls, 1):
        assert not answered(calls)
    assert answered(calls)


def test_one_that_asks_in_vain_closes_it_again(clock: Clock) -> None:
    calls = Bulkhead(clock=clock)
    leave_unanswered(calls)
    clock.now += REST

    leave_unanswered(calls, 1)

    assert not answered(calls)


@pytest.mark.parametrize("failure", [errors.DENIED, errors.THROTTLED, errors.UNAVAILABLE])
def test_any_answer_keeps_it_open(clock: Clock, failure: Failure) -> None:
    calls = Bulkhead(clock=clock)
    for _ in range(3):
        leave_unanswered(calls, FAILURES - 1)
        assert code_of(calls, partial(fails, failure)) == failure.code

    assert answered(calls)


def test_defect_of_the_portal_is_no_failure_of_aws(clock: Clock) -> None:
    calls = Bulkhead(clock=clock)
    for _ in range(2 * FAILURES):
        with pytest.raises(ZeroDivisionError):
            calls.call(lambda: 1 // 0)

    assert answered(calls)


def test_who_comes_late_is_refused_at_once_where_nothing_moves(clock: Clock) -> None:
    calls = Bulkhead(2, clock=clock)
    with held(calls, 2):
        clock.now += PATIENCE + 0.1
        begun = time.monotonic()
        assert code_of(calls, lambda: None) == "aws.not_answering"
        assert time.monotonic() - begun < PATIENCE

    assert answered(calls)


def test_who_comes_late_waits_for_a_moment_where_calls_have_just_begun(clock: Clock) -> None:
    calls = Bulkhead(2, clock=clock)
    with held(calls, 2) as let_go:
        threading.Timer(0.05, let_go.set).start()
        assert answered(calls)


def test_caller_stops_waiting_at_the_deadline_and_the_call_still_counts(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(bulkhead, "DEADLINE", 0.05)
    calls, let_go = Bulkhead(1, clock=clock), threading.Event()

    assert code_of(calls, lambda: let_go.wait(30)) == "aws.timeout"

    clock.now += PATIENCE + 0.1
    assert code_of(calls, lambda: None) == "aws.not_answering"
    let_go.set()
    clock.now -= PATIENCE
    assert answered(calls)


@pytest.mark.wire
def test_sts_that_drips_is_left_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulkhead, "DEADLINE", 0.3)
    with dripping() as (url, drops), sts_at(url):
        clients.sts()
        begun = time.monotonic()
        with pytest.raises(AwsUnavailable) as refused:
            sts.assume_role(role_arn=ARN, session_name="alice", duration=3600)
        took = time.monotonic() - begun

    assert refused.value.code == "aws.timeout"
    assert took < 2
    assert drops


@contextmanager
def dripping() -> Iterator[tuple[str, list[bytes]]]:
    """Answer each connection with a header that has no end, a letter at a time."""
    over = threading.Event()
    drops: list[bytes] = []

    def drip(line: socket.socket) -> None:
        with line:
            line.sendall(b"HTTP/1.1 200 OK\r\nX-Drop: ")
            while not over.wait(0.05):
                line.sendall(b"x")
                drops.append(b"x")

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(line,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", drops
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
