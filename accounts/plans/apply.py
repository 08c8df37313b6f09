"""Make the database say what a file says: all of it in one transaction, or nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models.audit import Action
from accounts.plans.check import check_arns, check_issuers, check_references
from accounts.plans.complaints import Refused
from accounts.plans.diff import Change, diff
from accounts.plans.parse import parse
from accounts.plans.stored import load
from accounts.plans.values import AccountEntry, identity_of
from accounts.plans.writing import Keys, write
from accounts.types import Origin


def apply(
    *,
    text: str,
    source: str,
    actor: str,
    origin: Origin,
    now: datetime,
    dry_run: bool = False,
) -> tuple[Change, ...]:
    """Check a file whole, apply it, record it, and return what changed.

    `source` is the file's name and `actor` who applies it, as the audit trail keeps them. What the
    file does not name is left alone; within what it names, the file is the truth.

    Raises:
        Refused: something in the file is wrong; nothing was applied.
        django.db.Error: the database refused; nothing was applied.
    """
    parsed = parse(text)
    with transaction.atomic():
        stored = load(lock=not dry_run)
        check_references(stored, parsed.directory, parsed.notes)
        check_arns(stored, parsed.directory, parsed.places, parsed.notes)
        check_issuers(stored, parsed.directory, parsed.places, parsed.notes)
        if parsed.notes.complaints:
            raise Refused(parsed.notes.complaints)
        changes = diff(stored, parsed.directory)
        if changes and not dry_run:
            keys = write([change.after for change in changes])
            rows = [_fact(change, keys, actor) for change in changes]
            summary = {
                "file": source,
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
                **counts(changes),
            }
            rows.append((Action.PLAN_APPLIED, {"actor": actor, "detail": summary}))
            audit.record_all(rows, now=now, origin=origin)
    return changes


def counts(changes: Sequence[Change]) -> dict[str, int]:
    """Return how many entries are added and changed."""
    found = Counter("changed" if change.before else "added" for change in changes)
    return {"added": found["added"], "changed": found["changed"]}


def _fact(change: Change, keys: Keys, actor: str) -> tuple[Action, dict[str, Any]]:
    """Return the audit row of one change, in the shape of those the admin pages write."""
    entry = change.after
    table, name = identity_of(entry)
    facts: dict[str, Any] = {
        "actor": actor,
        "detail": {"id": str(keys[table][name]), **change.facts},
    }
    if isinstance(entry, AccountEntry):
        facts["account_id"] = entry.account_id
    return change.action, facts
