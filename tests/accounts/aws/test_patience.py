"""An STS that hangs, stumbles or is gone: how long somebody waits, and who is not even sent there."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable

import pytest

from accounts.aws import meanings, patience, sts
from accounts.aws.patience import Gate, patiently
from accounts.errors import AwsUnavailable, GatehouseError
from tests.accounts.aws.test_sts import ARN, reply
from tests.emulators import Reply, ScriptedServer, Seen, sts_at


class Clock:
    """Time that passes when somebody sleeps, and nobody really does."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Calls:
    """A call that fails each time, after so many seconds or as many as it was allowed."""

    def __init__(self, clock: Clock, meaning: meanings.Meaning, *, takes: float) -> None:
        self.clock, self.meaning, self.takes = clock, meaning, takes
        self.allowed: list[tuple[float, float]] = []

    def __call__(self, connect: float, whole: float) -> None:
        self.allowed.append((connect, whole))
        self.clock.now += min(self.takes, whole)
        raise self.meaning.told()

    def failed(self) -> str:
        """Try patiently, and return the code of what came of it."""
        with pytest.raises(GatehouseError) as refused:
            patiently(self, clock=self.clock, sleep=self.clock.sleep)
        return refused.value.code


@pytest.mark.parametrize("luck", [0.0, 0.3, 0.999])
def test_nobody_waits_for_a_hanging_sts_longer_than_the_budget(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, luck: float
) -> None:
    monkeypatch.setattr(random, "random", lambda: luck)
    hanging = Calls(clock, meanings.TIMEOUT, takes=3600)

    assert hanging.failed() == "aws.timeout"

    assert patience.BUDGET == 15
    assert clock.now <= patience.BUDGET
    assert hanging.allowed[0] == (3.0, 8.0)
    assert len(hanging.allowed) == 2


@pytest.mark.parametrize("takes", [0.0, 0.1, 1.0, 2.5, 4.0, 7.0, 7.9])
def test_budget_holds_however_long_a_try_takes(clock: Clock, takes: float) -> None:
    for meaning in (meanings.THROTTLED, meanings.UNAVAILABLE, meanings.UNREACHABLE):
        begun = clock.now

        Calls(clock, meaning, takes=takes).failed()

        assert clock.now - begun <= patience.BUDGET


@pytest.mark.parametrize(
    ("meaning", "tries"),
    [
        (meanings.THROTTLED, 3),
        (meanings.UNAVAILABLE, 3),
        (meanings.UNREACHABLE, 3),
        (meanings.DENIED, 1),
        (meanings.BAD_REPLY, 1),
        (meanings.OVER_MAXIMUM, 1),
        (meanings.HUB, 1),
    ],
    ids=lambda value: getattr(value, "code", value),
)
def test_only_what_may_pass_is_tried_again(
    clock: Clock, meaning: meanings.Meaning, tries: int
) -> None:
    calls = Calls(clock, meaning, takes=0.01)

    assert calls.failed() == meaning.code

    assert len(calls.allowed) == tries


@pytest.mark.wire
def test_second_try_that_succeeds_is_all_anybody_sees() -> None:
    answers = iter([Reply(503), Reply(body=reply())])
    with ScriptedServer(lambda seen: next(answers)) as server, sts_at(server.url):
        keys = sts.assume_role(role_arn=ARN, session_name="alice", duration=3600)

    assert keys.access_key_id == "ASIAEXAMPLE"


def fail(gate: Gate, meaning: meanings.Meaning = meanings.TIMEOUT) -> None:
    with pytest.raises(GatehouseError), gate.passed():
        raise meaning.told()


def is_closed(gate: Gate) -> bool:
    try:
        with gate.passed():
            return False
    except AwsUnavailable as error:
        return error.code == "aws.not_answering"


def test_sts_that_answers_nobody_is_left_alone_for_a_while() -> None:
    clock = Clock()
    gate = Gate(clock)
    for _ in range(patience.FAILURES):
        fail(gate)

    assert is_closed(gate)
    clock.now += patience.REST - 0.1
    assert is_closed(gate)


def test_one_tries_for_all_after_the_rest() -> None:
    clock = Clock()
    gate = Gate(clock)
    for _ in range(patience.FAILURES):
        fail(gate)
    clock.now += patience.REST

    with gate.passed():
        assert is_closed(gate)
    assert not is_closed(gate)


def test_one_that_tries_in_vain_closes_it_again() -> None:
    clock = Clock()
    gate = Gate(clock)
    for _ in range(patience.FAILURES):
        fail(gate)
    clock.now += patience.REST

    fail(gate)

    assert is_closed(gate)


@pytest.mark.parametrize("meaning", [meanings.DENIED, meanings.THROTTLED, meanings.UNAVAILABLE])
def test_any_answer_keeps_it_open(meaning: meanings.Meaning) -> None:
    gate = Gate(Clock())
    for _ in range(3):
        for _ in range(patience.FAILURES - 1):
            fail(gate)
        fail(gate, meaning)

    assert not is_closed(gate)


def test_failure_of_the_portals_own_is_no_failure_of_sts() -> None:
    gate = Gate(Clock())
    for _ in range(2 * patience.FAILURES):
        with pytest.raises(ZeroDivisionError), gate.passed():
            raise ZeroDivisionError

    assert not is_closed(gate)


def test_so_many_wait_at_once_and_who_comes_late_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.2)
    gate, go = Gate(), threading.Event()
    crowd = [threading.Thread(target=hold, args=(gate, go)) for _ in range(patience.AT_ONCE)]
    for thread in crowd:
        thread.start()

    # The first to come late waits for a moment; once it is clear that nothing moves, nobody does.
    assert seconds(lambda: is_closed(gate)) < 1
    time.sleep(0.3)
    assert seconds(lambda: is_closed(gate)) < 0.1

    go.set()
    for thread in crowd:
        thread.join()
    assert not is_closed(gate)


def test_who_comes_late_is_served_while_others_are() -> None:
    gate, go = Gate(), threading.Event()
    crowd = [threading.Thread(target=hold, args=(gate, go)) for _ in range(patience.AT_ONCE)]
    for thread in crowd:
        thread.start()
    threading.Timer(0.2, go.set).start()

    assert not is_closed(gate)
    for thread in crowd:
        thread.join()


def hold(gate: Gate, go: threading.Event) -> None:
    with gate.passed():
        go.wait(30)


def seconds(ask: Callable[[], bool]) -> float:
    begun = time.monotonic()
    assert ask()
    return time.monotonic() - begun


@pytest.mark.wire
def test_sts_that_hangs_is_asked_no_more_after_a_few_were_kept_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "TRY_TIMEOUT", 0.05)
    monkeypatch.setattr(patience, "TRIES", 1)
    codes = []
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        sts_at(f"http://127.0.0.1:{silent.getsockname()[1]}"),
    ):
        for _ in range(patience.FAILURES + 2):
            with pytest.raises(AwsUnavailable) as refused:
                sts.assume_role(role_arn=ARN, session_name="alice", duration=3600)
            codes.append(refused.value.code)

    assert codes == ["aws.timeout"] * patience.FAILURES + ["aws.not_answering"] * 2


@pytest.mark.wire
def test_refused_roles_close_nothing() -> None:
    refusal = Reply(403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")
    seen: list[Seen] = []
    with ScriptedServer(lambda each: refusal) as server, sts_at(server.url):
        for _ in range(3 * patience.FAILURES):
            with pytest.raises(GatehouseError):
                sts.assume_role(role_arn=ARN, session_name="alice", duration=3600)
        seen = server.seen

    assert len(seen) == 3 * patience.FAILURES
