"""Whose access a plan changes: both directories as what decides access, without a write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from accounts.access_changes import (
    AccessChanges,
    PeopleSeen,
    Snapshot,
    access_changes,
    any_role,
    people_seen,
)
from accounts.matching import Rule
from accounts.models.directory import TrustMethod
from accounts.plans.complaints import LocksOut
from accounts.plans.entries import (
    MATCHES,
    AccountEntry,
    Directory,
    EnvironmentEntry,
    IssuerEntry,
    MappingEntry,
    PermissionSetEntry,
)
from accounts.plans.renames import Renames
from accounts.types import Environment, OfferedRole, Subject


class RoleIds(defaultdict[tuple[str, str], int]):
    """A number for each account role, the same before and after a rename of its permission set."""

    def __missing__(self, role: tuple[str, str]) -> int:
        self[role] = len(self) + 1
        return self[role]


def snapshot_of(
    directory: Directory, *, now: datetime, ids: RoleIds, moves: Renames | None = None
) -> Snapshot:
    """Return what decides people's access by these entries. `moves` are renames that come after it."""
    return Snapshot(
        tuple(_rules(directory, now)), tuple(_roles(directory, ids=ids, moves=moves or {}))
    )


def whose_access(
    before: Snapshot, after: Snapshot, seen: PeopleSeen | None = None
) -> AccessChanges:
    """Return who gains and who loses which role."""
    return access_changes(before, after, seen=people_seen() if seen is None else seen)


def refuse_lockout(
    before: Snapshot,
    after: Snapshot,
    *,
    directory: Directory,
    seen: PeopleSeen,
    subject: Subject | None,
) -> None:
    """Refuse a plan after which those who could mend it have nothing left.

    Who is a portal admin is configuration (ADMIN_VALUES), which no plan changes, so admins can always
    enter the admin. What a plan can take away: every role of every portal admin seen so far, or of the
    person who applies it; and the trusted issuer of the workload that applies it.

    Raises:
        LocksOut: it would.
    """
    admins = [person for person in seen.people if person.is_admin]
    if any_role(before, admins) and not any_role(after, admins):
        raise LocksOut(
            "After this plan no portal admin who has signed in would have any role. Nothing was changed. "
            "If that is meant, apply it with --allow-lockout."
        )
    if subject is None:
        return
    if subject.trusted_issuer is not None:
        issuers = [entry for entry in directory.values() if isinstance(entry, IssuerEntry)]
        if not any(entry.enabled and entry.url == subject.issuer for entry in issuers):
            raise LocksOut(
                "After this plan the issuer of the program that applies it would not be trusted any more. Nothing was "
                "changed. If that is meant, apply it with manage.py apply."
            )
        return
    own = [
        person
        for person in seen.people
        if (person.subject.issuer, person.subject.sub) == (subject.issuer, subject.sub)
    ]
    if any_role(before, own) and not any_role(after, own):
        raise LocksOut(
            "After this plan you would have no role at all. Nothing was changed. If that is meant, let somebody else "
            "apply it, or use manage.py apply."
        )


def _rules(directory: Directory, now: datetime) -> Iterator[Rule]:
    for number, entry in enumerate(directory.values()):
        if not isinstance(entry, MappingEntry) or entry.issuer or not entry.enabled:
            continue
        if entry.expires_at is not None and entry.expires_at <= now:
            continue
        key, value = next(iter(entry.matches.items()))
        yield Rule(
            mapping_id=number,
            name=entry.name,
            claim=entry.claim,
            match=MATCHES[key],
            value=value,
            role_name=entry.permission_set or None,
            targets=entry.accounts,
            console=entry.console,
            keys=entry.keys,
            split=entry.split,
        )


def _roles(directory: Directory, *, ids: RoleIds, moves: Renames) -> Iterator[OfferedRole]:
    sets = {e.name: e for e in directory.values() if isinstance(e, PermissionSetEntry)}
    environments = {
        entry.name: Environment(entry.name, entry.label, entry.colour)
        for entry in directory.values()
        if isinstance(entry, EnvironmentEntry)
    }
    patterns = {name: _offered(entry) for name, entry in sets.items()}
    for account in directory.values():
        if not isinstance(account, AccountEntry) or not account.active:
            continue
        tags = tuple(sorted(account.tags.items()))
        for role in account.roles:
            name = role.permission_set
            offered = patterns[name]
            identity = moves.get(("permission_set", name), ("permission_set", name))
            yield replace(
                offered,
                id=ids[account.account_id, identity[1]],
                account_id=account.account_id,
                account_name=account.name,
                partition=account.partition,
                environment=environments.get(account.environment),
                organizational_unit=account.organizational_unit,
                tags=tags,
                iam_role_name=role.iam_role_name or name,
                keys=offered.keys and account.trust_method != TrustMethod.SWITCH_ROLE,
            )


def _offered(entry: PermissionSetEntry) -> OfferedRole:
    """Return a role of no account, to be filled in for each."""
    return OfferedRole(
        id=0,
        account_id="",
        account_name="",
        partition="",
        environment=None,
        organizational_unit="",
        tags=(),
        region="",
        role_name=entry.name,
        iam_path=entry.iam_path,
        iam_role_name="",
        description="",
        session_duration=entry.session_duration,
        destination="",
        privileged=entry.privileged,
        console=entry.console,
        keys=entry.keys,
    )
