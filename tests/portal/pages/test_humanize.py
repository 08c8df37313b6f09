"""Numbers in words."""

from __future__ import annotations

from portal.pages import humanize


def test_things_are_counted() -> None:
    counts = [humanize.count(number, "account") for number in (0, 1, 2, 1200)]

    assert counts == ["0 accounts", "1 account", "2 accounts", "1,200 accounts"]


def test_one_more_is_named_instead_of_counted() -> None:
    assert humanize.shortened(["a", "b", "c", "d"]) == (["a", "b", "c", "d"], 0)
    assert humanize.shortened(["a", "b", "c", "d", "e"]) == (["a", "b", "c"], 2)
