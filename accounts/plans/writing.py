"""Write entries to the tables in a number of statements that does not grow with each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import models

from accounts.matching import Targets
from accounts.models import AccountRole, MappingTarget
from accounts.models.mappings import TargetKind
from accounts.plans.entries import KINDS, AccountEntry, Entry, MappingEntry, identity_of

# For each kind of entry, the primary key of each row by what tells the rows apart.
Keys = Mapping[str, Mapping[str, int]]
# Databases bound how many values one statement may name.
_AT_ONCE = 500
_TARGET_COLUMNS = (
    "mapping_id",
    "kind",
    "account_id",
    "environment_id",
    "unit",
    "tag_key",
    "tag_value",
)


def write(entries: Sequence[Entry]) -> Keys:
    """Write entries with their roles and targets, and return the primary keys of everything there is."""
    keys: dict[str, Mapping[str, int]] = {}
    for kind in KINDS:
        _upsert(kind, [_columns(entry, keys) for entry in entries if entry.kind == kind.kind])
        keys[kind.kind] = dict(kind.model._default_manager.values_list(kind.identified_by, "pk"))
    _replace_roles([one for one in entries if isinstance(one, AccountEntry)], keys)
    _replace_targets([one for one in entries if isinstance(one, MappingEntry)], keys)
    return keys


def _columns(entry: Entry, keys: Keys) -> dict[str, Any]:
    columns = entry.columns()
    if isinstance(entry, AccountEntry):
        columns["environment_id"] = keys["environment"].get(entry.environment)
    if isinstance(entry, MappingEntry):
        columns["permission_set_id"] = keys["permission_set"].get(entry.permission_set)
        columns["issuer_id"] = keys["issuer"].get(entry.issuer)
    return columns


def _upsert(kind: type[Entry], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add or change rows, touching only the columns that entries have."""
    if not rows:
        return
    model: type[models.Model] = kind.model
    model._default_manager.bulk_create(
        [model(**row) for row in rows],
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=[kind.identified_by],
        update_fields=sorted(rows[0].keys() - {kind.identified_by}),
    )


def _replace_roles(entries: Sequence[AccountEntry], keys: Keys) -> None:
    """Give these accounts exactly these roles; a role that stays keeps its row."""
    wanted = {
        (keys["account"][entry.account_id], keys["permission_set"][role.permission_set]): (
            role.iam_role_name,
            role.subjects,
        )
        for entry in entries
        for role in entry.roles
    }
    touched = {keys["account"][entry.account_id] for entry in entries}
    stored, stale = {}, []
    for pk, account, permission_set, *columns in AccountRole.objects.values_list(
        "pk", "account_id", "permission_set_id", "iam_role_name", "subjects"
    ):
        stored[account, permission_set] = tuple(columns)
        if account in touched and (account, permission_set) not in wanted:
            stale.append(pk)
    _delete(AccountRole, stale)
    AccountRole.objects.bulk_create(
        [
            AccountRole(
                account_id=account,
                permission_set_id=permission_set,
                iam_role_name=iam_role_name,
                subjects=subjects,
            )
            for (account, permission_set), (iam_role_name, subjects) in wanted.items()
            if stored.get((account, permission_set)) != (iam_role_name, subjects)
        ],
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=["account", "permission_set"],
        update_fields=["iam_role_name", "subjects"],
    )


def _replace_targets(entries: Sequence[MappingEntry], keys: Keys) -> None:
    """Aim these mappings at exactly these accounts; a target that stays keeps its row."""
    wanted = {
        (keys["mapping"][entry.name], *target)
        for entry in entries
        for target in _targets(entry.accounts, keys)
    }
    touched = {keys["mapping"][entry.name] for entry in entries}
    stored, stale = set(), []
    for pk, *columns in MappingTarget.objects.values_list("pk", *_TARGET_COLUMNS):
        row = tuple(columns)
        stored.add(row)
        if row[0] in touched and row not in wanted:
            stale.append(pk)
    _delete(MappingTarget, stale)
    MappingTarget.objects.bulk_create(
        [
            MappingTarget(**dict(zip(_TARGET_COLUMNS, row, strict=True)))
            for row in sorted(wanted - stored, key=repr)
        ],
        batch_size=_AT_ONCE,
    )


def _targets(targets: Targets, keys: Keys) -> Iterator[tuple[Any, ...]]:
    """Yield the columns of each target, after the mapping's own."""
    if targets.everything:
        yield TargetKind.ALL.value, None, None, "", "", ""
    for account_id in targets.accounts:
        yield TargetKind.ACCOUNT.value, keys["account"][account_id], None, "", "", ""
    for name in targets.environments:
        yield TargetKind.ENVIRONMENT.value, None, keys["environment"][name], "", "", ""
    for unit in targets.organizational_units:
        yield TargetKind.UNIT.value, None, None, unit, "", ""
    for key, value in targets.tags:
        yield TargetKind.TAG.value, None, None, "", key, value


def remove(entries: Sequence[Entry]) -> None:
    """Delete rows, those that refer to others first."""
    for kind in reversed(KINDS):
        names = [identity_of(entry)[1] for entry in entries if entry.kind == kind.kind]
        for start in range(0, len(names), _AT_ONCE):
            part = {f"{kind.identified_by}__in": names[start : start + _AT_ONCE]}
            kind.model._default_manager.filter(**part).delete()


def _delete(model: type[models.Model], keys: Sequence[int]) -> None:
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE]
        model._default_manager.filter(pk__in=part).delete()
