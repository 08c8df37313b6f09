"""One bound for all that a request waits for outside: AWS, the console's endpoint, the identity provider, issuers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

TOTAL = 15.0
"""Seconds. Each call has a shorter bound of its own; a request may need several."""

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def begun() -> Iterator[None]:
    """Let the block wait for others TOTAL seconds altogether."""
    token = _deadline.set(time.monotonic() + TOTAL)
    try:
        yield
    finally:
        _deadline.reset(token)


def is_begun() -> bool:
    """Whether a bound counts here already."""
    return _deadline.get() is not None


def left(at_most: float) -> float:
    """Return for how many seconds the next call may be waited for: 0 if the time is over."""
    deadline = _deadline.get()
    return at_most if deadline is None else max(0.0, min(at_most, deadline - time.monotonic()))
