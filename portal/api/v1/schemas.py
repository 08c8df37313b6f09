"""The schemas of requests (`…In`) and responses (`…Out`). Requests are strict: no unknown keys, no conversion of types."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

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
        raise ValueError("the text holds a character that cannot be stored")
    return text


def _not_a_number(moment: object) -> object:
    # pydantic reads a number, even in a text, as seconds since 1970.
    if isinstance(moment, str) and re.fullmatch(r"[-+.0-9]+", moment):
        raise ValueError("write a date and a time, such as 2026-11-22T12:00:00Z")
    return moment


def _in_bounds(moment: datetime) -> datetime:
    if not 1970 <= moment.year <= 9000:
        raise ValueError("choose a year from 1970 to 9000")
    # PostgreSQL takes no offset of 16 hours or more.
    return moment.astimezone(UTC)


Text = Annotated[str, StringConstraints(max_length=2048), AfterValidator(_storable)]
Timestamp = Annotated[AwareDatetime, BeforeValidator(_not_a_number), AfterValidator(_in_bounds)]
# Filters of lists. All filters together fit into the longest request line that gunicorn accepts.
FilterText = Annotated[str, StringConstraints(max_length=255), AfterValidator(_storable)]
LongFilterText = Annotated[str, StringConstraints(max_length=512), AfterValidator(_storable)]
Duration = Annotated[
    int | None,
    Field(
        ge=SHORTEST_SESSION,
        le=LONGEST_SESSION,
        description="Seconds; absent: the longest possible.",
    ),
]


class PageOut(Schema, Generic[T]):
    """A page of a list."""

    items: list[T] = Field(description="At most `limit` items.")
    next: str | None = Field(
        description="Send it as `after` to get the next page; null on the last page."
    )


_NAMES = ("role_arn", "account_id", "account_name", "role_name")


def _one_of_three_ways(example: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of what `issuing` checks: the role is named in one of three ways."""
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
    """The role, named by `role_arn`, or by `role_name` and the account's id or name."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra=_one_of_three_ways(examples.KEYS_IN)
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
    read_only: bool = Field(
        False,
        description="Less than you may: what the role's read-only policy leaves, where it has one.",
    )


class ConsoleIn(KeysIn):
    """As for keys, and the page to open."""

    model_config = ConfigDict(json_schema_extra=_one_of_three_ways(examples.CONSOLE_IN))

    destination: Text = Field(
        "",
        description="A page of the AWS console of the account's partition; absent: its home page.",
    )


class RoleOut(Schema):
    """The role of a request."""

    account_id: str = Field(description="The account's twelve digits.")
    role_name: str = Field(description="The permission set.")
    role_arn: str = Field(description="The IAM role.")
    audit_id: int = Field(description="The id of its row in the audit trail.")


class KeysOut(RoleOut):
    """Temporary keys. They are sent once and not stored."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.KEYS]})

    access_key_id: str = Field(
        description="The access key id. Not a secret: the audit trail holds it."
    )
    secret_access_key: str = Field(description="The secret access key.")
    session_token: str = Field(description="The session token, which is a secret too.")
    expires_at: datetime = Field(description="When they expire.")
    session_name: str = Field(description="The name of the session in CloudTrail.")
    duration: int = Field(description="Their duration in seconds.")
    shortened: str = Field(
        description="Why the duration is shorter than the role allows; empty if it is not."
    )
    read_only: bool = Field(description="Whether the role's read-only policy narrows them.")


class ConsoleOut(RoleOut):
    """A link that opens the console. It is a secret, valid for 15 minutes."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CONSOLE]})

    url: str = Field(description="The link, which is a secret.")


class ClientOut(Schema):
    """How to sign in on the command line. Nothing of it is a secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CLIENT]})

    issuer: str = Field(
        description="The issuer of the identity provider, which has a discovery document."
    )
    client_id: str = Field(description="A public client: PKCE, loopback redirects, no secret.")
    scopes: list[str] = Field(description="The scopes to request.")
    audience: str | None = Field(description="To send as `audience`, if any.")
    resource: str | None = Field(description="To send as `resource` (RFC 8707), if any.")
    token: Literal["access", "id"] = Field(
        description="Which of the provider's tokens to send to this API."
    )


class ScopeOut(Schema):
    """The scope of a token of the portal; null means all."""

    permission_sets: list[str] | None = Field(description="The roles it is limited to.")
    account_ids: list[str] | None = Field(description="The accounts it is limited to.")
    kinds: list[str] = Field(description="`console`, `keys`, both or neither.")
    read_only: bool = Field(
        description="Whether its keys and consoles are always read-only, as if each request said so."
    )
    directory: bool = Field(description="Whether it reads accounts, permission sets and mappings.")
    audit: bool = Field(description="Whether it reads the audit trail.")
    testing: bool = Field(description="Whether it tests roles.")
    revoking: bool = Field(description="Whether it cuts live sessions.")


class SignInAtAwsToolsOut(Schema):
    """What `aws sso login` needs to know of this portal: the sections of ~/.aws/config that all profiles share."""

    section: str = Field(description="The name of both sections.")
    start_url: str = Field(description="`sso_start_url` of the sso-session.")
    region: str = Field(description="`sso_region` of the sso-session: none of AWS.")
    scopes: str = Field(description="`sso_registration_scopes` of the sso-session.")
    endpoint_url: str = Field(description="`endpoint_url` of sso and sso_oidc in the services.")


class MeOut(Schema):
    """Who you are, according to the token."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ME]})

    issuer: str = Field(
        description="The issuer of the token; the portal itself for machine tokens."
    )
    sub: str = Field(description="Your id at the issuer. Both together identify you.")
    name: str = Field(description="For display; may be empty.")
    email: str = Field(description="For display; may be empty.")
    email_verified: bool = Field(
        description="Whether the address is known to be yours. If not, it counts for nothing."
    )
    kind: Literal["person", "workload", "token"] = Field(
        description="A person, a workload of a trusted issuer, or a token of the portal."
    )
    admin: bool = Field(description="Whether your claims make you a portal admin.")
    auditor: bool = Field(description="Whether your claims make you an auditor.")
    scope: ScopeOut | None = Field(
        description="The scope of a token of the portal; null for other tokens."
    )
    profile_pattern: str = Field(
        description="The pattern of the names of profiles in AWS's files, as you prefer it."
    )
    sso: SignInAtAwsToolsOut = Field(description="What `aws sso login` needs to know.")


class AwsConfigOut(Schema):
    """The text of ~/.aws/config for your roles. It holds no secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.AWS_CONFIG]})

    text: str = Field(description="The sections, without a newline at the end.")


class ReasonOut(Schema):
    """Why you have a role: the mapping, the claim and its value, and what they give."""

    mapping: str = Field(description="The mapping's name.")
    claim: str = Field(description="The claim of the mapping.")
    value: str = Field(description="Your value of the claim.")
    console: bool = Field(description="Whether it gives the console.")
    keys: bool = Field(description="Whether it gives keys.")


class EntitlementOut(Schema):
    """What you may do now with one account role."""

    account_id: str = Field(description="The account's twelve digits.")
    account_name: str = Field(description="The account's name.")
    environment: str | None = Field(description="The account's environment.")
    environment_label: str | None = Field(description="The environment as pages show it.")
    organizational_unit: str = Field(description="The account's unit, as a path.")
    partition: str = Field(description="aws, aws-us-gov, aws-cn or aws-eusc.")
    region: str = Field(description="The account's default region; may be empty.")
    tags: dict[str, str] = Field(description="The account's tags.")
    role_name: str = Field(description="The permission set.")
    role_arn: str = Field(description="The IAM role.")
    description: str = Field(description="What the role is for.")
    privileged: bool = Field(description="Whether the role is marked as privileged.")
    requires_mfa: bool = Field(description="Whether the sign-in must have had a second factor.")
    max_sign_in_age: int | None = Field(
        description="How many seconds ago the sign-in may have been; null: any number."
    )
    session_duration: int = Field(description="The longest session, in seconds.")
    console: bool = Field(description="Whether you may open the console.")
    keys: bool = Field(description="Whether you may have keys.")
    trust_method: str = Field(
        description="How keys are obtained: `hub`, `user-token` or `portal-token`; with `switch-role` there are "
        "none, and the console is AWS's switch-role page."
    )
    session_tags: list[str] = Field(description="The keys of the session tags that you may give.")
    read_only: bool = Field(description="Whether you can ask for read-only sessions.")
    failed_test_at: datetime | None = Field(
        description="When the role's last test failed, if it did: AWS may refuse it."
    )
    profile_name: str | None = Field(
        description="The name of its profile in AWS's files, as you prefer it and no other role of yours has it; null without keys."
    )
    reasons: list[ReasonOut] = Field(description="Why you have it.")


class ProblemOut(Schema):
    """A claim that is incomplete, so that it gives nothing."""

    claim: str = Field(description="The claim.")
    code: str = Field(description="Stable: `claims.overage`, `claims.truncated`, ...")
    message: str = Field(description="For people: what is missing and who can help.")


class EntitlementsOut(PageOut[EntitlementOut]):
    """What you may do, by account and role."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ENTITLEMENTS]})

    problems: list[ProblemOut] = Field(description="Your claims that are incomplete.")
