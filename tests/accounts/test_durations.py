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
