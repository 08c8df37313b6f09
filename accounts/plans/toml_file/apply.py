"""Apply a TOML file: its entries, with each complaint on its line."""

from __future__ import annotations

import hashlib
from datetime import datetime

from accounts.plans.apply import apply
from accounts.plans.changes import Change
from accounts.plans.complaints import InvalidPlan
from accounts.plans.stored import load
from accounts.plans.toml_file.parse import parse
from accounts.plans.validation import validate
from accounts.types import Origin


def apply_file(
    *,
    text: str,
    name: str,
    actor: str,
    origin: Origin,
    now: datetime,
    dry_run: bool = False,
) -> tuple[Change, ...]:
    """Check a file whole, apply it as `accounts.plans.apply.apply` does, and return what changed.

    `name` is the file's, as the audit trail keeps it.

    Raises:
        InvalidPlan: something in the file is wrong; nothing was applied.
        django.db.Error: the database refused; nothing was applied.
    """
    file = parse(text)
    if file.complaints:
        raise InvalidPlan(file.place(validate(file.entries, stored=load())))
    source = {"file": name, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    try:
        return apply(
            file.entries, source=source, actor=actor, origin=origin, now=now, dry_run=dry_run
        )
    except InvalidPlan as invalid:
        raise InvalidPlan(file.place(invalid.complaints)) from None
