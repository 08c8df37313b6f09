"""Values as Terraform's language writes them: nothing in a text is ever an expression.

https://developer.hashicorp.com/terraform/language/expressions/strings
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# Two escapes of JSON that this language does not have.
_OTHERWISE = {"\\b": "\\u0008", "\\f": "\\u000c"}


def text(value: str) -> str:
    """Return a text in quotes; ${ and %{ would begin an expression, so they are doubled."""
    quoted = re.sub(
        r"\\.",
        lambda escape: _OTHERWISE.get(escape[0], escape[0]),
        json.dumps(value, ensure_ascii=False),
    )
    return quoted.replace("${", "$${").replace("%{", "%%{")


def value(given: Any, indent: int = 0) -> str:
    """Return what JSON can say: a text, a number, true, false, null, a list or an object, over several lines, indented by so many spaces."""
    match given:
        case str():
            return text(given)
        case bool() | int() | float() | None:
            return json.dumps(given, allow_nan=False)
        case dict():
            pairs = {text(key): value(item, indent + 2) for key, item in given.items()}
            return _lines("{", attributes(pairs), "}", indent)
        case list() | tuple():
            if all(isinstance(item, str) for item in given):
                return f"[{', '.join(map(text, given))}]"
            return _lines("[", [f"{value(item, indent + 2)}," for item in given], "]", indent)
    raise TypeError(f"no value of Terraform's language: {type(given).__name__}")


def attributes(pairs: Mapping[str, str]) -> list[str]:
    """Return a line for each name and expression, with the signs below each other as `terraform fmt` has them."""
    lines: list[str] = []
    run: list[tuple[str, str]] = []
    for name, expression in pairs.items():
        if "\n" in expression:
            lines += [*_aligned(run), f"{name} = {expression}"]
            run = []
        else:
            run.append((name, expression))
    return [*lines, *_aligned(run)]


def _aligned(run: list[tuple[str, str]]) -> list[str]:
    widest = max((len(name) for name, _ in run), default=0)
    return [f"{name:<{widest}} = {expression}" for name, expression in run]


def _lines(begin: str, lines: list[str], end: str, indent: int) -> str:
    inner = " " * (indent + 2)
    return "\n".join([begin, *(inner + line for line in lines), " " * indent + end])
