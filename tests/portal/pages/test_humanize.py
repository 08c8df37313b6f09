"""Numbers the way people say them."""

from __future__ import annotations

import pytest

from portal.pages import humanize


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 accounts"), (1, "1 account"), (2, "2 accounts"), (1200, "1,200 accounts")],
)
def test_things_are_counted(number: int, said: str) -> None:
    assert humanize.count(number, "account") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (3600, "1 hour"),
        (5430, "1 hour 30 minutes"),
        (43200, "12 hours"),
    ],
)
def test_time_is_rounded_down_to_minutes(seconds: int, said: str) -> None:
    assert humanize.duration(seconds) == said
