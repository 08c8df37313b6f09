"""Which file manages what, and what a file that is applied whole no longer names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from accounts.plans.entries import (
    KINDS,
    AccountEntry,
    Directory,
    Entry,
    Identity,
    MappingEntry,
    identity_of,
    title_of,
)
from accounts.plans.notation import quoted
from accounts.plans.renames import Renames

Managers = Mapping[Identity, str]
"""The file that manages each entry; entries that none manages are left out."""


def managers(moves: Renames | None = None) -> Managers:
    """Return which file manages what, under the names that entries get by these renames; in five queries."""
    found: dict[Identity, str] = {}
    for kind in KINDS:
        rows = kind.model._default_manager.exclude(managed_by="")
        for name, file in rows.values_list(kind.identified_by, "managed_by"):
            identity = (kind.kind, name)
            found[(moves or {}).get(identity, identity)] = file
    return found


def set_managers(files: Mapping[Identity, str]) -> None:
    """Write which file manages what."""
    at_once = 500
    by_file: dict[tuple[str, str], list[str]] = {}
    for (kind, name), file in files.items():
        by_file.setdefault((kind, file), []).append(name)
    for entry in KINDS:
        for (kind, file), names in by_file.items():
            for start in range(0, len(names) if kind == entry.kind else 0, at_once):
                part = {f"{entry.identified_by}__in": names[start : start + at_once]}
                entry.model._default_manager.filter(**part).update(managed_by=file)


def faults(
    entries: Sequence[Entry], files: Sequence[str], held: Managers
) -> Iterator[tuple[int, tuple[str], str]]:
    """Complain where an entry is managed by a file that is not applied now."""
    applied = set(files)
    for number, entry in enumerate(entries):
        holder = held.get(identity_of(entry), "")
        if holder and holder not in applied:
            yield (
                number,
                (entry.identified_by,),
                f"The file {quoted(holder)} manages this. Change it there, apply both files together, or release it in "
                "the admin.",
            )


def to_prune(
    after: Directory, entries: Iterable[Entry], held: Managers, *, files: Sequence[str], whole: bool
) -> list[Entry]:
    """Return what files manage and none of them names any more.

    Of single files, what these files manage; of a whole folder, what any file manages. What was made in
    the admin pages, and is not managed, stays.
    """
    named = {identity_of(entry) for entry in entries}
    applied = set(files)
    return [
        entry
        for identity, entry in after.items()
        if identity not in named and (holder := held.get(identity)) and (whole or holder in applied)
    ]


def still_needed(removed: Iterable[Entry], remaining: Iterable[Entry]) -> Iterator[str]:
    """Say what cannot be removed because something that stays refers to it."""
    gone = {identity_of(entry): entry for entry in removed}
    for entry in remaining:
        for identity in sorted(_references(entry) & gone.keys()):
            yield (
                f"{title_of(gone[identity])} would be pruned, and {title_of(entry)} still names it. "
                "Change that first, or name it in a file."
            )


def _references(entry: Entry) -> set[Identity]:
    match entry:
        case AccountEntry():
            return {("environment", entry.environment)} | {
                ("permission_set", role.permission_set) for role in entry.roles
            }
        case MappingEntry():
            return {
                ("issuer", entry.issuer),
                ("permission_set", entry.permission_set),
                *(("account", name) for name in entry.accounts.accounts),
                *(("environment", name) for name in entry.accounts.environments),
            }
    return set()
