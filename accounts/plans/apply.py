"""Plan and apply: what would change, and all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit, revisions, trust_results
from accounts.access_changes import AccessChanges, people_seen
from accounts.mapping_findings import Found, findings
from accounts.models.audit import Action
from accounts.plans import ownership, renames
from accounts.plans.access import RoleIds, refuse_lockout, snapshot_of, whose_access
from accounts.plans.changes import Change, compare, counts
from accounts.plans.complaints import Complaint, InvalidPlan, StalePlan
from accounts.plans.entries import (
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
from accounts.plans.stored import load
from accounts.plans.validation import validate
from accounts.plans.writing import Keys, remove, write
from accounts.types import Origin, Subject

_FINDINGS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a source asks for.

    `files` names the file of each entry, () where they come from none. `whole`: the files are all there
    are, as in a folder. `prune` removes what the files manage and no longer name, and `manage` makes
    these files manage what they name: read-only in the admin.
    """

    entries: Sequence[Entry]
    files: Sequence[str] = ()
    whole: bool = False
    prune: bool = False
    manage: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a proposal would change, and what it was compared with.

    `taken` is how many entries files would begin to manage. `revision` is the directory's; None where
    it has none. `access` is None where nobody asked whose access changes.
    """

    changes: tuple[Change, ...]
    taken: Mapping[Identity, str]
    revision: str | None
    access: AccessChanges | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    findings: Sequence[Found] = ()
    """What there is to look at in the mappings that it adds or changes."""

    def __bool__(self) -> bool:
        return bool(self.changes or self.taken)

    def lines(self) -> Iterator[str]:
        """Yield it for people at a terminal."""
        yield from self.change_lines()
        if not self:
            yield "No changes."
            return
        if self.access is not None:
            yield "Whose access changes:"
            yield from (f"  {line}" for line in self.access.lines())
        if self.findings:
            yield "Look at these mappings:"
            yield from (f"  ? {found}" for found in self.findings[:_FINDINGS_SHOWN])
            if (more := len(self.findings) - _FINDINGS_SHOWN) > 0:
                yield f"  and {more:,} more"
        yield f"Plan: {self.summary}."

    def change_lines(self) -> Iterator[str]:
        """Yield what changes, without whose access."""
        for change in self.changes:
            yield from change.lines()
        for (kind, name), file in self.taken.items():
            yield f"= {kind} {quoted(name)}: managed by {quoted(file)}"

    @property
    def summary(self) -> str:
        """How much changes: "2 added, 1 changed, 3 removed"."""
        words = [f"{number} {what}" for what, number in self.counts.items()]
        if self.taken:
            words.append(f"{len(self.taken)} taken over by files")
        return ", ".join(words)


def plan(proposal: Proposal, *, now: datetime) -> Plan:
    """Return what a proposal would change and whose access that changes; nothing is written.

    Raises:
        InvalidPlan: an entry cannot be.
    """
    # Before what it stands for: a change in between makes the plan stale, not wrong.
    revision = revisions.current()
    work = _Work(proposal, load())
    # What only files take over changes nobody's access.
    if not work.changes:
        return Plan(work.changes, work.taken, revision)
    before, after = work.snapshots(now)
    named = {change.after.name for change in work.changes if isinstance(change.after, MappingEntry)}
    found = [one for one in findings(after.rules, now=now) if one.mapping in named] if named else []
    return Plan(
        work.changes,
        work.taken,
        revision,
        whose_access(before, after),
        counts(work.changes),
        found,
    )


def apply(
    entries: Sequence[Entry] | Proposal,
    *,
    source: Mapping[str, str],
    actor: str,
    origin: Origin,
    now: datetime,
    dry_run: bool = False,
    subject: Subject | None = None,
    revision: str | None = None,
    allow_lockout: bool = False,
) -> tuple[Change, ...]:
    """Validate entries, make them what the database holds, record it, and return what changed.

    What the entries do not name is left alone, unless the proposal prunes. `source` says where they
    come from and `actor` who applies them, as the audit trail keeps it: {"file": "company.toml",
    "sha256": ...}; `subject` is the actor where they have signed in. `revision` is that of the plan
    which is applied, None for whatever the directory is now.

    Raises:
        InvalidPlan: an entry cannot be; nothing was applied.
        StalePlan: the directory is not what the plan was compared with.
        LocksOut: nobody could mend it.
        django.db.Error: the database refused; nothing was applied.
    """
    proposal = entries if isinstance(entries, Proposal) else Proposal(entries)
    with transaction.atomic():
        stored = load(lock=not dry_run)
        if revision is not None and revisions.current() != revision:
            raise StalePlan
        work = _Work(proposal, stored)
        changes = work.changes
        if (changes or work.taken) and not dry_run:
            if not allow_lockout:
                before, after = work.snapshots(now)
                refuse_lockout(
                    before, after, directory=work.after, seen=people_seen(), subject=subject
                )
            gone = [change.before for change in changes if change.after is None and change.before]
            renames.write_renames(work.moves)
            keys = write([change.after for change in changes if change.after])
            trust_results.forget(
                change.after.account_id
                for change in changes
                if isinstance(change.after, AccountEntry)
                and change.differs_in(trust_results.TRUST_COLUMNS)
            )
            rows = [_audit_row(change, keys, actor, subject) for change in changes]
            remove(gone)
            ownership.set_managers(work.taken)
            summary = {**source, **counts(changes)}
            if work.taken:
                summary["managed"] = len(work.taken)
            rows.append((Action.PLAN_APPLIED, {**_by(actor, subject), "detail": summary}))
            audit.record_all(rows, now=now, origin=origin, subject=subject)
    return changes


class _Work:
    """A proposal beside what is stored: renames, complaints, changes, and the directory after it."""

    def __init__(self, proposal: Proposal, stored: Directory) -> None:
        entries = proposal.entries
        self.stored = stored
        self.moves: Renames = renames.renames(entries, stored)
        under_new_names = renames.renamed(stored, self.moves)
        held = ownership.managers(self.moves)
        complaints = validate(entries, stored=under_new_names)
        for number, path, message in (
            *renames.faults(entries, stored),
            *ownership.faults(entries, proposal.files, held),
        ):
            complaints.append(
                Complaint(
                    title=title_of(entries[number]), number=number, path=path, message=message
                )
            )
        removed: list[Entry] = []
        if proposal.prune:
            removed = ownership.to_prune(
                under_new_names, entries, held, files=proposal.files, whole=proposal.whole
            )
        gone = {identity_of(entry) for entry in removed}
        self.changes = compare(under_new_names, entries, moves=self.moves, removed=removed)
        after = {key: entry for key, entry in under_new_names.items() if key not in gone}
        for change in self.changes:
            if change.after is not None:
                after[identity_of(change.after)] = change.after
        self.after: Directory = after
        complaints += [
            Complaint(message=message)
            for message in ownership.still_needed(removed, after.values())
        ]
        if complaints:
            raise InvalidPlan(complaints)
        self.taken: Mapping[Identity, str] = {
            identity_of(entry): file
            for entry, file in zip(entries, proposal.files, strict=bool(proposal.files))
            if (proposal.manage or held.get(identity_of(entry)))
            and held.get(identity_of(entry)) != file
        }

    def snapshots(self, now: datetime) -> tuple[Any, Any]:
        """Return what decides access before and after."""
        ids = RoleIds()
        return (
            snapshot_of(self.stored, now=now, ids=ids, moves=self.moves),
            snapshot_of(self.after, now=now, ids=ids),
        )


def _by(actor: str, subject: Subject | None) -> dict[str, Any]:
    return {"actor": actor} if subject is None else {}


def _audit_row(
    change: Change, keys: Keys, actor: str, subject: Subject | None
) -> tuple[Action, dict[str, Any]]:
    """Return the row of one change, in the shape of those that the admin pages write."""
    entry = change.entry
    kind, name = identity_of(entry)
    facts: dict[str, Any] = {
        **_by(actor, subject),
        "detail": {"id": str(keys[kind][name]), **change.facts},
    }
    if isinstance(entry, AccountEntry):
        facts["account_id"] = entry.account_id
    return change.action, facts
