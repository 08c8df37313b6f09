"""Read JSON from the provider: objects only, and nothing in them that a database would choke on."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

MAX_DEPTH = 32
_REPLACEMENT = "\ufffd"


def parse_object(text: bytes | str) -> dict[str, Any]:
    """Return the JSON object in a text.

    Characters that PostgreSQL cannot keep (NUL and lone surrogates) become U+FFFD: taking them
    out could turn one group's name into another's.

    Raises:
        ValueError: not JSON, not an object, nested too deep, or a number that is none (RFC 8259
            section 6 knows no NaN and no infinity).
    """
    plain = text if isinstance(text, str) else _decoded(text)
    try:
        found = _DECODER.decode(plain)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deep") from error
    if not isinstance(found, dict):
        raise ValueError("the JSON is not an object")
    if _is_tidy(plain):
        return found
    tidied: dict[str, Any] = _tidied(found, MAX_DEPTH)
    return tidied


def _is_tidy(text: str) -> bool:
    """Whether the text itself tells that there is nothing to tidy, as it does for nearly every token.

    In ASCII without escapes nothing stands for NUL or half a surrogate pair, and what opens at
    most `MAX_DEPTH` brackets is no deeper than that. Python looks for one character many times as
    fast as for two, and as it splits or counts.
    """
    if not text.isascii() or ("\\" in text and "\\u" in text):
        return False
    brackets = 0
    for bracket in "[{":
        place = text.find(bracket)
        while place >= 0 and brackets <= MAX_DEPTH:
            brackets += 1
            place = text.find(bracket, place + 1)
    return brackets <= MAX_DEPTH


def _tidied(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, dict | list) and not depth:
        raise ValueError("the JSON is nested too deep")
    if isinstance(value, dict):
        return {_storable(key): _tidied(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_tidied(item, depth - 1) for item in value]
    return value


def _storable(text: str) -> str:
    if text.isascii():
        return text.replace("\x00", _REPLACEMENT)
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\x00", _REPLACEMENT)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"the JSON holds {text}")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("the JSON holds a number without end")
    return number


def _decoded(text: bytes) -> str:
    # As json.loads reads bytes; with a decoder of our own it would make that anew for each text.
    return text.decode(json.detect_encoding(text), "surrogatepass")


_DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)
