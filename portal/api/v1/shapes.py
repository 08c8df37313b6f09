"""What is sent and answered. What is sent is taken as it is written: no key too many, no type guessed."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from accounts.models.directory import MAX_SESSION, MIN_SESSION
from accounts.storable import is_storable

T = TypeVar("T")


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("no database holds this text")
    return text


def _written_out(moment: object) -> object:
    # pydantic takes a number, also in a text, for the seconds since 1970.
    if isinstance(moment, str) and re.fullmatch(r"[-+.0-9]+", moment):
        raise ValueError("write a date and a time, such as 2026-11-22T12:00:00Z")
    return moment


def _in_bounds(moment: datetime) -> datetime:
    if not 1970 <= moment.year <= 9000:
        raise ValueError("choose a year from 1970 to 9000")
    return moment


Text = Annotated[str, StringConstraints(max_length=2048), AfterValidator(_storable)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_bounds)]
# What lists are narrowed by. All of it together fits the longest request line there is.
Narrow = Annotated[str, StringConstraints(max_length=255), AfterValidator(_storable)]
LongNarrow = Annotated[str, StringConstraints(max_length=512), AfterValidator(_storable)]
Duration = Annotated[
    int | None,
    Field(
        ge=MIN_SESSION,
        le=MAX_SESSION,
        description="Seconds; absent: the longest there is.",
    ),
]


class ErrorBody(Schema):
    """What went wrong."""

    code: str = Field(description="Stable; programs decide by it.")
    message: str = Field(description="For people: what happened and what to do.")
    request_id: str = Field(description="To quote to the people who run the portal.")


class ErrorAnswer(Schema):
    """Every error has this shape."""

    error: ErrorBody


class Page(Schema, Generic[T]):
    """A part of a list."""

    items: list[T]
    next: str | None = Field(description="Send it as `after` for the next part; null at the end.")


class Asked(Schema):
    """The role that is asked for: by its ARN, or by account (id or name) and role name."""

    model_config = ConfigDict(extra="forbid", strict=True)

    role_arn: Text | None = None
    account_id: Text | None = None
    account_name: Text | None = None
    role_name: Text | None = None
    duration: Duration = None
    tags: dict[Text, Text] = Field(
        {},
        description="Session tags, of those that the role's `session_tags` name.",
    )


class ConsoleAsked(Asked):
    """As for keys, and where to land."""

    destination: Text = Field(
        "", description="A page of the AWS console of the account's partition; absent: its home."
    )


class Keys(Schema):
    """Temporary keys. They are shown here, once, and kept nowhere."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime
    account_id: str
    role_name: str
    role_arn: str
    session_name: str
    duration: int = Field(description="Seconds.")
    shortened: str = Field(description="Why they live shorter than the role allows; empty if not.")
    audit_id: UUID


class Console(Schema):
    """A link that opens the console. It is a secret, good for 15 minutes."""

    url: str
    account_id: str
    role_name: str
    role_arn: str
    audit_id: UUID


class ClientOut(Schema):
    """How to sign in on the command line: nothing of it is a secret."""

    issuer: str = Field(description="The identity provider, to be found by its discovery document.")
    client_id: str = Field(description="A public client: PKCE, loopback redirects, no secret.")
    scopes: list[str]
    audience: str | None = Field(description="To send as `audience`, if any.")
    resource: str | None = Field(description="To send as `resource` (RFC 8707), if any.")
    token: str = Field(description="Which token to bring: access or id.")


class ScopeOut(Schema):
    """How far the token reaches; null means all."""

    permission_sets: list[str] | None
    account_ids: list[str] | None
    kinds: list[str]
    directory: bool
    audit: bool


class Me(Schema):
    """Who the token says you are."""

    issuer: str
    sub: str
    name: str
    email: str
    kind: str = Field(description="person, workload or token")
    admin: bool
    auditor: bool
    scope: ScopeOut | None


class ReasonOut(Schema):
    """Why: which mapping, by which value of which claim, and what it gives."""

    mapping: str
    claim: str
    value: str
    console: bool
    keys: bool


class EntitlementOut(Schema):
    """What you may do now with one account role."""

    account_id: str
    account_name: str
    environment: str | None
    organizational_unit: str
    partition: str
    region: str
    tags: dict[str, str]
    role_name: str
    role_arn: str
    description: str
    privileged: bool
    session_duration: int = Field(description="The longest session, in seconds.")
    console: bool
    keys: bool
    session_tags: list[str] = Field(description="The keys of the session tags that you may give.")
    reasons: list[ReasonOut]


class ProblemOut(Schema):
    """A claim that did not arrive whole, so that nothing is decided from it."""

    claim: str
    code: str
    message: str


class EntitlementPage(Page[EntitlementOut]):
    """What you may do, by account and role."""

    problems: list[ProblemOut]


class RoleOut(Schema):
    """A role of an account."""

    permission_set: str
    role_arn: str


class AccountOut(Schema):
    """An account of the directory."""

    account_id: str
    name: str
    partition: str
    environment: str | None
    organizational_unit: str
    region: str
    tags: dict[str, Any]
    trust_method: str
    active: bool
    roles: list[RoleOut]


class PermissionSetOut(Schema):
    """A permission set."""

    name: str
    iam_path: str
    description: str
    session_duration: int
    destination: str
    privileged: bool
    console: bool
    keys: bool
    session_tags: list[str]


class TargetOut(Schema):
    """One part of the accounts a mapping reaches."""

    kind: str
    account_id: str | None
    environment: str | None
    organizational_unit: str
    tag_key: str
    tag_value: str


class MappingOut(Schema):
    """A mapping."""

    name: str
    issuer: str | None = Field(description="The trusted issuer whose workloads it is for.")
    claim: str
    match: str
    value: str
    permission_set: str | None
    console: bool
    keys: bool
    enabled: bool
    expires_at: datetime | None
    targets: list[TargetOut]


class EventOut(Schema):
    """A row of the audit trail."""

    id: UUID
    at: datetime
    action: str
    issuer: str
    sub: str
    actor: str
    actor_kind: str
    surface: str
    ip: str
    user_agent: str
    request_id: str
    account_id: str
    role_name: str
    role_arn: str
    duration: int | None
    reason: str
    error_code: str
    access_key_id: str
    session_name: str
    source_identity: str
    assumed_role_arn: str
    aws_request_id: str
    detail: dict[str, Any]
