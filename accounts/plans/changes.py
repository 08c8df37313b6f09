"""What a plan would change, entry by entry, in words for people and for the audit trail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts import audit
from accounts.models.audit import Action
from accounts.plans.entries import AccountEntry, Directory, Entry, identity_of
from accounts.plans.notation import quoted, value_of


@dataclass(frozen=True, slots=True)
class Change:
    """An entry that is added (nothing before) or changed."""

    before: Entry | None
    after: Entry

    @property
    def action(self) -> Action:
        return Action.ADMIN_CHANGED if self.before else Action.ADMIN_ADDED

    @property
    def facts(self) -> dict[str, Any]:
        """The keys that differ with their values before and after, as the audit trail keeps them."""
        differing = list(self._differing())
        model = self.after.model._meta
        return {
            "object": f"{model.verbose_name} {self.after.name}{_number(self.after)}",
            "model": model.model_name,
            "before": {key: _recorded(key, old) for key, old, _ in differing if self.before},
            "after": {key: _recorded(key, new) for key, _, new in differing},
        }

    def lines(self) -> Iterator[str]:
        """Yield it for people: a line for the entry, then one for each key that changes."""
        sign = "~" if self.before else "+"
        yield f"{sign} {self.after.kind} {quoted(self.after.name)}{_number(self.after)}"
        if self.before is None:
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

    def _differing(self) -> Iterator[tuple[str, Any, Any]]:
        before = self.before.written() if self.before else {}
        for key, new in self.after.written().items():
            old = before.get(key)
            if old != new:
                yield key, old, new


def compare(stored: Directory, entries: Iterable[Entry]) -> tuple[Change, ...]:
    """Return which entries are added and changed, in their order; what is not named stays as it is."""
    changes = []
    for entry in entries:
        before = stored.get(identity_of(entry))
        after = _with_kept_external_id(entry, before)
        if before != after:
            changes.append(Change(before, after))
    return tuple(changes)


def _with_kept_external_id(entry: Entry, before: Entry | None) -> Entry:
    """Return an entry with the external id that the account has, where it says nothing of it.

    The portal makes external ids itself, and the roles in AWS demand them: only an empty text removes one.
    """
    if not (isinstance(entry, AccountEntry) and isinstance(before, AccountEntry)):
        return entry
    if "external_id" in entry.model_fields_set:
        return entry
    return entry.model_copy(update={"external_id": before.external_id})


def counts(changes: Sequence[Change]) -> dict[str, int]:
    """Return how many entries are added and changed."""
    changed = sum(change.before is not None for change in changes)
    return {"added": len(changes) - changed, "changed": changed}


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
