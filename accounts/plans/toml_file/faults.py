"""What pydantic finds wrong with a table, in the file's words; and the table without it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import date, datetime, time
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from accounts.plans.complaints import did_you_mean
from accounts.plans.entries import Entry
from accounts.plans.fields import WHICH_ACCOUNTS, Role, TargetsTable
from accounts.plans.toml_file.positions import Path

_TYPES = {
    bool: "true or false",
    str: "text",
    int: "a whole number",
    float: "a number",
    datetime: "a date and time",
    date: "a date",
    time: "a time",
    list: "an array",
    dict: "a table",
}
# What pydantic calls what is wrong, and what had to be there.
_WANTED = {
    "string_type": "text in quotes",
    "bool_type": "true or false, without quotes",
    "list_type": "an array: [ ... ]",
    "dict_type": 'a table: { name = "value" }',
}
# In place of what must be there and is not or is wrong, so that the rest can be looked at.
_STAND_INS: Mapping[str, Any] = {"audiences": [], "accounts": {}}


def path_of(fault: ErrorDetails) -> Path:
    """Return where a fault is. Where a key itself is wrong, pydantic adds "[key]" to its path."""
    return tuple(key for key in fault["loc"] if key != "[key]")


def message_of(kind: type[Entry], fault: ErrorDetails) -> str:
    """Return what is wrong, and what has to be there."""
    path, value = path_of(fault), fault["input"]
    match fault["type"]:
        case "missing" if path == ("accounts",):
            return WHICH_ACCOUNTS
        case "missing":
            return "Missing; every table of this kind needs it."
        case "extra_forbidden":
            parts: dict[str | int, type[BaseModel]] = {"roles": Role, "accounts": TargetsTable}
            known = (parts[path[0]] if len(path) > 1 else kind).model_fields
            hint = did_you_mean(str(path[-1]), known) or f" Known here: {', '.join(known)}."
            return f"Unknown key.{hint}"
        case "string_type" if is_number(value):
            wanted = f'text: write it in quotes, "{value}"'
            if path[-1] == "account_id" or "ids" in path:
                wanted += ", leading zeros included"
        case str(name) if name in _WANTED:
            wanted = _WANTED[name]
        case _:
            return fault["msg"]
    return f"This is {_TYPES.get(type(value), type(value).__name__)}, and must be {wanted}."


def without_faults(
    kind: type[Entry], values: Mapping[str, Any], faults: list[ErrorDetails]
) -> dict[str, Any]:
    """Return the table without what is wrong, so that nothing else is overlooked because of it."""
    mended: dict[str, Any] = deepcopy(dict(values))
    # From behind: what goes out of an array moves what follows it.
    for fault in reversed(faults):
        path = path_of(fault)
        if fault["type"] == "missing":
            path = path[:-1]
        if not path:
            continue
        inside: Any = mended
        *way, last = path
        for key in way:
            if not isinstance(inside[key], dict | list):
                last = key
                break
            inside = inside[key]
        if fault["type"] == "string_type" and is_number(fault["input"]):
            # As it was meant, so that nothing else complains that it is not there.
            inside[last] = str(fault["input"])
        elif isinstance(inside, list):
            del inside[int(last)]
        else:
            inside.pop(last, None)
    for name, column in kind.model_fields.items():
        if column.is_required():
            mended.setdefault(name, _STAND_INS.get(name, ""))
    return mended


def is_number(value: object) -> bool:
    """Whether this is an integer of TOML, which has 64 bits; Python writes no endless ones as text."""
    return type(value) is int and value.bit_length() < 64
