"""A change that is tried in a transaction: whose access it changes, before anybody keeps it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from accounts import revisions
from accounts.access_changes.comparing import AccessChanges, access_changes
from accounts.access_changes.snapshots import Snapshot, snapshot
from accounts.directory import offered_roles
from accounts.rules import all_rules_in_force


class Trial:
    """What decides access before a change: make one first, in the transaction of the change.

    With `only_rules`, only mappings will change: then of thousands of roles only those are loaded that
    the changed mappings could give.
    """

    def __init__(self, *, now: datetime, only_rules: bool = False) -> None:
        self._now, self._only_rules = now, only_rules
        self._revision = revisions.current()
        self._before = (
            Snapshot(tuple(all_rules_in_force(now=now)), ()) if only_rules else snapshot(now=now)
        )

    def changes(self) -> AccessChanges | None:
        """Return who gains and who loses which role by what was written since; None if nothing was written."""
        if self._revision is not None and revisions.current() == self._revision:
            return None
        return access_changes(*self._sides())

    def mark_of(self, changes: AccessChanges) -> str:
        """Return a hash of these changes and of the directory that they were compared with."""
        text = "\n".join((str(self._revision), *changes.lines()))
        return hashlib.sha256(text.encode()).hexdigest()

    def _sides(self) -> tuple[Snapshot, Snapshot]:
        if not self._only_rules:
            return self._before, snapshot(now=self._now)
        before, after = self._before.rules, tuple(all_rules_in_force(now=self._now))
        changed = list(set(before).symmetric_difference(after))
        roles = tuple(offered_roles(rules=changed)) if changed else ()
        return Snapshot(before, roles), Snapshot(after, roles)
