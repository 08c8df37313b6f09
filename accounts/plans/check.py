"""What must hold: the models' own rules, names that refer to something, one ARN for each account role."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from accounts.aws import destinations
from accounts.clashes import same_arn
from accounts.models import Account, AccountRole, PermissionSet
from accounts.models.mappings import Match
from accounts.plans.complaints import Notes, guess
from accounts.plans.positions import Path
from accounts.plans.tables import MATCH_KEYS
from accounts.plans.toml import quoted
from accounts.plans.values import (
    AccountEntry,
    Directory,
    Entry,
    Identity,
    IssuerEntry,
    MappingEntry,
    PermissionSetEntry,
    columns_of,
)

# A row that is only looked at needs some key where it refers to another.
_SOME_ROW = 0


def entry_by_the_model(entry: Entry, path: Path, notes: Notes) -> None:
    """Hold an entry to its model's rules; names it refers to are looked up later."""
    row = entry.model(**columns_of(entry))
    keys = {}
    if isinstance(entry, MappingEntry):
        keys["value"] = MATCH_KEYS[Match(entry.match)]
        if entry.permission_set or notes.has((*path, "permission_set")):
            row.permission_set_id = _SOME_ROW  # type: ignore[attr-defined]
    by_the_model(row, path, notes, keys=keys)
    if (
        isinstance(entry, PermissionSetEntry)
        and entry.destination
        and (wrong := destinations.complaint(entry.destination))
    ):
        notes.complain((*path, "destination"), wrong)


def by_the_model(
    row: models.Model,
    path: Path,
    notes: Notes,
    *,
    keys: Mapping[str, str] | None = None,
    is_value: bool = False,
) -> None:
    """Hold a row to its model's validators and `clean`, exactly as the admin pages do.

    `keys` are what the file calls columns that it names otherwise; `is_value` says that the path is
    that of the one value the row was made of.
    """
    relations = {column.name for column in row._meta.concrete_fields if column.is_relation}
    try:
        # Uniqueness, constraints and references cost a query each, for thousands of rows; the file
        # is checked for duplicates and references whole, and the database has the last word.
        row.full_clean(exclude=relations, validate_unique=False, validate_constraints=False)
    except ValidationError as refused:
        for column, errors in refused.error_dict.items():
            at = path
            if column != NON_FIELD_ERRORS and not is_value:
                at = (*path, (keys or {}).get(column, column))
            for error in errors:
                notes.complain(at, _message(error, row, column))


def _message(error: ValidationError, row: models.Model, name: str) -> str:
    if error.code == "invalid_choice":
        column: Any = row._meta.get_field(name)
        known = [value for value, _ in column.flatchoices]
        return f"It must be one of: {', '.join(known)}.{guess(getattr(row, name), known)}"
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
        roles = _roles(entry, sets)
        if not (clash := same_arn(roles)):
            continue
        if identity in places:
            notes.complain((*places[identity], "roles"), clash)
            continue
        # The account is only stored: a permission set of the file may have moved onto another.
        for role in roles:
            moved = places.get(("permission_set", role.permission_set.name))
            if moved and not same_arn(other for other in roles if other is not role):
                notes.complain((*moved, "iam_path"), clash)
                break


def check_issuers(
    stored: Directory,
    directory: Directory,
    places: Mapping[Identity, Path],
    notes: Notes,
) -> None:
    """Complain where two issuers would have one address: whose a token is must be certain."""
    named: dict[str, Identity] = {}
    for identity, entry in {**stored, **directory}.items():
        if not isinstance(entry, IssuerEntry) or not entry.url:
            continue
        other = named.setdefault(entry.url, identity)
        if other != identity:
            at = places.get(identity) or places[other]
            notes.complain(
                (*at, "url"),
                f"{quoted(other[1])} and {quoted(identity[1])} would be the same issuer.",
            )
    # No two rows can have one address even for a moment, so what moves on must be gone before.
    held = {entry.url: key for key, entry in stored.items() if isinstance(entry, IssuerEntry)}
    for identity, entry in directory.items():
        if not isinstance(entry, IssuerEntry):
            continue
        holder = held.get(entry.url, identity)
        if holder != identity and named[entry.url] == identity:
            notes.complain(
                (*places[identity], "url"),
                f"The database has this address as that of {quoted(holder[1])}. Give that one "
                "its new address first, in a file of its own.",
            )


def _roles(entry: AccountEntry, sets: Mapping[str, PermissionSet]) -> list[AccountRole]:
    account = Account(account_id=entry.account_id, name=entry.name, partition=entry.partition)
    return [
        AccountRole(account=account, permission_set=sets[name], iam_role_name=iam_role_name)
        for name, iam_role_name in sorted(entry.roles.items())
        if name in sets
    ]
