"""Read one table of a file key by key; whatever is wrong is noted with its place, never raised."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import models

from accounts.plans.complaints import Notes, guess
from accounts.plans.positions import Path
from accounts.plans.toml import quoted
from accounts.storable import is_storable

_DURATION = re.compile(r"([0-9]{1,9})([smh]?)\Z")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
_WORDS = {
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


class Table:
    """One table, with the model whose columns its keys are: the model knows defaults and what must be there."""

    def __init__(
        self,
        values: Mapping[str, Any],
        path: Path,
        notes: Notes,
        *,
        model: type[models.Model] | None = None,
    ) -> None:
        self.values = values
        self.path = path
        self.notes = notes
        self._model = model
        self._known: list[str] = []

    def text(self, key: str) -> str:
        """Read text."""
        value = self._read(key)
        return self.default(key) if value is None else self.as_text(value, (*self.path, key))

    def reference(self, key: str, *, table: str) -> str:
        """Read the name of another entry; "" stands for none."""
        name = str(self.text(key) or "")
        self.notes.refer(table, name, (*self.path, key))
        return name

    def flag(self, key: str) -> bool:
        """Read true or false."""
        value = self._read(key)
        if isinstance(value, bool):
            return value
        if value is not None:
            self._wrong_type((*self.path, key), value, "true or false, without quotes")
        return bool(self.default(key))

    def duration(self, key: str) -> int:
        """Read a duration in seconds: 28800, "28800", "8h", "480m"."""
        value = self._read(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        found = _DURATION.match(value) if isinstance(value, str) else None
        if found:
            return int(found[1]) * _SECONDS[found[2]]
        if value is not None:
            self.notes.complain(
                (*self.path, key), 'Write a duration as "8h", "90m", or in seconds: 3600.'
            )
        return int(self.default(key))

    def moment(self, key: str) -> datetime | None:
        """Read a date and time that says its offset from UTC."""
        value = self._read(key)
        if isinstance(value, datetime) and value.tzinfo is not None:
            try:
                return value.astimezone(UTC)
            except OverflowError:
                pass
        if value is not None:
            self.notes.complain(
                (*self.path, key),
                "Write a date and time with its zone and without quotes: 2027-01-01T00:00:00Z.",
            )
        return None

    def strings(self, key: str, *, table: str = "") -> dict[str, Path]:
        """Read an array of text, each with its place; `table` says what they are the names of."""
        found: dict[str, Path] = {}
        for path, value in self.elements(key):
            name = self.as_text(value, path)
            if not name:
                self.notes.complain(path, "This is empty; say which.")
            elif name in found:
                self.notes.complain(path, f"{quoted(name)} is here twice.")
            else:
                found[name] = path
                if table:
                    self.notes.refer(table, name, path)
        return found

    def elements(self, key: str) -> list[tuple[Path, Any]]:
        """Read an array and return its elements, each with its place."""
        value = self._read(key)
        if isinstance(value, list):
            return [((*self.path, key, index), item) for index, item in enumerate(value)]
        if value is not None:
            self._wrong_type((*self.path, key), value, "an array: [ ... ]")
        return []

    def pairs(self, key: str) -> list[tuple[Path, str, Any]]:
        """Read a table of free keys and return its pairs, each with its place."""
        value = self._read(key)
        if isinstance(value, dict):
            for name in value:
                self._storable(name, (*self.path, key, name))
            return [((*self.path, key, name), name, item) for name, item in value.items()]
        if value is not None:
            self._wrong_type((*self.path, key), value, 'a table: { name = "value" }')
        return []

    def as_text(self, value: object, path: Path) -> str:
        """Return a value that must be text; complain if it is not, and return "" if it cannot be."""
        if isinstance(value, str):
            return self._storable(value, path)
        if type(value) is int:
            hint = f'text: write it in quotes, "{value}"'
            if path[-1] == "account_id" or "ids" in path:
                hint += ", leading zeros included"
            self._wrong_type(path, value, hint)
            # As it was meant, so that nothing else complains that it is not there.
            return str(value)
        self._wrong_type(path, value, "text in quotes")
        return ""

    def one_of(self, *keys: str) -> str:
        """Return which one of these keys is there; complain unless it is exactly one."""
        self._known += keys
        given = [key for key in keys if key in self.values]
        if len(given) != 1:
            found = f"this has {' and '.join(given)}" if given else "this has none"
            self.notes.complain(
                (*self.path, *given[1:2]), f"Give one of {', '.join(keys)}; {found}."
            )
        return given[0] if given else keys[0]

    def is_there(self, key: str) -> bool:
        """Whether the file has this key at all, right or wrong."""
        return key in self.values

    def inner(self, key: str) -> Table:
        """Return the table under this key, an empty one if there is none."""
        self.accept(key)
        return Table(self.values.get(key, {}), (*self.path, key), self.notes)

    def accept(self, key: str) -> None:
        """Count a key as known; its value is read elsewhere."""
        self._known.append(key)

    def nobody_reads(self) -> None:
        """Complain about every key that nothing has asked for."""
        for key in self.values:
            if key not in self._known:
                known = ", ".join(self._known)
                self.notes.complain(
                    (*self.path, key),
                    f"Unknown key.{guess(key, self._known) or f' Known here: {known}.'}",
                )

    def default(self, key: str) -> Any:
        """Return what the model holds where a key is absent."""
        if self._model is None:
            return ""
        column = self._model._meta.get_field(key)
        return column.get_default() if isinstance(column, models.Field) else ""

    def _read(self, key: str) -> Any:
        self._known.append(key)
        if key not in self.values and self._must_be_there(key):
            self.notes.complain((*self.path, key), "Missing; every table of this kind needs it.")
        return self.values.get(key)

    def _must_be_there(self, key: str) -> bool:
        if self._model is None or key not in {
            column.name for column in self._model._meta.concrete_fields
        }:
            return False
        column = self._model._meta.get_field(key)
        return isinstance(column, models.Field) and not column.blank and not column.has_default()

    def _storable(self, text: str, path: Path) -> str:
        if is_storable(text):
            return text
        self.notes.complain(path, "A NUL character (\\u0000) cannot be stored.")
        return ""

    def _wrong_type(self, path: Path, value: object, wanted: str) -> None:
        found = _WORDS.get(type(value), type(value).__name__)
        self.notes.complain(path, f"This is {found}, and must be {wanted}.")
