"""What was read of an organization as entries of accounts, what is left alone, and how much would go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from accounts.from_aws.organization_reading import Reading
from accounts.models.plain_text import plain_path, plain_text
from accounts.plans.entries import AccountEntry, Directory
from accounts.plans.notation import quoted
from accounts.plans.ownership import Managers
from accounts.visible import visible

ACTIVE = "ACTIVE"
NOT_LISTED = "NOT_LISTED"
"""The state of accounts that were in the organization and are not any more."""
_CLOSED = frozenset({"SUSPENDED", "PENDING_CLOSURE", "CLOSED"})
_LONGEST_PATH, _LONGEST_NAME = 255, 128
FREE, SHARE = 5, 0.05
"""How many accounts may go without a question: 5, or 5 % of those that the organization has here, if that is more."""


@dataclass(frozen=True, slots=True)
class Found:
    """Entries that differ from what is stored; in words what was left alone and why; and which accounts go.

    An account goes where it becomes inactive, or loses its unit or all its tags: then mappings may not reach it
    any more. `known` is how many accounts the organization has here, or would have.
    """

    entries: tuple[AccountEntry, ...]
    notes: tuple[str, ...]
    going: tuple[str, ...]
    known: int

    @property
    def goes_too_far(self) -> bool:
        return len(self.going) > max(FREE, SHARE * self.known)


def entries_of(reading: Reading, *, partition: str, stored: Directory, held: Managers) -> Found:
    """Compare a whole reading with what is stored. No account is ever removed.

    `held` says which file manages what: what a file manages is named and left alone.
    """
    here = {entry.account_id: entry for entry in stored.values() if isinstance(entry, AccountEntry)}
    entries: list[AccountEntry] = []
    notes: list[str] = []
    going: list[str] = []
    known = 0
    gone = [
        one.account_id
        for one in here.values()
        if one.organization == reading.organization and one.account_id not in reading.accounts
    ]
    for account_id in sorted([*reading.accounts, *gone]):
        before = here.get(account_id)
        known += before is not None and before.organization in ("", reading.organization)
        after = (
            _left(before)
            if before is not None and account_id not in reading.accounts
            else _entry(account_id, reading, before, partition, notes.append)
        )
        if after is None or after == before:
            continue
        if file := held.get(("account", account_id)):
            notes.append(
                f"{account_id} is managed by {quoted(file)} and left alone; AWS says {_said(after)}"
            )
            continue
        if before is not None and _goes(before, after):
            going.append(account_id)
        entries.append(after)
    return Found(tuple(entries), tuple(notes), tuple(going), known)


def _entry(
    account_id: str,
    reading: Reading,
    before: AccountEntry | None,
    partition: str,
    note: Callable[[str], None],
) -> AccountEntry | None:
    name, email, state = reading.accounts[account_id]
    if before is None and state in _CLOSED:
        return None
    facts: dict[str, Any] = {"organization": reading.organization, "state": state}
    if (unit := _unit(reading.places[account_id])) is None:
        note(
            f"{account_id} is in a unit whose path cannot be written; its unit stays as it is here"
        )
    else:
        facts["organizational_unit"] = unit
    if reading.with_tags:
        facts["tags"] = reading.tags[account_id]
    if not _refused(plain_text, email):
        facts["email"] = email
    if before is None:
        return AccountEntry(
            account_id=account_id, name=_name(name, account_id), partition=partition, **facts
        ).model_copy(update={"active": state == ACTIVE})
    if state != ACTIVE:
        facts["active"] = False
    elif not before.active and before.state != ACTIVE:
        note(f"{account_id} is active at AWS and not here; an admin can activate it")
    return before.model_copy(update=facts)


def _left(before: AccountEntry) -> AccountEntry:
    return before.model_copy(update={"active": False, "state": NOT_LISTED})


def _goes(before: AccountEntry, after: AccountEntry) -> bool:
    return (
        (before.active and not after.active)
        or bool(before.organizational_unit and not after.organizational_unit)
        or bool(before.tags and not after.tags)
    )


def _unit(path: str | None) -> str | None:
    if path is None or len(path) > _LONGEST_PATH or (path and _refused(plain_path, path)):
        return None
    return path


def _name(name: str, account_id: str) -> str:
    shown = " ".join(visible(name).split())[:_LONGEST_NAME].strip()
    return account_id if not shown or _refused(plain_text, shown) else shown


def _refused(rule: Callable[[str], None], text: str) -> bool:
    try:
        rule(text)
    except ValidationError:
        return True
    return False


def _said(entry: AccountEntry) -> str:
    unit = quoted(entry.organizational_unit) if entry.organizational_unit else "the root"
    return f"{entry.state}, in {unit}"
