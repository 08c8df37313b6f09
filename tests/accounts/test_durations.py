"""Durations as people write them."""

from __future__ import annotations

from accounts import durations


def test_what_is_no_duration_is_none() -> None:
    for text in ("", "h", "1 h", "-1h", "1.5h", "8H", "8h\n", "٨h", "1d", "9999999999"):
        assert durations.parse(text) is None, text


def test_a_duration_is_read_and_written_in_its_largest_unit() -> None:
    for text, seconds in (("8h", 28800), ("90m", 5400), ("901s", 901), ("0h", 0)):
        assert durations.parse(text) == seconds
        assert durations.write(seconds) == text
    assert durations.parse("3600") == 3600


def test_what_people_type_is_read_and_nothing_else() -> None:
    for text in (
        "",
        "hours",
        "1.5 hours",
        "8 hours ago",
        "1 fortnight",
        "-1 hour",
        "8 hours,",
        "1 2",
    ):
        assert durations.read(text) is None, text
    for text, seconds in (
        ("8 hours", 28800),
        (" 1 hour 30 minutes ", 5400),
        ("1 Hour and 30 Minutes", 5400),
        ("1h 30m", 5400),
        ("90 min", 5400),
        ("7 days", 604800),
        ("90m", 5400),
        ("3600", 3600),
    ):
        assert durations.read(text) == seconds, text


def test_what_pages_say_is_read_again() -> None:
    for seconds in (60, 3600, 5400, 43200, 604800):
        assert durations.read(durations.in_words(seconds)) == seconds


def test_a_duration_in_words_is_rounded_down_to_minutes() -> None:
    for seconds, words in (
        (-1, "less than a minute"),
        (59, "less than a minute"),
        (119, "1 minute"),
        (3600, "1 hour"),
        (5400, "1 hour 30 minutes"),
        (43200, "12 hours"),
    ):
        assert durations.in_words(seconds) == words
