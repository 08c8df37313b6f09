"""Make the database say what a plan says: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models.audit import Action
from accounts.plans.changes import Change, compare, counts
from accounts.plans.complaints import InvalidPlan
from accounts.plans.entries import AccountEntry, Entry, identity_of
from accounts.plans.stored import load
from accounts.plans.validation import validate
from accounts.plans.writing import Keys, write
from accounts.types import Origin


def apply(
    entries: Sequence[Entry],
    *,
    source: Mapping[str, str],
    actor: str,
    origin: Origin,
    now: datetime,
    dry_run: bool = False,
) -> tuple[Change, ...]:
    """Validate entries, make them what the database holds, record it, and return what changed.

    What the entries do not name is left alone. `source` says where they come from and `actor` who
    applies them, as the audit trail keeps it: {"file": "company.toml", "sha256": ...}.

    Raises:
        InvalidPlan: an entry cannot be; nothing was applied.
        django.db.Error: the database refused; nothing was applied.
    """
    with transaction.atomic():
        stored = load(lock=not dry_run)
        if complaints := validate(entries, stored=stored):
            raise InvalidPlan(complaints)
        changes = compare(stored, entries)
        if changes and not dry_run:
            keys = write([change.after for change in changes])
            rows = [_audit_row(change, keys, actor) for change in changes]
            summary = {**source, **counts(changes)}
            rows.append((Action.PLAN_APPLIED, {"actor": actor, "detail": summary}))
            audit.record_all(rows, now=now, origin=origin)
    return changes


def _audit_row(change: Change, keys: Keys, actor: str) -> tuple[Action, dict[str, Any]]:
    """Return the row of one change, in the shape of those that the admin pages write."""
    entry = change.after
    kind, name = identity_of(entry)
    facts: dict[str, Any] = {
        "actor": actor,
        "detail": {"id": str(keys[kind][name]), **change.facts},
    }
    if isinstance(entry, AccountEntry):
        facts["account_id"] = entry.account_id
    return change.action, facts
