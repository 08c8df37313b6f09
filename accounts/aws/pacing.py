"""Ask AWS patiently: wait longer each time it is throttling or does not answer, then give up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from accounts.errors import AwsUnavailable

T = TypeVar("T")

ATTEMPTS = 8
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0
"""Seconds; the pause doubles with each attempt. All together it is about a minute."""


def patiently(ask: Callable[[], T]) -> T:
    """Return what a function returns that asks AWS, trying again while AWS is unavailable.

    Only for work that nobody waits for in a browser.

    Raises:
        AwsUnavailable: it was so at each attempt.
        GatehouseError: as the function, at once.
    """
    for attempt in range(ATTEMPTS - 1):
        try:
            return ask()
        except AwsUnavailable:
            pause = min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)
            # Some jitter, so that several do not come back at the same moment.
            time.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311
    return ask()
