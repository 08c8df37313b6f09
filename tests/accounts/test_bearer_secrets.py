"""What a token of the portal looks like: typos are told from strangers, scanners find it, nobody guesses it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from accounts import bearer_secrets
from accounts.bearer_secrets import digest, is_whole, new

# Made once by `new()`, so that the format cannot change under tokens that are out there.
KNOWN = "gatehouse_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg36YObo"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gatehouse_",
        "gatehouse_" + "0" * 49,
        KNOWN[:-1],
        KNOWN + "0",
        KNOWN + "\n",
        " " + KNOWN,
        KNOWN.lower(),
        KNOWN.replace("gatehouse", "Gatehouse"),
        KNOWN[:-1] + "é",
        KNOWN[:12] + "-" + KNOWN[13:],
    ],
)
def test_anything_else_is_not_whole(text: str) -> None:
    assert not is_whole(text)


@pytest.mark.parametrize("place", range(len("gatehouse_"), len(KNOWN)))
def test_one_wrong_character_anywhere_is_noticed(place: int) -> None:
    wrong = "x" if KNOWN[place] != "x" else "y"

    assert not is_whole(KNOWN[:place] + wrong + KNOWN[place + 1 :])


def test_the_format_stays_what_it_was() -> None:
    assert is_whole(KNOWN)
    assert digest(KNOWN) == "05676979c90655c445ee2d461eecf0bf862f8dd8f603b1a0f2cfc5d910db601d"


def test_new_ones_are_whole_and_never_twice_the_same() -> None:
    made = {new() for _ in range(1000)}

    assert len(made) == 1000
    assert all(is_whole(one) for one in made)
    # All 62 characters at all 43 places, more or less: nothing of it is fixed.
    assert all(len({one[place] for one in made}) > 40 for place in range(10, 53))


def test_scanners_find_one_in_the_middle_of_a_line() -> None:
    leaked = f'TOKEN="{KNOWN}" # oops'

    assert bearer_secrets.PATTERN.findall(leaked) == [KNOWN]


def test_the_documented_expression_is_the_one_in_use() -> None:
    page = (Path(settings.BASE_DIR) / "docs" / "tokens.md").read_text()
    (documented,) = re.findall(r"^    (\\bgatehouse_.*)$", page, re.MULTILINE)

    assert documented == bearer_secrets.PATTERN.pattern
