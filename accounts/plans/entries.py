"""The directory and the mappings as frozen values: what a plan asks for and what the database holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from django.db import models
from pydantic import Field

from accounts.models import Account, Environment, PermissionSet, TrustedIssuer
from accounts.models import Mapping as MappingRow
from accounts.patterns import Match
from accounts.plans.fields import (
    Accounts,
    Duration,
    Moment,
    Name,
    OptionalDuration,
    Part,
    Roles,
    Tags,
    Text,
)
from accounts.plans.notation import quoted

_LONGEST_TITLE = 128


class BaseEntry(Part):
    """What all entries have in common; the keys of each stand in the order of an exported file."""

    kind: ClassVar[str]
    model: ClassVar[type[models.Model]]
    # The key that tells entries of a kind apart.
    identified_by: ClassVar[str] = "name"
    # Keys that refer to other rows.
    relations: ClassVar[frozenset[str]] = frozenset()
    # Exported even where they are as they are by default: a reader asks for them.
    always_written: ClassVar[frozenset[str]] = frozenset()

    # The name that the database has, where a plan gives a new one. No column, and never exported.
    renamed_from: Text = Field(default="", exclude=True)

    def columns(self) -> dict[str, Any]:
        """Return the model's columns that this entry fills, without those that refer to other rows."""
        return {
            name: getattr(self, name)
            for name in type(self).model_fields
            if name not in self.relations and name != "renamed_from"
        }

    def written(self, *, defaults: bool = True) -> dict[str, Any]:
        """Return what a file says of this entry, with what is so by default or without it."""
        left_out = {
            name
            for name, field in type(self).model_fields.items()
            if not (defaults or field.is_required() or name in self.always_written)
            and getattr(self, name) == field.get_default(call_default_factory=True)
        }
        return self.model_dump(exclude=left_out)


class EnvironmentEntry(BaseEntry):
    """What accounts are for."""

    kind = "environment"
    model = Environment
    always_written = frozenset({"colour"})

    name: Text
    label: Text
    colour: Text = "grey"


class AccountEntry(BaseEntry):
    """An AWS account with its roles."""

    kind = "account"
    model = Account
    identified_by = "account_id"
    relations = frozenset({"environment", "roles"})

    account_id: Text
    name: Text
    environment: Text = ""
    partition: Text = "aws"
    organizational_unit: Text = ""
    region: Text = ""
    tags: Tags = {}
    trust_method: Text = "hub"
    external_id: Annotated[Text, Field(repr=False)] = ""
    active: bool = True
    organization: Text = ""
    state: Text = ""
    email: Text = ""
    roles: Roles = []


class PermissionSetEntry(BaseEntry):
    """A role as it is offered; `session_duration` in seconds."""

    kind = "permission_set"
    model = PermissionSet
    always_written = frozenset({"session_duration"})

    name: Text
    iam_path: Text = "/"
    description: Text = ""
    session_duration: Duration = 3600
    destination: Text = ""
    privileged: bool = False
    requires_mfa: bool = False
    max_sign_in_age: OptionalDuration = None
    console: bool = True
    keys: bool = True
    role_policy: Text = ""
    role_policy_arns: list[Name] = []
    permissions_boundary: Text = ""
    session_tags: list[Name] = []
    session_name_claim: Text = ""
    source_identity_claim: Text = ""
    claim_tags: Tags = {}
    transitive_tags: list[Name] = []
    session_policy: Text = ""
    session_policy_arns: list[Name] = []
    read_only_policy: Text = ""
    read_only_policy_arns: list[Name] = []


class IssuerEntry(BaseEntry):
    """An issuer whose workloads may come with tokens of their own."""

    kind = "issuer"
    model = TrustedIssuer

    name: Text
    url: Text
    audiences: list[Name]
    algorithm: Text = "RS256"
    enabled: bool = True


class MappingEntry(BaseEntry):
    """Claim value -> permission set -> accounts; `permission_set` is "" where a template names it.

    Exactly one of `value`, `wildcard` and `template` is given. `issuer` is "" where the mapping is for
    people.
    """

    kind = "mapping"
    model = MappingRow
    relations = frozenset({"issuer", "permission_set", "accounts"})
    always_written = frozenset({"claim"})

    name: Text
    issuer: Text = ""
    claim: Text = "groups"
    split: Text = ""
    value: Text | None = None
    wildcard: Text | None = None
    template: Text | None = None
    permission_set: Text = ""
    console: bool = True
    keys: bool = True
    enabled: bool = True
    expires_at: Moment = None
    accounts: Accounts

    @property
    def matches(self) -> dict[str, str]:
        """What claim values are compared with, by the key that says how."""
        given = {key: getattr(self, key) for key in MATCHES}
        return {key: text for key, text in given.items() if text is not None}

    def columns(self) -> dict[str, Any]:
        """Return the model's columns; of several matches the first."""
        columns = super().columns()
        for key in MATCHES:
            del columns[key]
        key, text = next(iter(self.matches.items()), ("value", ""))
        return {**columns, "match": MATCHES[key].value, "value": text}


MATCHES = {"value": Match.EXACT, "wildcard": Match.WILDCARD, "template": Match.TEMPLATE}

Entry = EnvironmentEntry | AccountEntry | PermissionSetEntry | IssuerEntry | MappingEntry
# In the order in which they refer to each other, which is also the order of an exported file.
KINDS: tuple[type[Entry], ...] = (
    EnvironmentEntry,
    AccountEntry,
    PermissionSetEntry,
    IssuerEntry,
    MappingEntry,
)
# The kind and the value that tells its entries apart: ("account", "123456789012").
Identity = tuple[str, str]
Directory = Mapping[Identity, Entry]


def identity_of(entry: Entry) -> Identity:
    """Return what tells this entry apart from all others."""
    return entry.kind, getattr(entry, entry.identified_by)


def title_of(entry: Entry) -> str:
    """Return what people call this entry: its kind, then its name, cut where it is no name any more."""
    name = entry.name or identity_of(entry)[1]
    if len(name) > _LONGEST_TITLE:
        name = name[:_LONGEST_TITLE] + "…"
    return f"{entry.kind} {quoted(name)}" if name else entry.kind
