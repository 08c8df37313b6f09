"""TOML as it is written, read back by the standard library."""

from __future__ import annotations

import tomllib
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.plans.notation import pair, quoted

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-11))])).filter(
    lambda moment: 1 < moment.year < 9999
)
VALUES = st.recursive(
    TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | MOMENTS,
    lambda inside: st.lists(inside) | st.dictionaries(TEXT, inside),
    max_leaves=12,
)


@example("long" * 30, {})
@given(TEXT, VALUES)
def test_pair_is_read_back_as_it_was(key: str, value: object) -> None:
    assert tomllib.loads(pair(key, value)) == {key: value}


def test_quoted_escapes_what_toml_asks_for_and_what_nobody_could_see() -> None:
    written = {
        'a "quote" and a \\': r'"a \"quote\" and a \\"',
        "tab\tline\nend\x7f\x00": r'"tab\tline\nend\u007F\u0000"',
        "Zürich 東京 🏦": '"Zürich 東京 🏦"',
        "a\u202eb\u2028c\u00a0d": r'"a\u202Eb\u2028c\u00A0d"',
        "\U000e0001": r'"\U000E0001"',
    }

    assert {text: quoted(text) for text in written} == written


def test_pair_gives_a_long_array_a_line_for_each_element() -> None:
    written = pair("roles", ["R" * 30, {"a": "b" * 30}, "S" * 30])

    assert written.split("\n")[1:] == [
        f'    "{"R" * 30}",',
        f'    {{ a = "{"b" * 30}" }},',
        f'    "{"S" * 30}",',
        "]",
    ]


def test_pair_gives_a_long_table_a_line_for_each_key() -> None:
    written = pair("accounts", {"ids": ["1" * 50], "a b": "c" * 50})

    assert written.split("\n") == [
        f'accounts.ids = ["{"1" * 50}"]',
        f'accounts."a b" = "{"c" * 50}"',
    ]


def test_pair_refuses_what_toml_cannot_say() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        pair("nothing", None)
