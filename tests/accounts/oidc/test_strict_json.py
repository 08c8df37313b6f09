"""JSON from the provider."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.oidc.strict_json import MAX_DEPTH, parse_object

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<p>Hello from a proxy</p>",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe\x00",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"[" * 60_000,
        b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_document_that_is_no_plain_object_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting|decode|digits"):
        parse_object(text)


def test_a_document_comes_back_as_it_is() -> None:
    document = {"groups": ["pay", "plát"], "deep": {"n": [1, 2.5, None, True]}}

    assert parse_object(json.dumps(document)) == document


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (r'{"g": "ad\u0000min"}', {"g": "ad\ufffdmin"}),
        (r'{"g": ["\ud800admin"]}', {"g": ["\ufffdadmin"]}),
        (r'{"ad\u0000min": 1}', {"ad\ufffdmin": 1}),
        (r'{"g": "\ud83d\ude00"}', {"g": "\U0001f600"}),
    ],
)
def test_what_no_database_keeps_is_replaced_and_never_left_out(
    text: str, kept: dict[str, Any]
) -> None:
    assert parse_object(text) == kept


@given(st.binary() | JSON.map(json.dumps))
@example(b"{" * 100_000)
def test_a_document_is_read_or_refused_and_what_is_read_can_be_stored(text: bytes | str) -> None:
    try:
        found = parse_object(text)
    except ValueError:
        return
    stored = json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    assert b"\x00" not in stored
    assert "\\u0000" not in stored.decode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-16", "utf-32-le"])
@pytest.mark.parametrize("escaped", ["\\u0000", "\\ud800", "\\uDFFF", "\\\\\\u0000"])
def test_an_escape_is_replaced_in_every_encoding(encoding: str, escaped: str) -> None:
    text = f'{{"groups": ["a{escaped}b"]}}'

    for sent in (text, text.encode(encoding)):
        [found] = parse_object(sent)["groups"]
        assert "\x00" not in found
        assert found.encode()
        assert "\ufffd" in found


def test_a_document_of_many_brackets_is_read_whole_and_still_not_too_deep() -> None:
    many = {"groups": [[str(number)] for number in range(100)]}

    assert parse_object(json.dumps(many)) == many
    with pytest.raises(ValueError, match="deep"):
        parse_object('{"a": ' + "[" * 33 + "]" * 33 + "}")
