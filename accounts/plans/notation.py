"""Write values as TOML, for files and for people: small tables in one line, long arrays one element a line.

The standard library only reads TOML. The libraries that write it put nested tables under headers of
their own, which would part a mapping from its accounts. Grammar: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_SHORT = {
    "\b": r"\b",
    "\t": r"\t",
    "\n": r"\n",
    "\f": r"\f",
    "\r": r"\r",
    '"': r"\"",
    "\\": r"\\",
}
WIDTH = 100


def quoted(text: str) -> str:
    """Return a basic string, with everything escaped that TOML asks for or that a reader could not see."""
    return f'"{"".join(map(_character, text))}"'


def pair(key: str, value: Any) -> str:
    """Return `key = value`.

    Where that would be too long a line, an array has an element a line and a table a key a line.
    """
    return _pair(bare_or_quoted(key), value)


def _pair(name: str, value: Any) -> str:
    line = f"{name} = {value_of(value)}"
    if len(line) <= WIDTH:
        return line
    if isinstance(value, Mapping) and value:
        return "\n".join(
            _pair(f"{name}.{bare_or_quoted(key)}", item) for key, item in value.items()
        )
    if isinstance(value, list):
        elements = "".join(f"    {value_of(item)},\n" for item in value)
        return f"{name} = [\n{elements}]"
    return line


def bare_or_quoted(key: str) -> str:
    """Return a key, in quotes where it needs them."""
    return key if _BARE_KEY.match(key) else quoted(key)


def value_of(value: Any) -> str:
    """Return a value in one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return quoted(value)
        case datetime():
            return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
        case Mapping():
            pairs = [f"{bare_or_quoted(key)} = {value_of(item)}" for key, item in value.items()]
            return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
        case list():
            return f"[{', '.join(map(value_of, value))}]"
    raise TypeError(f"TOML has no {type(value).__name__}")


def _character(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    # isprintable() is false for line separators and for marks that turn the direction of text.
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"
