"""What requests to cut live sessions hold, and what they are answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import ConfigDict

from portal.api.v1.schemas import Text

_EXAMPLE_IN: dict[str, Any] = {
    "reach": "role",
    "account_id": "210987654321",
    "role_name": "Developer",
    "reason": "keys found in a public repository",
}
_EXAMPLE_OUT: dict[str, Any] = {
    "id": "5f0d2c1e-6f43-4f4e-8a52-0a4f3f6f4d11",
    "reach": "role",
    "engine": "roles",
    "what": "everybody with Developer in payments-dev (210987654321)",
    "reason": "keys found in a public repository",
    "requested_by": "token:siem",
    "requested_at": "2026-11-22T12:00:00Z",
    "since": "2026-11-22T12:00:21Z",
    "sign_ins_ended": 0,
    "summary": "Placed in 1 of 1 accounts within 1 seconds.",
    "complete": True,
    "accounts_placed": 1,
    "accounts": 1,
    "items": [
        {
            "account_id": "210987654321",
            "role_name": "Developer",
            "policy_of": "arn:aws:iam::210987654321:role/gatehouse/Developer",
            "state": "placed",
            "code": "",
            "message": "",
            "placed_at": "2026-11-22T12:00:01Z",
        }
    ],
}


class RevocationIn(Schema):
    """Whose sessions to cut, and where. What `reach` does not need stays away."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [_EXAMPLE_IN]}
    )

    reach: Literal[
        "role", "person", "person-in-role", "sign-in", "elevation", "account", "everything"
    ] = Field(description="Whose sessions are cut.")
    reason: Text = Field(description="Why: for other admins and the audit trail.")
    account_id: Text = Field("", description="The account's twelve digits.")
    role_name: Text = Field("", description="The role's name: the permission set.")
    issuer: Text = Field("", description="The issuer of a person.")
    sub: Text = Field("", description="The person's id at the issuer.")
    sign_in: Text = Field("", description="The id of a sign-in.")
    elevation: Text = Field("", description="The id of an elevation of the person.")
    block: bool = Field(False, description="Block the person first.")
    organization: bool = Field(False, description="By one policy of the organization.")


class PlacementOut(Schema):
    """One policy at AWS that has to hold the denial."""

    account_id: str = Field(description="The account; empty for the organization's policy.")
    role_name: str = Field(description="The permission set.")
    policy_of: str = Field(description="The ARN of the role, or the id of the policy.")
    state: Literal["pending", "placed", "failed"] = Field(description="How far it is.")
    code: str = Field(description="What is wrong; empty if nothing is.")
    message: str = Field(description="For portal admins: what is wrong, and what to do.")
    placed_at: datetime | None = Field(description="When it was read back.")


class RevocationOut(Schema):
    """How far it is. Placed: the policy holds the denial; AWS may take minutes until it counts everywhere."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE_OUT]})

    id: UUID = Field(description="To ask how far it is.")
    reach: str = Field(description="Whose sessions are cut.")
    engine: Literal["roles", "organization"] = Field(description="What holds the denial.")
    what: str = Field(description="The same in words.")
    reason: str = Field(description="Why.")
    requested_by: str = Field(description="Who asked for it.")
    requested_at: datetime = Field(description="When.")
    since: datetime = Field(description="Sessions that began before are cut.")
    sign_ins_ended: int | None = Field(
        description="How many sign-ins were ended; null where it is asked for later."
    )
    summary: str = Field(description="How far it is, in words.")
    complete: bool = Field(description="Whether all is placed.")
    accounts_placed: int = Field(description="Accounts in which all is placed.")
    accounts: int = Field(description="Accounts that are concerned.")
    items: list[PlacementOut] = Field(description="Each policy.")
