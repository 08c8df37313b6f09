"""The file with the people of the identity provider; all errors in it are reported at once."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class InvalidPeople(Exception):
    """The file is not valid; the message has a line for each error."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(_is_text(item) for item in value)


# The keys of a [[person]], which are the fields of User, with what they hold.
_KEYS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("username", "name", "email", "sub", "about", "acr"), ("text", _is_text)),
    **dict.fromkeys(("groups", "amr"), ("a list of texts", _are_texts)),
    "disabled": ("true or false", lambda value: isinstance(value, bool)),
    "claims": ("a table", lambda value: isinstance(value, dict)),
}


def read(path: Path) -> list[dict[str, Any]]:
    """Return the `[[person]]` tables, whose keys are the fields of `User`.

    Raises:
        InvalidPeople: the file cannot be read or is not valid.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidPeople(f"{path}: This cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidPeople(f"{path}: This is not UTF-8; save the file in that encoding.") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidPeople(f"{path}: This is not TOML: {error}.") from None
    if complaints := [f"{path}: {complaint}" for complaint in _complaints(content)]:
        raise InvalidPeople("\n".join(complaints))
    people: list[dict[str, Any]] = content["person"]
    return people


def _complaints(content: dict[str, Any]) -> Iterator[str]:
    for name in content.keys() - {"person"}:
        yield f"{name}: Unknown. Each of the people is a [[person]]."
    people = content.get("person")
    if not isinstance(people, list) or not people:
        yield "There is nobody: at least one [[person]] is needed."
        return
    for number, table in enumerate(people, start=1):
        if not isinstance(table, dict):
            yield f"person {number}: This is no table."
            continue
        who = f"person {number} ({table.get('username', 'without username')})"
        yield from (f"{who}: {complaint}" for complaint in _about_one(table))
    for key in ("username", "sub"):
        held = Counter(str(t[key]) for t in people if isinstance(t, dict) and key in t)
        yield from (f"{key} {value}: Two have it." for value, times in held.items() if times > 1)


def _about_one(table: dict[str, Any]) -> Iterator[str]:
    if "username" not in table:
        yield "username is missing."
    for key, value in table.items():
        if key not in _KEYS:
            yield f"{key}: Unknown key; there are {', '.join(_KEYS)}."
            continue
        wanted, fits = _KEYS[key]
        if not fits(value):
            yield f"{key}: Write {wanted}."
