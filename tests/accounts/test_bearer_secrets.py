"""The format of the portal's secrets: typos are told from unknown ones, scanners find it, nobody guesses it."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from accounts import bearer_secrets
from accounts.bearer_secrets import digest, generate, is_well_formed

# Generated once, so that the format cannot change under tokens that are in use.
KNOWN = "gatehouse_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg36YObo"


def test_anything_else_is_not_well_formed() -> None:
    for text in (
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
    ):
        assert not is_well_formed(text), text


def test_one_wrong_character_anywhere_is_noticed() -> None:
    for place in range(len("gatehouse_"), len(KNOWN)):
        wrong = "x" if KNOWN[place] != "x" else "y"
        assert not is_well_formed(KNOWN[:place] + wrong + KNOWN[place + 1 :]), place


def test_the_format_stays_what_it_was() -> None:
    assert is_well_formed(KNOWN)
    assert digest(KNOWN) == "05676979c90655c445ee2d461eecf0bf862f8dd8f603b1a0f2cfc5d910db601d"


def test_new_secrets_are_well_formed_random_and_never_the_same() -> None:
    secrets = {generate() for _ in range(1000)}

    assert len(secrets) == 1000
    assert all(map(is_well_formed, secrets))
    # Nearly all 62 characters appear at each of the 43 random places.
    assert all(len({secret[place] for secret in secrets}) > 40 for place in range(10, 53))


def test_scanners_find_a_secret_in_the_middle_of_a_line() -> None:
    leaked = f'TOKEN="{KNOWN}" # oops'

    assert bearer_secrets.PATTERN.findall(leaked) == [KNOWN]


def test_the_documented_expression_is_the_one_in_use() -> None:
    page = (Path(settings.BASE_DIR) / "docs" / "tokens.md").read_text()
    (documented,) = re.findall(r"^    (\\bgatehouse_.*)$", page, re.MULTILINE)

    assert documented == bearer_secrets.PATTERN.pattern
