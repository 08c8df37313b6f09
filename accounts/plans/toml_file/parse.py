"""Read a TOML file whole: text to entries, with every complaint that needs no database."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from accounts.plans.complaints import Complaint, InvalidPlan, did_you_mean
from accounts.plans.entries import KINDS, Entry, Identity, identity_of, title_of
from accounts.plans.notation import quoted
from accounts.plans.toml_file.faults import is_number, message_of, path_of, without_faults
from accounts.plans.toml_file.positions import Path, deeply_nested, line_of, positions

_SYNTAX_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")
_BARE_ACCOUNT_ID = re.compile(r"\s*account_id\s*=\s*[0-9]")
_KINDS = {kind.kind: kind for kind in KINDS}


@dataclass(slots=True)
class File:
    """What a file says, where it says it, and what is wrong with it: at most one complaint a place."""

    document: Mapping[str, Any]
    lines: Mapping[Path, int]
    entries: list[Entry] = field(default_factory=list)
    # The table of each entry: ("account", 0).
    tables: list[Path] = field(default_factory=list)
    _complaints: dict[Path, Complaint] = field(default_factory=dict)

    @property
    def complaints(self) -> tuple[Complaint, ...]:
        return tuple(self._complaints.values())

    def complain(self, path: Path, message: str, *, title: str = "") -> None:
        """Note what is wrong; a place that already has a complaint keeps its first."""
        keys = tuple(key for key in path[2:] if isinstance(key, str))
        self._complaints.setdefault(
            path, Complaint(message=message, title=title, path=keys, line=line_of(self.lines, path))
        )

    def place(self, complaints: Iterable[Complaint]) -> tuple[Complaint, ...]:
        """Return all that is wrong, with these complaints about entries put where the file says them."""
        for complaint in complaints:
            if complaint.number is not None:
                path = self._path(self.tables[complaint.number], complaint.path)
                self.complain(path, complaint.message, title=complaint.title)
        return self.complaints

    def _path(self, table: Path, keys: tuple[str, ...]) -> Path:
        """Follow keys and the names of an array's elements as far as the file goes."""
        kind, index = table
        path, value = table, self.document[str(kind)][index]
        for key in keys:
            if isinstance(value, list):
                places = [place for place, element in enumerate(value) if _name(element) == key]
                if not places:
                    break
                path, value = (*path, places[0]), value[places[0]]
            elif isinstance(value, dict):
                path, value = (*path, key), value.get(key)
            else:
                break
        return path


def parse(text: str) -> File:
    """Read a file.

    Raises:
        InvalidPlan: it is not TOML at all. Everything else that is wrong is among its complaints.
    """
    try:
        return _parsed(text)
    except RecursionError:
        raise InvalidPlan([_too_deep(1)]) from None


def _parsed(text: str) -> File:
    document = _document(text)
    file = File(document, positions(text))
    seen: dict[Identity, int] = {}
    for name, tables in document.items():
        if name not in _KINDS:
            known = ", ".join(f"[[{kind}]]" for kind in _KINDS)
            hint = did_you_mean(name, _KINDS) or f" A file has {known}."
            file.complain((name,), f"Unknown table {quoted(name)}.{hint}")
        elif not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            file.complain(
                (name,), f"Write [[{name}]] in double brackets, once for each: there can be many."
            )
        else:
            for index, values in enumerate(tables):
                _read(file, (name, index), values, seen)
    return file


def _document(text: str) -> dict[str, Any]:
    if (deep := deeply_nested(text)) is not None:
        raise InvalidPlan([_too_deep(deep)])
    try:
        return tomllib.loads(text)
    except ValueError as error:
        place = _SYNTAX_PLACE.search(str(error))
        lines = text.split("\n")
        line = int(place[1]) if place and place[1] else len(lines)
        message = f"This is not TOML: {_SYNTAX_PLACE.sub('', str(error))}."
        if _BARE_ACCOUNT_ID.match(lines[line - 1]):
            message += ' An account id is text: account_id = "012345678901".'
    raise InvalidPlan([Complaint(message=message, line=line)])


def _too_deep(line: int) -> Complaint:
    return Complaint(message="Keys or brackets are nested too deep.", line=line)


def _read(file: File, path: Path, values: dict[str, Any], seen: dict[Identity, int]) -> None:
    """Read one table; what is wrong with it is noted, and the rest of it becomes an entry."""
    kind = _KINDS[str(path[0])]
    entry, faults = _valid_part(kind, values)
    title = title_of(entry)
    for fault in faults:
        file.complain((*path, *path_of(fault)), message_of(kind, fault), title=title)
    for place, name in _repeated(values):
        file.complain((*path, *place), f"{quoted(name)} is here twice.", title=title)
    identity = identity_of(entry)
    if identity[1]:
        first = seen.setdefault(identity, len(file.entries))
        if first != len(file.entries):
            file.complain(
                (*path, entry.identified_by),
                f"{quoted(identity[1])} is in the file already: {title_of(file.entries[first])} "
                f"on line {file.lines[file.tables[first]]}.",
                title=title,
            )
    file.entries.append(entry)
    file.tables.append(path)


def _valid_part(kind: type[Entry], values: Mapping[str, Any]) -> tuple[Entry, list[ErrorDetails]]:
    """Return what is valid of a table as an entry, and what is wrong with the rest of it."""
    faults: list[ErrorDetails] = []
    while True:
        try:
            return kind.model_validate(values), faults
        except ValidationError as error:
            found = error.errors(include_url=False)
            # A part without what was wrong in it may lack what it must have, and then goes too.
            faults = faults or found
            values = without_faults(kind, values, found)


def _repeated(values: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield each name that an array of this table, or of its accounts, has a second time."""
    tables = [((), values), (("accounts",), values.get("accounts"))]
    for path, table in tables:
        for key, array in table.items() if isinstance(table, dict) else ():
            seen: set[str] = set()
            for index, element in enumerate(array if isinstance(array, list) else ()):
                if (name := _name(element)) in seen:
                    yield (*path, key, index), name
                elif name:
                    seen.add(name)


def _name(element: object) -> str:
    """Return the name that an element of an array is or has; "" if it has none."""
    if isinstance(element, dict):
        element = element.get("permission_set")
    return str(element) if isinstance(element, str) or is_number(element) else ""
