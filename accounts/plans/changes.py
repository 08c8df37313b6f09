"""What a plan would change, entry by entry, in words for people and for the audit trail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts import audit
from accounts.models.audit import Action
from accounts.plans.entries import KINDS, AccountEntry, Directory, Entry, identity_of
from accounts.plans.notation import quoted, value_of
from accounts.plans.renames import Renames

_PLACES = {kind.kind: place for place, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Change:
    """An entry that is added (nothing before), changed or renamed, or removed (nothing after)."""

    before: Entry | None
    after: Entry | None
    renamed_from: str = ""

    @property
    def entry(self) -> Entry:
        """The entry as it will be, or as it was before it is removed."""
        if (entry := self.after or self.before) is None:
            raise ValueError("a change has an entry before or after")
        return entry

    @property
    def action(self) -> Action:
        if self.after is None:
            return Action.ADMIN_DELETED
        return Action.ADMIN_CHANGED if self.before else Action.ADMIN_ADDED

    def differs_in(self, keys: Collection[str]) -> bool:
        """Whether this changes one of these keys of an entry that was there."""
        return self.before is not None and any(key in keys for key, _, _ in self._differing())

    @property
    def facts(self) -> dict[str, Any]:
        """The keys that differ with their values before and after, as the audit trail keeps them."""
        differing = list(self._differing())
        model = self.entry.model._meta
        before = {key: _recorded(key, old) for key, old, _ in differing if self.before}
        if self.renamed_from:
            before["name"] = self.renamed_from
        after = {key: _recorded(key, new) for key, _, new in differing if self.after}
        if self.renamed_from:
            after["name"] = self.entry.name
        return {
            "object": f"{model.verbose_name} {self.entry.name}{_number(self.entry)}",
            "model": model.model_name,
            "before": before,
            "after": after,
        }

    def lines(self) -> Iterator[str]:
        """Yield it for people: a line for the entry, then one for each key that changes."""
        was = f" (was {quoted(self.renamed_from)})" if self.renamed_from else ""
        yield f"{self.sign} {self.entry.kind} {quoted(self.entry.name)}{_number(self.entry)}{was}"
        if self.before is None or self.after is None:
            return
        for key, old, new in self._differing():
            if key in audit.NOT_SHOWN:
                yield f"    {key}: {audit.HIDDEN}"
            elif isinstance(old, list | dict) or isinstance(new, list | dict):
                removed, added = _parts(old), _parts(new)
                words = [f"+ {part}" for part in added if part not in removed]
                words += [f"- {part}" for part in removed if part not in added]
                yield f"    {key}: {', '.join(words)}"
            else:
                yield f"    {key}: {_shown(old)} -> {_shown(new)}"

    @property
    def sign(self) -> str:
        """What a diff begins the line with: + added, ~ changed, - removed."""
        if self.after is None:
            return "-"
        return "~" if self.before else "+"

    def _differing(self) -> Iterator[tuple[str, Any, Any]]:
        before = self.before.written() if self.before else {}
        after = self.after.written() if self.after else {}
        for key in after or before:
            old, new = before.get(key), after.get(key)
            if old != new:
                yield key, old, new


def compare(
    stored: Directory,
    entries: Iterable[Entry],
    *,
    moves: Renames | None = None,
    removed: Iterable[Entry] = (),
) -> tuple[Change, ...]:
    """Return which entries are added, changed, renamed and removed.

    In the order of the entries; what is removed comes last, and first what refers to others. `stored` has the new names of
    `moves`. What is neither named nor removed stays as it is.
    """
    names = {new: old[1] for old, new in (moves or {}).items()}
    changes = []
    for entry in entries:
        identity = identity_of(entry)
        before = stored.get(identity)
        after = _with_what_is_kept(entry, before)
        if after.renamed_from:
            after = after.model_copy(update={"renamed_from": ""})
        if before != after or identity in names:
            changes.append(Change(before, after, names.get(identity, "")))
    gone = sorted(removed, key=_order, reverse=True)
    return (*changes, *(Change(entry, None) for entry in gone))


def _order(entry: Entry) -> int:
    return _PLACES[entry.kind]


# The portal makes external ids itself, and the roles in AWS demand them; the others are AWS's word of the account.
_KEPT = ("external_id", "organization", "state", "email")


def _with_what_is_kept(entry: Entry, before: Entry | None) -> Entry:
    """Return an entry with what the account has of _KEPT, where it says nothing of it.

    Only an empty text removes one.
    """
    if not (isinstance(entry, AccountEntry) and isinstance(before, AccountEntry)):
        return entry
    kept = {key: getattr(before, key) for key in _KEPT if key not in entry.model_fields_set}
    return entry.model_copy(update=kept)


def counts(changes: Sequence[Change]) -> dict[str, int]:
    """Return how many entries are added and changed, and, where there are any, renamed and removed."""
    renamed = sum(bool(change.renamed_from) for change in changes)
    removed = sum(change.sign == "-" for change in changes)
    found = {
        "added": sum(change.sign == "+" for change in changes),
        "changed": sum(change.sign == "~" for change in changes) - renamed,
    }
    if renamed:
        found["renamed"] = renamed
    if removed:
        found["removed"] = removed
    return found


def _number(entry: Entry) -> str:
    return f" ({entry.account_id})" if isinstance(entry, AccountEntry) else ""


def _shown(value: Any) -> str:
    return "none" if value is None else value_of(value)


def _recorded(key: str, value: Any) -> Any:
    return audit.recordable(key, value.isoformat() if isinstance(value, datetime) else value)


def _parts(value: Any) -> list[str]:
    """Take an array or a table apart into what can come and go on its own."""
    if isinstance(value, dict):
        return [f"{key} {part}" for key, item in value.items() for part in _parts(item)]
    if isinstance(value, list):
        return [value_of(item) for item in value]
    return [] if value is None else [value_of(value)]
