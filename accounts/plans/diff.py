"""What a file would change, entry by entry, in words for people and for the audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts import audit
from accounts.models.audit import Action
from accounts.plans.tables import table_of
from accounts.plans.toml import quoted, value_of
from accounts.plans.values import AccountEntry, Directory, Entry


@dataclass(frozen=True, slots=True)
class Change:
    """An entry that is added (nothing before) or changed."""

    before: Entry | None
    after: Entry

    @property
    def action(self) -> Action:
        """What happens, as the audit trail names it."""
        return Action.ADMIN_CHANGED if self.before else Action.ADMIN_ADDED

    @property
    def facts(self) -> dict[str, Any]:
        """The keys that differ with their values before and after, as the audit trail keeps them."""
        differing = list(self._differing())
        kind = self.after.model._meta
        return {
            "object": f"{kind.verbose_name} {self.after.name}{_number(self.after)}",
            "model": kind.model_name,
            "before": {key: _recorded(key, old) for key, old, _ in differing if self.before},
            "after": {key: _recorded(key, new) for key, _, new in differing},
        }

    def lines(self) -> Iterator[str]:
        """Say it for people: the entry, then what changes within it."""
        sign = "~" if self.before else "+"
        yield f"{sign} {self.after.table} {quoted(self.after.name)}{_number(self.after)}"
        if self.before is None:
            return
        for key, old, new in self._differing():
            if key in audit.NOT_SHOWN:
                yield f"    {key}: {audit.HIDDEN}"
            elif isinstance(old, list | dict) or isinstance(new, list | dict):
                gone, come = _parts(old), _parts(new)
                words = [f"+ {part}" for part in come if part not in gone]
                words += [f"- {part}" for part in gone if part not in come]
                yield f"    {key}: {', '.join(words)}"
            else:
                yield f"    {key}: {_shown(old)} -> {_shown(new)}"

    def _differing(self) -> Iterator[tuple[str, Any, Any]]:
        before = table_of(self.before, whole=True) if self.before else {}
        after = table_of(self.after, whole=True)
        for key in {**after, **before}:
            old, new = before.get(key), after.get(key)
            if old != new:
                yield key, old, new


def diff(before: Directory, after: Directory) -> tuple[Change, ...]:
    """Return what `after` adds and changes, in its order; what it does not name stays as it is."""
    return tuple(
        Change(before.get(identity), entry)
        for identity, entry in after.items()
        if before.get(identity) != entry
    )


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
