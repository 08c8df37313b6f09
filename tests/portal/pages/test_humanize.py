"""Numbers in words."""

from __future__ import annotations

from portal.pages import humanize


def test_things_are_counted() -> None:
    counts = [humanize.count(number, "account") for number in (0, 1, 2, 1200)]

    assert counts == ["0 accounts", "1 account", "2 accounts", "1,200 accounts"]


def test_durations_are_rounded_down_to_minutes() -> None:
    words = {
        -1: "less than a minute",
        59: "less than a minute",
        60: "1 minute",
        3600: "1 hour",
        5430: "1 hour 30 minutes",
        43200: "12 hours",
    }

    assert {seconds: humanize.duration(seconds) for seconds in words} == words


def test_one_more_is_named_instead_of_counted() -> None:
    assert humanize.shortened(["a", "b", "c", "d"]) == (["a", "b", "c", "d"], 0)
    assert humanize.shortened(["a", "b", "c", "d", "e"]) == (["a", "b", "c"], 2)
