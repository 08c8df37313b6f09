"""Frozen values that travel between the layers; standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

Claims = Mapping[str, Any]


class Kind(StrEnum):
    """What a person can get with a role."""

    CONSOLE = "console"
    KEYS = "keys"


class Surface(StrEnum):
    """The part of the portal that a request came through."""

    PAGES = "pages"
    API = "api"
    SSO = "sso"
    ADMIN = "admin"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as the audit trail records it."""

    surface: Surface
    ip: str = ""
    user_agent: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token may be used for, within what its subject may do. It never adds anything.

    None stands for all. `directory` and `audit`: whether a machine's token may read them; `testing`: whether
    it may test roles; `revoking`: whether it may cut live sessions. `read_only`: keys and the console are only given with the read-only policy of a permission set.
    """

    permission_sets: frozenset[str] | None = None
    account_ids: frozenset[str] | None = None
    kinds: frozenset[Kind] = frozenset(Kind)
    directory: bool = False
    audit: bool = False
    testing: bool = False
    revoking: bool = False
    read_only: bool = False

    def covers(self, *, account_id: str, role_name: str) -> bool:
        """Whether the scope includes this account role."""
        return (self.account_ids is None or account_id in self.account_ids) and (
            self.permission_sets is None or role_name in self.permission_sets
        )


class ActorKind(StrEnum):
    """What acted: a person, a program of a trusted issuer, or a token of the portal."""

    PERSON = "person"
    WORKLOAD = "workload"
    TOKEN = "token"  # noqa: S105


UNVERIFIED = " (unverified)"
# Columns that hold a label cut it; the mark must stay.
_LONGEST_UNVERIFIED = 200


def label_of(*, email: str, email_verified: bool, name: str, sub: str) -> str:
    """Return the email, else the name, else `sub`. An address that nobody verified is marked, as a name too."""
    if "@" in (email or name) and not (email and email_verified):
        return f"{(email or name)[:_LONGEST_UNVERIFIED]}{UNVERIFIED}"
    return email or name or sub


@dataclass(frozen=True, slots=True)
class Subject:
    """A verified identity and its claims.

    A person is identified by (issuer, sub). Name and email are for people to read, never for matching.
    `workload`: this is a program of a trusted issuer, not of the people's identity provider.
    `token_id` and `scope` are set for tokens of the portal only; None narrows nothing. `bearer_jwt` is the
    provider's own token by which a person asks the API; "" for all others. `approval_id` is of the command line by
    which a person asks.
    """

    issuer: str
    sub: str
    name: str = ""
    email: str = ""
    email_verified: bool = False
    claims: Claims = field(default_factory=dict, repr=False)
    acr: str = ""
    amr: tuple[str, ...] = ()
    auth_time: datetime | None = None
    sign_in_id: UUID | None = None
    approval_id: UUID | None = None
    workload: bool = False
    scope: Scope | None = None
    token_id: UUID | None = None
    bearer_jwt: str = field(default="", repr=False, compare=False)

    @property
    def kind(self) -> ActorKind:
        """The kind of actor, as the audit trail records it."""
        if self.token_id is not None:
            return ActorKind.TOKEN
        return ActorKind.WORKLOAD if self.workload else ActorKind.PERSON

    @property
    def trusted_issuer(self) -> str | None:
        """The issuer whose mappings apply; None for people and the portal's own machines."""
        return self.issuer if self.kind is ActorKind.WORKLOAD else None

    @property
    def label(self) -> str:
        """What people and the audit trail call this subject; see `label_of`."""
        return label_of(
            email=self.email, email_verified=self.email_verified, name=self.name, sub=self.sub
        )


@dataclass(frozen=True, slots=True)
class RoleRef:
    """Names a role in an account; nothing says that it exists. `role_name` is the permission set's name."""

    account_id: str
    role_name: str


@dataclass(frozen=True, slots=True)
class AskedRole:
    """What somebody asked for: keys or the console, of a role in an account. Nothing says that it exists.

    `role_name` is "" where only the account was named.
    """

    kind: Kind
    account_id: str
    role_name: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """What an account is for, and the colour that marks it on pages."""

    name: str
    label: str
    colour: str


@dataclass(frozen=True, slots=True)
class SessionRules:
    """What a permission set says of its sessions at AWS, as it is stored; "" and () for nothing.

    `claim_tags` are pairs: the key of a session tag, and the claim that has its value. Policies are JSON and
    ARNs of managed policies, as in `accounts.aws.session_policies`.
    """

    session_name_claim: str = ""
    source_identity_claim: str = ""
    claim_tags: tuple[tuple[str, str], ...] = ()
    transitive_tags: tuple[str, ...] = ()
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    read_only_policy: str = ""
    read_only_policy_arns: tuple[str, ...] = ()

    @property
    def names_people(self) -> bool:
        """Whether AWS is told more of a person than the session name."""
        return bool(self.claim_tags or self.source_identity_claim)

    @property
    def narrows(self) -> bool:
        """Whether each session may do less than the role."""
        return bool(self.policy or self.policy_arns)

    @property
    def offers_read_only(self) -> bool:
        """Whether people can ask for less: a session with the read-only policy."""
        return bool(self.read_only_policy or self.read_only_policy_arns)


@dataclass(frozen=True, slots=True)
class OfferedRole:
    """A permission set in an active account, with all that a decision and a session need. Hashable.

    `session_duration` is the longest session in seconds. `failed_test_at` is when the role's last test
    failed; None if it did not, or there was none. `max_sign_in_age` is in seconds, None for any. `session_rules` come with a role that is loaded by
    itself, as at the door; None in lists, which can be long.
    """

    id: int
    account_id: str
    account_name: str
    partition: str
    environment: Environment | None
    organizational_unit: str
    tags: tuple[tuple[str, str], ...]
    region: str
    role_name: str
    iam_path: str
    iam_role_name: str
    description: str
    session_duration: int
    destination: str
    privileged: bool
    console: bool
    keys: bool
    trust_method: str = "hub"
    external_id: str = field(default="", repr=False)
    session_tags: tuple[str, ...] = ()
    failed_test_at: datetime | None = None
    requires_mfa: bool = False
    max_sign_in_age: int | None = None
    session_rules: SessionRules | None = field(default=None, repr=False)

    @property
    def arn(self) -> str:
        return (
            f"arn:{self.partition}:iam::{self.account_id}:role{self.iam_path}{self.iam_role_name}"
        )


class Source(StrEnum):
    """What can give somebody a role."""

    MAPPING = "mapping"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an entitlement exists: what gives it, and whether for the console, for keys, or both.

    `label` is the source's name as people read it. `claim` and `value` say which claim value
    matched; both are empty where no claim has a part in it.
    """

    source: Source
    source_id: str
    label: str
    claim: str = ""
    value: str = ""
    console: bool = True
    keys: bool = True

    def __str__(self) -> str:
        """One line for the audit trail."""
        return f"{self.label}: {self.claim} = {self.value}" if self.claim else self.label


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a subject may do now with one account role, and why.

    `session_duration` is the longest session in seconds.
    """

    role: OfferedRole
    console: bool
    keys: bool
    session_duration: int
    reasons: tuple[Reason, ...]

    def allows(self, kind: Kind) -> bool:
        return self.console if kind is Kind.CONSOLE else self.keys

    def because(self, kind: Kind) -> tuple[Reason, ...]:
        """Return only the reasons that give the console, or keys."""
        return tuple(
            reason
            for reason in self.reasons
            if (reason.console if kind is Kind.CONSOLE else reason.keys)
        )

    def within(self, scope: Scope) -> Entitlement | None:
        """Return what a scope leaves of this entitlement; None if that is nothing."""
        if not scope.covers(account_id=self.role.account_id, role_name=self.role.role_name):
            return None
        console = Kind.CONSOLE in scope.kinds
        keys = Kind.KEYS in scope.kinds
        reasons = tuple(
            replace(reason, console=reason.console and console, keys=reason.keys and keys)
            for reason in self.reasons
            if (reason.console and console) or (reason.keys and keys)
        )
        if not reasons:
            return None
        return replace(
            self, console=self.console and console, keys=self.keys and keys, reasons=reasons
        )


@dataclass(frozen=True, slots=True)
class SessionLimit:
    """The longest session to expect, in seconds, and why it is shorter than the role's; "" if it is not."""

    seconds: int
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """A session with an account role, as a trust method is to obtain it from AWS.

    `duration` is in seconds. `tags` are the session tags; those in `transitive_tags` stay with the sessions
    of other roles that this one assumes. `policy` (JSON) and `policy_arns` narrow what the session may do.
    `elevation` is the id of the elevation that gives the role; "" if none does. `origin` is where somebody asks.
    """

    role: OfferedRole
    subject: Subject
    session_name: str
    duration: int
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tags: tuple[str, ...] = ()
    source_identity: str = ""
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    elevation: str = ""
    origin: Origin = Origin(Surface.COMMAND)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary AWS keys. The secret parts are not in the `repr`.

    In percent of what AWS takes, None where AWS does not say: `packed_policy_size` of the session's tags and
    policies, `token_utilization` of the session token.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: datetime
    assumed_role_arn: str = ""
    request_id: str = ""
    packed_policy_size: int | None = None
    token_utilization: int | None = None


@dataclass(frozen=True, slots=True)
class IssuedKeys:
    """Keys that were decided, obtained and recorded. The door releases them once.

    `duration` is in seconds. `shortened` says for people why the session is shorter than the
    permission set's; "" if it is not. `read_only`: the permission set's read-only policy narrows them.
    """

    entitlement: Entitlement
    credentials: Credentials
    session_name: str
    duration: int
    audit_id: int
    shortened: str = ""
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class ConsoleSignIn:
    """A console sign-in that was decided, obtained and recorded. The URL is secret: it works for 15 minutes."""

    entitlement: Entitlement
    url: str = field(repr=False)
    audit_id: int
