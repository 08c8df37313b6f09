"""Several files as one proposal: each complaint with its file and line, and no entry in two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from accounts.plans.apply import Proposal
from accounts.plans.complaints import Complaint, InvalidPlan
from accounts.plans.entries import Entry, Identity, identity_of, title_of
from accounts.plans.notation import quoted
from accounts.plans.toml_file.parse import File, parse
from accounts.plans.toml_file.positions import line_of

Texts = Sequence[tuple[str, str]]
"""The name and the text of each file."""


@dataclass(frozen=True, slots=True)
class Files:
    """What files say together."""

    texts: Texts
    parsed: tuple[File, ...]
    complaints: tuple[Complaint, ...]

    @property
    def entries(self) -> list[Entry]:
        return [entry for file in self.parsed for entry in file.entries]

    def proposal(self, *, whole: bool, prune: bool, manage: bool) -> Proposal:
        """Return what they ask for; call it only without complaints."""
        files = [
            name
            for (name, _), file in zip(self.texts, self.parsed, strict=True)
            for _ in file.entries
        ]
        # Standard input has no name that could manage anything.
        manage = manage and "-" not in files
        return Proposal(self.entries, files, whole=whole, prune=prune, manage=manage)

    @property
    def source(self) -> dict[str, str]:
        """Where it comes from, as the audit trail keeps it: the files' names, and one digest of all."""
        if len(self.texts) == 1:
            name, text = self.texts[0]
            return {"file": name, "sha256": hashlib.sha256(text.encode()).hexdigest()}
        digests = [
            f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in self.texts
        ]
        together = hashlib.sha256("".join(digests).encode()).hexdigest()
        return {"file": ", ".join(name for name, _ in self.texts)[:1000], "sha256": together}

    def place(self, complaints: Iterable[Complaint]) -> tuple[Complaint, ...]:
        """Return all that is wrong, with these complaints about entries put where a file says them."""
        start = 0
        placed = [complaint for complaint in complaints if complaint.number is None]
        for (name, _), file in zip(self.texts, self.parsed, strict=True):
            end = start + len(file.entries)
            own = [
                replace(one, number=one.number - start)
                for one in complaints
                if one.number is not None and start <= one.number < end
            ]
            placed += [replace(one, file=name) for one in file.place(own)]
            start = end
        return (*self.complaints, *(one for one in placed if one not in self.complaints))


def read_files(texts: Texts) -> Files:
    """Read files.

    Raises:
        InvalidPlan: one is not TOML at all. Everything else that is wrong is among the complaints.
    """
    parsed, broken = [], []
    for name, text in texts:
        try:
            parsed.append(parse(text))
        except InvalidPlan as invalid:
            broken += [replace(one, file=name) for one in invalid.complaints]
    if broken:
        raise InvalidPlan(broken)
    _complain_of_twice(texts, parsed)
    complaints = [
        replace(one, file=name)
        for (name, _), file in zip(texts, parsed, strict=True)
        for one in file.complaints
    ]
    return Files(texts, tuple(parsed), tuple(complaints))


def _complain_of_twice(texts: Texts, parsed: Sequence[File]) -> None:
    """Complain about what two files name, at the second place, with the first."""
    first: dict[Identity, tuple[str, int]] = {}
    for (name, _), file in zip(texts, parsed, strict=True):
        for entry, table in zip(file.entries, file.tables, strict=True):
            identity = identity_of(entry)
            there, line = first.setdefault(identity, (name, line_of(file.lines, table)))
            if identity[1] and there != name:
                file.complain(
                    (*table, entry.identified_by),
                    f"{quoted(identity[1])} is in {there}:{line} already; only one file can name it.",
                    title=title_of(entry),
                )
