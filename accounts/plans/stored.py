"""Load the whole directory and the mappings from the database, as the entries of a plan."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, TypeVar

from django.db.models import Model

from accounts.matching import Targets
from accounts.models import (
    Account,
    AccountRole,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
    TrustedIssuer,
)
from accounts.models.mappings import TargetKind
from accounts.plans.entries import (
    MATCHES,
    AccountEntry,
    Directory,
    Entry,
    EnvironmentEntry,
    IssuerEntry,
    MappingEntry,
    PermissionSetEntry,
    identity_of,
)
from accounts.plans.fields import Role, sorted_roles

E = TypeVar("E", EnvironmentEntry, AccountEntry, PermissionSetEntry, IssuerEntry, MappingEntry)
Row = dict[str, Any]
_KEYS = {match.value: key for key, match in MATCHES.items()}


def load(*, lock: bool = False) -> Directory:
    """Return everything, in seven queries; with `lock`, it stays as it is until the transaction ends."""
    environments = _rows(Environment, lock=lock)
    accounts = _rows(Account, lock=lock)
    sets = _rows(PermissionSet, lock=lock)
    issuers = _rows(TrustedIssuer, lock=lock)
    mappings = _rows(Mapping, lock=lock)
    environment_names = {row["id"]: row["name"] for row in environments}
    set_names = {row["id"]: row["name"] for row in sets}
    issuer_names = {row["id"]: row["name"] for row in issuers}
    roles, targets = _roles(), _targets()

    entries: list[Entry] = [_entry(EnvironmentEntry, row) for row in environments]
    entries += [
        _entry(
            AccountEntry,
            row,
            environment=environment_names.get(row["environment_id"], ""),
            roles=sorted_roles(roles[row["id"]]),
        )
        for row in accounts
    ]
    entries += [_entry(PermissionSetEntry, row) for row in sets]
    entries += [_entry(IssuerEntry, row) for row in issuers]
    entries += [
        _entry(
            MappingEntry,
            row,
            **{_KEYS[row["match"]]: row["value"]},
            issuer=issuer_names.get(row["issuer_id"], ""),
            permission_set=set_names.get(row["permission_set_id"], ""),
            accounts=targets[row["id"]],
        )
        for row in mappings
    ]
    return {identity_of(entry): entry for entry in entries}


def _rows(model: type[Model], *, lock: bool) -> list[Row]:
    """Return the rows of a table that others refer to.

    A lock on them also keeps rows that refer to them from being added (PostgreSQL takes a key lock
    for each reference; SQLite has one writer at a time), so roles and targets need none of their own.
    """
    query = model._default_manager.order_by("pk")
    return list((query.select_for_update() if lock else query).values())


def _entry(kind: type[E], row: Row, **relations: Any) -> E:
    columns = kind.model_fields.keys() - kind.relations - MATCHES.keys() - {"renamed_from"}
    # Not validated: an admin may have stored what a plan may not ask for.
    return kind.model_construct(**{name: row[name] for name in columns}, **relations)


def _roles() -> dict[int, list[Role]]:
    roles: dict[int, list[Role]] = defaultdict(list)
    for account, name, iam_role_name, subjects in AccountRole.objects.values_list(
        "account_id", "permission_set__name", "iam_role_name", "subjects"
    ):
        role = Role.model_construct(
            permission_set=name, iam_role_name=iam_role_name, subjects=subjects
        )
        roles[account].append(role)
    return roles


def _targets() -> dict[int, Targets]:
    parts: dict[int, list[Targets]] = defaultdict(list)
    for mapping, *columns in MappingTarget.objects.order_by("pk").values_list(
        "mapping_id",
        "kind",
        "account__account_id",
        "environment__name",
        "unit",
        "tag_key",
        "tag_value",
    ):
        parts[mapping].append(_target(*columns))
    reached: dict[int, Targets] = defaultdict(Targets)
    for mapping, targets in parts.items():
        union = Targets.union(targets)
        # Whatever stands beside "all" adds nothing, and a file has no words for it.
        reached[mapping] = Targets(everything=True) if union.everything else union
    return reached


def _target(
    kind: str, account_id: str, environment: str, unit: str, key: str, value: str
) -> Targets:
    match kind:
        case TargetKind.ACCOUNT:
            return Targets(accounts=frozenset({account_id}))
        case TargetKind.ENVIRONMENT:
            return Targets(environments=frozenset({environment}))
        case TargetKind.UNIT:
            return Targets(organizational_units=frozenset({unit}))
        case TargetKind.TAG:
            return Targets(tags=frozenset({(key, value)}))
    return Targets(everything=True)
