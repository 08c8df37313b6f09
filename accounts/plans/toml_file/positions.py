"""Find the line on which each key of a TOML text stands, which tomllib does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]
MOST_PARTS = 50
"""How deep a dotted key may go; what a file can say is four deep."""

# Whatever could hide a bracket or a line break comes first: strings, then comments.
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?""""{0,2}|\'\'\'.*?\'\'\'\'{0,2}|"(?:\\.|[^"\\])*"|'[^']*\''''
    r"""|#[^\n]*|[ \t\r]+|\n|[\[\]{}=,.]|[^\s\[\]{}=,.#"']+""",
    re.DOTALL,
)


def positions(text: str) -> Mapping[Path, int]:
    """Return path -> line of every table, key and array element of a text that tomllib accepts.

    Paths are those of tomllib's result: the second role of the first account is
    `("account", 0, "roles", 1)`. Lines count from 1. Grammar: https://toml.io/en/v1.0.0
    """
    return _Scan(text).document()


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of the nearest part of this path that the file has."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def deeply_nested(text: str) -> int | None:
    """Return the line of the first dotted key with more than MOST_PARTS parts; None if there is none.

    Reading one takes time by the square of its length, in tomllib too, so it is asked before.
    """
    line, dots = 1, 0
    for match in _TOKEN.finditer(text):
        part = match[0]
        if part == ".":
            dots += 1
        elif part in {"=", ",", "\n", "[", "]", "{", "}"}:
            dots = 0
        if dots >= MOST_PARTS:
            return line
        line += part.count("\n")
    return None


class _Scan:
    """Walk the tokens once. The text is known to be valid TOML, so nothing is checked again."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._at = 0
        self._tokens: list[tuple[str, int]] = []
        line = 1
        for match in _TOKEN.finditer(text):
            token = match[0]
            if not token.startswith(("#", " ", "\t", "\r")):
                self._tokens.append((token, line))
            line += token.count("\n")

    def document(self) -> Mapping[Path, int]:
        table: Path = ()
        arrays: dict[Path, int] = {}
        while self._at < len(self._tokens):
            if self._peek() == "\n":
                self._next()
            elif self._peek() == "[":
                table = self._header(arrays)
            else:
                self._pair(table)
        return self.lines

    def _header(self, arrays: dict[Path, int]) -> Path:
        line = self._tokens[self._at][1]
        self._next()
        is_array = self._peek() == "["
        if is_array:
            self._next()
        path: Path = ()
        names = self._key(until="]")
        for place, name in enumerate(names):
            path = (*path, name)
            if is_array and place == len(names) - 1:
                arrays[path] = arrays.get(path, -1) + 1
            if path in arrays:
                self.lines.setdefault(path, line)
                path = (*path, arrays[path])
        if is_array:
            self._next()
        self.lines.setdefault(path, line)
        return path

    def _pair(self, table: Path) -> None:
        line = self._tokens[self._at][1]
        path = table
        for name in self._key(until="="):
            path = (*path, name)
            self.lines.setdefault(path, line)
        self._value(path)

    def _value(self, path: Path) -> None:
        opening = self._next()
        if opening == "[":
            index = 0
            while self._skip("\n", ",") != "]":
                self.lines[(*path, index)] = self._tokens[self._at][1]
                self._value((*path, index))
                index += 1
            self._next()
        elif opening == "{":
            while self._skip("\n", ",") != "}":
                self._pair(path)
            self._next()
        else:
            # A float or a date with a space is more than one token.
            while self._peek() not in {"", ",", "]", "}", "\n"}:
                self._next()

    def _key(self, *, until: str) -> list[str]:
        names = []
        while (part := self._next()) != until:
            if part[0] in "\"'":
                names.append(tomllib.loads(f"key = {part}")["key"])
            elif part != ".":
                names.append(part)
        return names

    def _skip(self, *tokens: str) -> str:
        while self._peek() in tokens:
            self._next()
        return self._peek()

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token
