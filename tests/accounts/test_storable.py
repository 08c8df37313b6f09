"""What comes from outside becomes something every database can hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.storable import is_storable, storable

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(alphabet=st.characters(exclude_categories=()))
    | st.binary()
    | st.datetimes(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=10,
)


@given(anything)
def test_storable_makes_json_that_a_database_takes(value: Any) -> None:
    written = json.dumps(storable(value), allow_nan=False, ensure_ascii=False)

    assert "\\u0000" not in written
    assert written.encode()


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("adm\x00ins", "adm\ufffdins"),
        ("\ud83d", "\ufffd"),
        (10**30, "\ufffd"),
        (float("nan"), "\ufffd"),
        (frozenset({1}), [1]),
    ],
)
def test_storable_shows_where_something_could_not_be_held(value: Any, stored: Any) -> None:
    assert storable(value) == stored


@pytest.mark.parametrize(
    "value", ["", "café 🚪\n", 0, -1, 2**62, 1.5, None, True, {"a": ["b", {"c": None}]}]
)
def test_storable_leaves_everything_else_as_it_is(value: Any) -> None:
    assert storable(value) == value
    assert type(storable(value)) is type(value)


def test_is_storable_knows_nul_and_half_a_surrogate_pair() -> None:
    assert not is_storable("a\x00")
    assert not is_storable("\udfff")
    assert is_storable("café 🚪\n")
