"""Read JSON from a provider: an object, without anything that a database cannot store."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from accounts.storable import storable

MAX_DEPTH = 32


def parse_object(text: bytes | str) -> dict[str, Any]:
    """Return the JSON object in a text; what no database can store in it becomes U+FFFD.

    Raises:
        ValueError: not JSON, not an object, nested too deep, or NaN or an infinity, which JSON does
            not have (RFC 8259 section 6).
    """
    try:
        parsed = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deep") from error
    if not isinstance(parsed, dict):
        raise ValueError("the JSON is not an object")
    if _is_deeper(parsed, MAX_DEPTH):
        raise ValueError("the JSON is nested too deep")
    document: dict[str, Any] = storable(parsed)
    return document


def _is_deeper(container: dict[str, Any] | list[Any], depth: int) -> bool:
    if not depth:
        return True
    items = container.values() if isinstance(container, dict) else container
    return any(_is_deeper(item, depth - 1) for item in items if isinstance(item, dict | list))


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"the JSON holds {text}")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("the JSON holds a number without end")
    return number
