"""The directory and the mappings as frozen values: what a file says and what the database holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar

from django.db import models

from accounts.matching import Targets
from accounts.models import Account, Environment, PermissionSet, TrustedIssuer
from accounts.models import Mapping as MappingRow


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentEntry:
    """What accounts are for."""

    table: ClassVar[str] = "environment"
    model: ClassVar[type[models.Model]] = Environment
    identity: ClassVar[str] = "name"
    relations: ClassVar[frozenset[str]] = frozenset()

    name: str
    label: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEntry:
    """An AWS account; `roles` is permission set -> IAM role name, "" where they are the same."""

    table: ClassVar[str] = "account"
    model: ClassVar[type[models.Model]] = Account
    identity: ClassVar[str] = "account_id"
    relations: ClassVar[frozenset[str]] = frozenset({"environment", "roles"})

    account_id: str
    name: str
    partition: str
    environment: str
    organizational_unit: str
    region: str
    tags: Mapping[str, str]
    trust_method: str
    external_id: str = field(repr=False)
    active: bool
    roles: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionSetEntry:
    """A role as it is offered; `session_duration` in seconds."""

    table: ClassVar[str] = "permission_set"
    model: ClassVar[type[models.Model]] = PermissionSet
    identity: ClassVar[str] = "name"
    relations: ClassVar[frozenset[str]] = frozenset()

    name: str
    iam_path: str
    description: str
    session_duration: int
    destination: str
    privileged: bool
    console: bool
    keys: bool
    session_tags: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerEntry:
    """An issuer whose workloads may come with tokens of their own."""

    table: ClassVar[str] = "issuer"
    model: ClassVar[type[models.Model]] = TrustedIssuer
    identity: ClassVar[str] = "name"
    relations: ClassVar[frozenset[str]] = frozenset()

    name: str
    url: str
    audiences: list[str]
    algorithm: str
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingEntry:
    """Claim value -> permission set -> accounts; `permission_set` is "" where a template names it.

    `issuer` is "" where the mapping is for people.
    """

    table: ClassVar[str] = "mapping"
    model: ClassVar[type[models.Model]] = MappingRow
    identity: ClassVar[str] = "name"
    relations: ClassVar[frozenset[str]] = frozenset({"issuer", "permission_set", "accounts"})

    name: str
    issuer: str
    claim: str
    match: str
    value: str
    permission_set: str
    console: bool
    keys: bool
    enabled: bool
    expires_at: datetime | None
    accounts: Targets


Entry = EnvironmentEntry | AccountEntry | PermissionSetEntry | IssuerEntry | MappingEntry
# In the order in which they refer to each other, which is also the order of an exported file.
KINDS: tuple[type[Entry], ...] = (
    EnvironmentEntry,
    AccountEntry,
    PermissionSetEntry,
    IssuerEntry,
    MappingEntry,
)
# The table's name and the value that tells its entries apart: ("account", "123456789012").
Identity = tuple[str, str]
Directory = Mapping[Identity, Entry]


def identity_of(entry: Entry) -> Identity:
    """Return what tells this entry apart from all others."""
    return entry.table, getattr(entry, entry.identity)


def columns_of(entry: Entry) -> dict[str, Any]:
    """Return the model's columns that this entry fills, without those that refer to other rows."""
    return {
        column.name: getattr(entry, column.name)
        for column in fields(entry)
        if column.name not in entry.relations
    }
