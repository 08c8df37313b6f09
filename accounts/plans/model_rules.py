"""Hold an entry to the rules of its model, exactly as the admin pages do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from accounts.aws import destinations
from accounts.models import AccountRole, MappingTarget
from accounts.models.mappings import TargetKind
from accounts.plans.complaints import did_you_mean
from accounts.plans.entries import (
    MATCHES,
    AccountEntry,
    Entry,
    MappingEntry,
    PermissionSetEntry,
)

Path = tuple[str, ...]
# Where in an entry something is wrong, and what.
Fault = tuple[Path, str]
# A row that is only looked at needs some key where it refers to another.
_SOME_ROW = 0


def faults_of(entry: Entry) -> Iterator[Fault]:
    """Yield what the models refuse of an entry, its roles and its targets, as the admin pages do."""
    row: Any = entry.model(**entry.columns())
    keys = {}
    match entry:
        case AccountEntry():
            for role in entry.roles:
                part = AccountRole(iam_role_name=role.iam_role_name, subjects=role.subjects)
                yield from _faults_of_row(part, ("roles", role.permission_set))
        case PermissionSetEntry():
            if entry.destination and (wrong := destinations.complaint(entry.destination)):
                yield ("destination",), wrong
        case MappingEntry():
            row.permission_set_id = _SOME_ROW if entry.permission_set else None
            given = list(entry.matches)
            keys["value"] = given[0] if given else ""
            if len(given) != 1:
                found = f"this has {' and '.join(given)}" if given else "this has none"
                yield tuple(given[1:2]), f"Give one of {', '.join(MATCHES)}; {found}."
            yield from _faults_of_targets(entry)
    yield from _faults_of_row(row, (), keys=keys)


def _faults_of_targets(entry: MappingEntry) -> Iterator[Fault]:
    place: Path
    for unit in entry.accounts.organizational_units:
        target = MappingTarget(kind=TargetKind.UNIT, unit=unit)
        place = ("accounts", "organizational_units", unit)
        yield from _faults_of_row(target, place, keys={"unit": ""})
    for key, value in entry.accounts.tags:
        target = MappingTarget(kind=TargetKind.TAG, tag_key=key, tag_value=value)
        place = ("accounts", "tags", key, value)
        yield from _faults_of_row(target, place, keys={"tag_key": "", "tag_value": ""})


def _faults_of_row(
    row: models.Model, path: Path, *, keys: Mapping[str, str] | None = None
) -> Iterator[Fault]:
    """Yield what the model's validators and `clean` refuse; `keys` has what entries call its columns."""
    relations = {column.name for column in row._meta.concrete_fields if column.is_relation}
    try:
        # Uniqueness, constraints and references cost a query each, for thousands of rows; entries
        # are compared with each other and with the database, which has the last word.
        row.full_clean(exclude=relations, validate_unique=False, validate_constraints=False)
    except ValidationError as refused:
        for column, errors in refused.error_dict.items():
            key = "" if column == NON_FIELD_ERRORS else (keys or {}).get(column, column)
            for error in errors:
                yield (*path, key) if key else path, _message(error, row, column)


def _message(error: ValidationError, row: models.Model, name: str) -> str:
    column = row._meta.get_field(name) if error.code == "invalid_choice" else None
    if isinstance(column, models.Field):
        known = [str(value) for value, _ in column.flatchoices]
        return f"It must be one of: {', '.join(known)}.{did_you_mean(getattr(row, name), known)}"
    return " ".join(error.messages)
