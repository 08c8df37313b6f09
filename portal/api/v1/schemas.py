"""What is sent and answered. What is sent is taken as it is written: no key too many, no type guessed."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
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

from accounts.aws.limits import LONGEST_SESSION, SHORTEST_SESSION
from accounts.storable import is_storable
from portal.api.v1 import examples

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
Timestamp = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_bounds)]
# What lists are narrowed by. All of it together fits the longest request line there is.
FilterText = Annotated[str, StringConstraints(max_length=255), AfterValidator(_storable)]
LongFilterText = Annotated[str, StringConstraints(max_length=512), AfterValidator(_storable)]
Duration = Annotated[
    int | None,
    Field(
        ge=SHORTEST_SESSION,
        le=LONGEST_SESSION,
        description="Seconds; absent: the longest there is.",
    ),
]


class ErrorBody(Schema):
    """What went wrong."""

    code: str = Field(description="Stable; programs decide by it.")
    message: str = Field(description="For people: what happened and what to do.")
    request_id: str = Field(
        description="To quote to the people who run the portal; also in X-Request-Id."
    )


class ErrorOut(Schema):
    """Every error has this shape."""

    error: ErrorBody = Field(description="What went wrong.")


class PageOut(Schema, Generic[T]):
    """A part of a list."""

    items: list[T] = Field(description="At most `limit` of them.")
    next: str | None = Field(description="Send it as `after` for the next part; null at the end.")


_NAMES = ("role_arn", "account_id", "account_name", "role_name")


def _one_way(example: dict[str, Any]) -> dict[str, Any]:
    """Say in JSON Schema what `issuing` asks for: the role is named in one of three ways."""
    ways = (("role_arn",), ("account_id", "role_name"), ("account_name", "role_name"))
    return {
        "examples": [example],
        "oneOf": [
            {
                "required": list(way),
                "properties": {
                    name: {"type": "string" if name in way else "null"} for name in _NAMES
                },
            }
            for way in ways
        ],
    }


class KeysIn(Schema):
    """The role that is asked for: by `role_arn`, or by `role_name` and an account's id or name."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra=_one_way(examples.KEYS_IN)
    )

    role_arn: Text | None = Field(None, description="The role's ARN, path included.")
    account_id: Text | None = Field(None, description="The account's twelve digits.")
    account_name: Text | None = Field(
        None, description="The account's name, among those in which you have the role."
    )
    role_name: Text | None = Field(None, description="The role's name: the permission set.")
    duration: Duration = None
    tags: dict[Text, Text] = Field(
        {},
        description="Session tags, of those that the role's `session_tags` name.",
    )


class ConsoleIn(KeysIn):
    """As for keys, and where to land."""

    model_config = ConfigDict(json_schema_extra=_one_way(examples.CONSOLE_IN))

    destination: Text = Field(
        "", description="A page of the AWS console of the account's partition; absent: its home."
    )


class RoleOut(Schema):
    """The role that was asked for."""

    account_id: str = Field(description="The account's twelve digits.")
    role_name: str = Field(description="The permission set.")
    role_arn: str = Field(description="The IAM role.")
    audit_id: UUID = Field(description="The row of the audit trail about it.")


class KeysOut(RoleOut):
    """Temporary keys. They are shown here, once, and kept nowhere."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.KEYS]})

    access_key_id: str = Field(
        description="The access key id. No secret: the audit trail has it, too."
    )
    secret_access_key: str = Field(description="The secret access key.")
    session_token: str = Field(description="The session token: a secret, too.")
    expires_at: datetime = Field(description="When they end.")
    session_name: str = Field(description="What CloudTrail calls the session.")
    duration: int = Field(description="For how many seconds they were made.")
    shortened: str = Field(description="Why they live shorter than the role allows; empty if not.")


class ConsoleOut(RoleOut):
    """A link that opens the console. It is a secret, good for 15 minutes."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CONSOLE]})

    url: str = Field(description="Where to send the browser: a secret.")


class ClientOut(Schema):
    """How to sign in on the command line: nothing of it is a secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CLIENT]})

    issuer: str = Field(description="The identity provider, to be found by its discovery document.")
    client_id: str = Field(description="A public client: PKCE, loopback redirects, no secret.")
    scopes: list[str] = Field(description="What to ask for.")
    audience: str | None = Field(description="To send as `audience`, if any.")
    resource: str | None = Field(description="To send as `resource` (RFC 8707), if any.")
    token: Literal["access", "id"] = Field(description="Which token to bring.")


class ScopeOut(Schema):
    """How far a token of the portal reaches; null means all."""

    permission_sets: list[str] | None = Field(description="The roles it is limited to.")
    account_ids: list[str] | None = Field(description="The accounts it is limited to.")
    kinds: list[str] = Field(description="console, keys, both or neither.")
    directory: bool = Field(description="Whether it reads accounts, permission sets and mappings.")
    audit: bool = Field(description="Whether it reads the audit trail.")


class MeOut(Schema):
    """Who the token says you are."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ME]})

    issuer: str = Field(description="Who vouches for you; the portal itself for its machines.")
    sub: str = Field(description="Your id there. Both together are you.")
    name: str = Field(description="For people to read; may be empty.")
    email: str = Field(description="For people to read; may be empty.")
    kind: Literal["person", "workload", "token"] = Field(
        description="A person, a workload of a trusted issuer, or a token of the portal."
    )
    admin: bool = Field(description="Whether your claims make you a portal admin.")
    auditor: bool = Field(description="Whether your claims make you an auditor.")
    scope: ScopeOut | None = Field(description="Of a token of the portal; null for all others.")


class ReasonOut(Schema):
    """Why: which mapping, by which value of which claim, and what it gives."""

    mapping: str = Field(description="The mapping's name.")
    claim: str = Field(description="The claim it looks at.")
    value: str = Field(description="Your value that it matched.")
    console: bool = Field(description="Whether it gives the console.")
    keys: bool = Field(description="Whether it gives keys.")


class EntitlementOut(Schema):
    """What you may do now with one account role."""

    account_id: str = Field(description="The account's twelve digits.")
    account_name: str = Field(description="The account's name.")
    environment: str | None = Field(description="The account's environment.")
    organizational_unit: str = Field(description="The account's unit, as a path.")
    partition: str = Field(description="aws, aws-us-gov or aws-cn.")
    region: str = Field(description="The account's own region; may be empty.")
    tags: dict[str, str] = Field(description="The account's tags.")
    role_name: str = Field(description="The permission set.")
    role_arn: str = Field(description="The IAM role.")
    description: str = Field(description="What the role is for.")
    privileged: bool = Field(description="Whether the role is marked as privileged.")
    session_duration: int = Field(description="The longest session, in seconds.")
    console: bool = Field(description="Whether you may open the console.")
    keys: bool = Field(description="Whether you may have keys.")
    session_tags: list[str] = Field(description="The keys of the session tags that you may give.")
    reasons: list[ReasonOut] = Field(description="Why you have it.")


class ProblemOut(Schema):
    """A claim that did not arrive whole, so that nothing is decided from it."""

    claim: str = Field(description="The claim.")
    code: str = Field(description="Stable: `claims.overage`, `claims.truncated`, ...")
    message: str = Field(description="For people: what is missing and who can help.")


class EntitlementsOut(PageOut[EntitlementOut]):
    """What you may do, by account and role."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ENTITLEMENTS]})

    problems: list[ProblemOut] = Field(description="Claims of yours that did not arrive whole.")


class AccountRoleOut(Schema):
    """A role of an account."""

    permission_set: str = Field(description="The permission set's name.")
    role_arn: str = Field(description="The IAM role.")


class AccountOut(Schema):
    """An account of the directory."""

    account_id: str = Field(description="The account's twelve digits.")
    name: str = Field(description="As people call it; several may share a name.")
    partition: str = Field(description="aws, aws-us-gov or aws-cn.")
    environment: str | None = Field(description="Its environment.")
    organizational_unit: str = Field(description="Its unit, as a path.")
    region: str = Field(description="Its own region; may be empty.")
    tags: dict[str, Any] = Field(description="Its tags.")
    trust_method: str = Field(description="How keys are obtained: `hub`.")
    active: bool = Field(description="Whether anybody gets in.")
    roles: list[AccountRoleOut] = Field(description="What is offered there.")


class AccountsOut(PageOut[AccountOut]):
    """Accounts, by id."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ACCOUNTS]})


class PermissionSetOut(Schema):
    """A permission set: a role as it is offered."""

    name: str = Field(description="The role's name.")
    iam_path: str = Field(description="The path of the IAM roles.")
    description: str = Field(description="What it is for.")
    session_duration: int = Field(description="The longest session, in seconds.")
    destination: str = Field(description="The page of the console it opens; empty: the home.")
    privileged: bool = Field(description="Whether it is marked as privileged.")
    console: bool = Field(description="Whether it opens the console.")
    keys: bool = Field(description="Whether it gives keys.")
    session_tags: list[str] = Field(description="The session tags that may be given.")


class PermissionSetsOut(PageOut[PermissionSetOut]):
    """Permission sets, by name."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PERMISSION_SETS]})


class TargetOut(Schema):
    """One part of the accounts a mapping reaches."""

    kind: str = Field(description="all, account, unit, environment or tag.")
    account_id: str | None = Field(description="Of the kind account.")
    environment: str | None = Field(description="Of the kind environment.")
    organizational_unit: str = Field(description="Of the kind unit: it and those below it.")
    tag_key: str = Field(description="Of the kind tag.")
    tag_value: str = Field(description="Of the kind tag.")


class MappingOut(Schema):
    """A mapping: who has this claim value has this role in these accounts."""

    name: str = Field(description="As people call it; no two share a name.")
    issuer: str | None = Field(description="The trusted issuer whose workloads it is for.")
    claim: str = Field(description="The claim it looks at.")
    match: str = Field(description="How the value is read: exact, wildcard or template.")
    value: str = Field(description="What is looked for.")
    permission_set: str | None = Field(description="The role; null where the value names it.")
    console: bool = Field(description="Whether it gives the console.")
    keys: bool = Field(description="Whether it gives keys.")
    enabled: bool = Field(description="Whether it counts at all.")
    expires_at: datetime | None = Field(description="When it ends; null: it does not.")
    targets: list[TargetOut] = Field(description="The accounts, each part by itself.")


class MappingsOut(PageOut[MappingOut]):
    """Mappings, by name."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.MAPPINGS]})


class AuditEventOut(Schema):
    """A row of the audit trail. What does not apply is empty."""

    id: UUID = Field(description="The row.")
    at: datetime = Field(description="When.")
    action: str = Field(description="What: `access:keys:issued`, `signin:person:completed`, ...")
    issuer: str = Field(description="Who vouches for whoever it was.")
    sub: str = Field(description="Who, there.")
    actor: str = Field(description="Who, as people call them.")
    actor_kind: str = Field(description="person, workload or token.")
    surface: str = Field(description="pages, api, sso, admin or command.")
    ip: str = Field(description="From where.")
    user_agent: str = Field(description="With what.")
    request_id: str = Field(description="The request: the same as in an error, and in the log.")
    account_id: str = Field(description="The account, as it was asked for.")
    role_name: str = Field(description="The role, as it was asked for.")
    role_arn: str = Field(description="The IAM role.")
    duration: int | None = Field(description="For how many seconds.")
    reason: str = Field(description="Why: the mapping and the claim value, or what was missing.")
    error_code: str = Field(description="What the error answered was.")
    access_key_id: str = Field(description="The keys, as CloudTrail names them.")
    session_name: str = Field(description="The session, as CloudTrail names it.")
    source_identity: str = Field(description="The source identity given to AWS.")
    assumed_role_arn: str = Field(description="The session's ARN.")
    aws_request_id: str = Field(description="The request to AWS.")
    detail: dict[str, Any] = Field(description="What else there is to know of this action.")


class AuditEventsOut(PageOut[AuditEventOut]):
    """The audit trail, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.AUDIT]})
