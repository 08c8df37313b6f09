"""Plan and apply TOML files: their entries, with each complaint on its line."""

from __future__ import annotations

from datetime import datetime

from accounts.plans import apply as domain
from accounts.plans.apply import Plan
from accounts.plans.changes import Change
from accounts.plans.complaints import InvalidPlan
from accounts.plans.stored import load
from accounts.plans.toml_file.files import Files, Texts, read_files
from accounts.plans.validation import validate
from accounts.types import Origin, Subject


def plan_files(
    texts: Texts,
    *,
    now: datetime,
    whole: bool = False,
    prune: bool = False,
    manage: bool = False,
) -> Plan:
    """Check files whole, and return what they would change and whose access that changes.

    Raises:
        InvalidPlan: something in a file is wrong.
    """
    files = _checked(texts)
    try:
        return domain.plan(files.proposal(whole=whole, prune=prune, manage=manage), now=now)
    except InvalidPlan as invalid:
        raise InvalidPlan(files.place(invalid.complaints)) from None


def apply_files(
    texts: Texts,
    *,
    actor: str,
    origin: Origin,
    now: datetime,
    whole: bool = False,
    prune: bool = False,
    manage: bool = False,
    dry_run: bool = False,
    subject: Subject | None = None,
    revision: str | None = None,
    allow_lockout: bool = False,
) -> tuple[Change, ...]:
    """Check files whole, apply them as `accounts.plans.apply.apply` does, and return what changed.

    The files' names are as the audit trail keeps them, and as what says which file manages what.

    Raises:
        InvalidPlan: something in a file is wrong; nothing was applied.
        StalePlan: the directory is not that of the plan.
        LocksOut: nobody could mend it.
        django.db.Error: the database refused; nothing was applied.
    """
    files = _checked(texts)
    try:
        return domain.apply(
            files.proposal(whole=whole, prune=prune, manage=manage),
            source=files.source,
            actor=actor,
            origin=origin,
            now=now,
            dry_run=dry_run,
            subject=subject,
            revision=revision,
            allow_lockout=allow_lockout,
        )
    except InvalidPlan as invalid:
        raise InvalidPlan(files.place(invalid.complaints)) from None


def apply_file(
    *,
    text: str,
    name: str,
    actor: str,
    origin: Origin,
    now: datetime,
    dry_run: bool = False,
) -> tuple[Change, ...]:
    """Apply one file; see `apply_files`."""
    return apply_files([(name, text)], actor=actor, origin=origin, now=now, dry_run=dry_run)


def _checked(texts: Texts) -> Files:
    files = read_files(texts)
    if files.complaints:
        raise InvalidPlan(files.place(validate(files.entries, stored=load())))
    return files
