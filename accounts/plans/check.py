"""What must hold: the models' own rules, names that refer to something, one ARN for each account role."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from accounts.models import Account, AccountRole, MappingTarget, PermissionSet
from accounts.models.mappings import TargetKind
from accounts.plans.positions import Path
from accounts.plans.reading import Notes, guess
from accounts.plans.toml import quoted
from accounts.plans.values import (
    AccountEntry,
    Directory,
    Entry,
    Identity,
    MappingEntry,
    PermissionSetEntry,
    columns_of,
)

# A row that is only looked at needs some key where it refers to another.
_SOME_ROW = 0


def by_the_model(entry: Entry, path: Path, notes: Notes) -> None:
    """Hold an entry to its model's validators and `clean`, exactly as the admin pages do."""
    row = entry.model(**columns_of(entry))
    renamed = {}
    if isinstance(entry, MappingEntry):
        renamed["value"] = "value" if entry.match == "exact" else entry.match
        if entry.permission_set or notes.has((*path, "permission_set")):
            row.permission_set_id = _SOME_ROW  # type: ignore[attr-defined]
        _targets_by_the_model(entry, path, notes)
    if isinstance(entry, AccountEntry):
        for name, iam_role_name in entry.roles.items():
            if iam_role_name:
                _complain(
                    AccountRole(iam_role_name=iam_role_name),
                    (*path, "roles"),
                    notes,
                    about=f"{quoted(name)}: ",
                )
    _complain(row, path, notes, renamed=renamed)


def _targets_by_the_model(entry: MappingEntry, path: Path, notes: Notes) -> None:
    for unit in sorted(entry.accounts.organizational_units):
        _complain(
            MappingTarget(kind=TargetKind.UNIT, unit=unit),
            (*path, "accounts", "organizational_units"),
            notes,
            about=f"{quoted(unit)}: ",
        )
    for key, value in sorted(entry.accounts.tags):
        _complain(
            MappingTarget(kind=TargetKind.TAG, tag_key=key, tag_value=value),
            (*path, "accounts", "tags"),
            notes,
            about=f"{quoted(key)}: ",
        )


def _complain(
    row: models.Model,
    path: Path,
    notes: Notes,
    *,
    about: str = "",
    renamed: Mapping[str, str] | None = None,
) -> None:
    relations = {column.name for column in row._meta.concrete_fields if column.is_relation}
    try:
        # Uniqueness, constraints and references cost a query each, for thousands of rows; the file
        # is checked for duplicates and references whole, and the database has the last word.
        row.full_clean(exclude=relations, validate_unique=False, validate_constraints=False)
    except ValidationError as refused:
        for key, errors in refused.error_dict.items():
            at = path
            if not about and key != NON_FIELD_ERRORS:
                at = (*path, (renamed or {}).get(key, key))
            for error in errors:
                notes.complain(at, about + _message(error, row, key))


def _message(error: ValidationError, row: models.Model, key: str) -> str:
    if error.code == "invalid_choice":
        column: Any = row._meta.get_field(key)
        known = [value for value, _ in column.flatchoices]
        return f"Choose one of {', '.join(known)}.{guess(getattr(row, key), known)}"
    return " ".join(error.messages)


def check_references(stored: Directory, directory: Directory, notes: Notes) -> None:
    """Complain about every name that is in neither the file nor the database."""
    known = {*stored, *directory}

    @cache
    def hint(table: str, name: str) -> str:
        # Nobody means a neighbouring number: account ids get no guess.
        if table == "account":
            return ""
        return guess(name, (other for kind, other in known if kind == table))

    for reference in notes.references:
        if (reference.table, reference.name) not in known:
            notes.complain(
                reference.path,
                f"There is no {reference.table} {quoted(reference.name)}, neither in this file "
                f"nor in the database.{hint(reference.table, reference.name)}",
            )


def check_arns(
    stored: Directory,
    directory: Directory,
    places: Mapping[Identity, Path],
    notes: Notes,
) -> None:
    """Complain where this file would give one account two roles with the same ARN."""
    after = {**stored, **directory}
    sets = {
        entry.name: PermissionSet(name=entry.name, iam_path=entry.iam_path)
        for entry in after.values()
        if isinstance(entry, PermissionSetEntry)
    }
    for identity, entry in after.items():
        if not isinstance(entry, AccountEntry):
            continue
        for arn, names in _by_arn(entry, sets):
            # The account says it, or a permission set whose path or name was changed.
            origins = [identity, *(("permission_set", name) for name in names)]
            origin = next((one for one in origins if one in places), None)
            if len(names) > 1 and origin is not None:
                key = "roles" if origin == identity else "iam_path"
                notes.complain(
                    (*places[origin], key),
                    f"{' and '.join(map(quoted, names))} would be the same IAM role, {arn}; "
                    "give one of them an iam_role_name or another iam_path.",
                )


def _by_arn(
    entry: AccountEntry, sets: Mapping[str, PermissionSet]
) -> Iterator[tuple[str, list[str]]]:
    account = Account(account_id=entry.account_id, partition=entry.partition)
    by_arn: dict[str, list[str]] = defaultdict(list)
    for name, iam_role_name in sorted(entry.roles.items()):
        if name in sets:
            role = AccountRole(
                account=account, permission_set=sets[name], iam_role_name=iam_role_name
            )
            by_arn[role.arn].append(name)
    yield from by_arn.items()
