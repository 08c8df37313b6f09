"""The JSON of the directory and the mappings, as machines read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from portal.api.v1 import examples
from portal.api.v1.schemas import PageOut


class LastTestOut(Schema):
    """How the last test of a role ended."""

    outcome: Literal["works", "broken", "unknown"] = Field(
        description="Unknown: the test could not find out, for a reason that is not the role's."
    )
    code: str = Field(description="What is wrong: `trust.tag_session`, ...; empty if nothing is.")
    message: str = Field(description="For portal admins: which side is wrong, and what to do.")
    warnings: list[str] = Field(description="What is not as it should be although the role works.")
    tested_at: datetime = Field(description="When it was tested.")
    tested_by: str = Field(description="Who tested it.")


class AccountRoleOut(Schema):
    """A role of an account."""

    permission_set: str = Field(description="The permission set's name.")
    role_arn: str = Field(description="The IAM role.")
    last_test: LastTestOut | None = Field(description="Its last test; null if there was none.")


class AccountOut(Schema):
    """An account of the directory."""

    account_id: str = Field(description="The account's twelve digits.")
    name: str = Field(description="Its name; several accounts may share one.")
    partition: str = Field(description="aws, aws-us-gov, aws-cn or aws-eusc.")
    environment: str | None = Field(description="Its environment.")
    organizational_unit: str = Field(description="Its unit, as a path.")
    region: str = Field(description="Its default region; may be empty.")
    tags: dict[str, Any] = Field(description="Its tags.")
    trust_method: str = Field(
        description="How keys are obtained: `hub`, `user-token`, `portal-token`, or not at all: `switch-role`."
    )
    active: bool = Field(description="Whether it can be used.")
    roles: list[AccountRoleOut] = Field(description="The roles that are offered there.")


class AccountsOut(PageOut[AccountOut]):
    """Accounts, by id."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ACCOUNTS]})


class PermissionSetOut(Schema):
    """A permission set: a role as it is offered."""

    name: str = Field(description="The role's name.")
    iam_path: str = Field(description="The path of the IAM roles.")
    description: str = Field(description="What it is for.")
    session_duration: int = Field(description="The longest session, in seconds.")
    destination: str = Field(
        description="The page of the console that it opens; empty: the home page."
    )
    privileged: bool = Field(description="Whether it is marked as privileged.")
    requires_mfa: bool = Field(description="Whether the sign-in must have had a second factor.")
    max_sign_in_age: int | None = Field(
        description="How many seconds ago the sign-in may have been; null: any number."
    )
    console: bool = Field(description="Whether it opens the console.")
    keys: bool = Field(description="Whether it gives keys.")
    session_tags: list[str] = Field(description="The session tags that may be given.")
    session_name_claim: str = Field(
        description="The claim that session names begin with; empty: the e-mail address."
    )
    source_identity_claim: str = Field(
        description="The claim that the source identity begins with; empty: none is set."
    )
    claim_tags: dict[str, str] = Field(
        description="Session tags with a value from a claim: the key, and the claim."
    )
    transitive_tags: list[str] = Field(
        description="Which of those stay when a session enters another role."
    )
    role_policy: str = Field(
        description="The inline policy of the IAM roles, as JSON; may be empty."
    )
    role_policy_arns: list[str] = Field(description="The managed policies of the IAM roles.")
    permissions_boundary: str = Field(
        description="The permissions boundary of the IAM roles; may be empty."
    )
    session_policy: str = Field(description="The inline session policy, as JSON; may be empty.")
    session_policy_arns: list[str] = Field(description="The managed session policies.")
    read_only_policy: str = Field(
        description="The inline policy of read-only sessions, as JSON; may be empty."
    )
    read_only_policy_arns: list[str] = Field(
        description="The managed policies of read-only sessions."
    )


class PermissionSetsOut(PageOut[PermissionSetOut]):
    """Permission sets, by name."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PERMISSION_SETS]})


class TargetOut(Schema):
    """A part of the accounts of a mapping."""

    kind: str = Field(description="all, account, unit, environment or tag.")
    account_id: str | None = Field(description="Of the kind account.")
    environment: str | None = Field(description="Of the kind environment.")
    organizational_unit: str = Field(description="Of the kind unit: it and those below it.")
    tag_key: str = Field(description="Of the kind tag.")
    tag_value: str = Field(description="Of the kind tag.")


class MappingOut(Schema):
    """A mapping: people with this claim value have this role in these accounts."""

    name: str = Field(description="Its name, which is unique.")
    issuer: str | None = Field(
        description="The trusted issuer whose workloads it is for; null: it is for people."
    )
    claim: str = Field(description="The claim of the mapping.")
    split: str = Field(
        description="The delimiter at which the claim's texts are split; empty: they are not."
    )
    match: str = Field(description="How the value is compared: exact, wildcard or template.")
    value: str = Field(description="The value of the claim.")
    permission_set: str | None = Field(description="The role; null where the value names it.")
    console: bool = Field(description="Whether it gives the console.")
    keys: bool = Field(description="Whether it gives keys.")
    enabled: bool = Field(description="Whether it is in force.")
    expires_at: datetime | None = Field(description="When it expires; null: never.")
    targets: list[TargetOut] = Field(description="The accounts, in parts.")


class MappingsOut(PageOut[MappingOut]):
    """Mappings, by name."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.MAPPINGS]})
