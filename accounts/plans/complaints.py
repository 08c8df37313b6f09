"""What is wrong with a file, each with its place; collected, so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from accounts.errors import GatehouseError
from accounts.plans.positions import Path, line_of
from accounts.plans.toml import bare_or_quoted, quoted


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong with a file, on a line that counts from 1."""

    line: int
    where: str
    message: str

    def __str__(self) -> str:
        """The place, then what is wrong."""
        return f"{self.where}: {self.message}" if self.where else self.message


class Refused(GatehouseError):
    """A file that says something impossible; nothing of it was applied."""

    code = "plan.refused"
    http_status = 422

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(sorted(complaints, key=lambda one: one.line))
        super().__init__("\n".join(f"{one.line}: {one}" for one in self.complaints))


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that must be that of an entry, in the file or in the database."""

    table: str
    name: str
    path: Path


@dataclass(slots=True)
class Notes:
    """What is found while reading: complaints, at most one for each place, and references to follow."""

    lines: Mapping[Path, int]
    titles: dict[Path, str] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    _complaints: dict[Path, Complaint] = field(default_factory=dict)

    def complain(self, path: Path, message: str) -> None:
        """Note what is wrong; a place that already has a complaint keeps its first."""
        if path not in self._complaints:
            words = [bare_or_quoted(part) for part in path[2:] if isinstance(part, str)]
            parts = [self.titles.get(path[:2], ""), ".".join(words)]
            where = ": ".join(filter(None, parts))
            self._complaints[path] = Complaint(line_of(self.lines, path), where, message)

    def refer(self, table: str, name: str, path: Path) -> None:
        """Note a name that must be that of an entry; "" refers to nothing."""
        if name:
            self.references.append(Reference(table, name, path))

    def has(self, path: Path) -> bool:
        """Whether something is wrong at this place already."""
        return path in self._complaints

    @property
    def complaints(self) -> tuple[Complaint, ...]:
        """Everything that is wrong."""
        return tuple(self._complaints.values())


def guess(wrong: str, known: Iterable[str]) -> str:
    """Return a hint at the name that was probably meant, "" if none is near."""
    near = get_close_matches(wrong, list(known), n=1)
    return f" Did you mean {quoted(near[0])}?" if near else ""
