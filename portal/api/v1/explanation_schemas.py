"""The JSON of explanations: why somebody has access or not, and who can enter."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import ConfigDict, Field

from accounts.explanations.subjects import LONGEST
from portal.api.v1.schemas import FilterText, PageOut, ProblemOut

_MAPPING: dict[str, Any] = {
    "mapping": "Payments develops in its accounts",
    "claim": "groups",
    "value": "payments",
}
_LINE: dict[str, Any] = {
    "mapping": "Whoever is on call operates production",
    "claim": "groups",
    "wanted": "on-call",
    "value": "",
    "console": False,
    "keys": False,
    "missing": [
        "Nearly matching: “On-call” is not “on-call”; they differ in upper and lower case. Values are compared "
        "letter by letter."
    ],
}
_REFUSAL: dict[str, Any] = {
    "code": "access.denied",
    "message": "You do not have this role in this account.",
}
_EXPLANATION: dict[str, Any] = {
    "issuer": "https://id.example.com",
    "sub": "new-starter",
    "label": "new-starter",
    "claims_verified_at": None,
    "notes": ["Nobody verified these claims, and nothing of them is stored."],
    "blocked": False,
    "problems": [],
    "total": 1,
    "items": [
        {
            "account_id": "210987654321",
            "account_name": "payments-dev",
            "role_name": "Developer",
            "privileged": False,
            "console": True,
            "keys": True,
            "reasons": [_MAPPING],
        }
    ],
    "role": {
        "account_id": "123456789012",
        "role_name": "Operator",
        "absent": "",
        "console": _REFUSAL,
        "keys": _REFUSAL,
        "mappings": [_LINE],
        "more_mappings": 3,
    },
}
_WHO: dict[str, Any] = {
    "items": [
        {
            "issuer": "https://id.example.com",
            "sub": "4f1c",
            "label": "bob@example.com",
            "claims_verified_at": "2026-11-22T12:00:00Z",
            "times_used": 4,
            "last_used_at": "2026-11-21T09:30:00Z",
            "roles": [
                {
                    "role_name": "Operator",
                    "environment_label": "Production",
                    "privileged": True,
                    "accounts": 12,
                    "console": 12,
                    "keys": 12,
                }
            ],
            "reasons": [
                {
                    "mapping": "Whoever is on call operates production",
                    "claim": "groups",
                    "value": "on-call",
                }
            ],
        }
    ],
    "next": None,
    "total": 1,
    "looked_at": 40,
    "blocked": 1,
    "unknown": 2,
    "cut": False,
    "values": [
        {
            "mapping": "Whoever is on call operates production",
            "issuer": "",
            "claim": "groups",
            "value": "on-call",
            "example": "on-call",
            "expires_at": None,
            "people": 1,
        }
    ],
    "more_values": 0,
}


class ExplainIn(Schema):
    """About whom: a person seen before, or claims; and for one role, which."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "claims": '{"sub": "new-starter", "groups": ["payments", "On-call"]}',
                    "account_id": "123456789012",
                    "role_name": "Operator",
                }
            ]
        },
    )

    person: FilterText | None = Field(
        None,
        min_length=1,
        description="An email address, `sub` or user name, or part of a name that only one person has.",
    )
    claims: str | None = Field(
        None,
        max_length=LONGEST,
        description="Instead of `person`: a JWT, its payload, or claims as JSON. Signatures are not looked at, and "
        "nothing of it is stored.",
    )
    account_id: FilterText | None = Field(
        None, description="With `role_name`: the account's twelve digits. Alone: only its roles."
    )
    role_name: FilterText | None = Field(
        None, description="With `account_id`: the permission set. Alone: only this role."
    )


class GivenByOut(Schema):
    """A mapping that gives a role, and by which claim value."""

    mapping: str = Field(description="The mapping's name.")
    claim: str = Field(description="The claim of the mapping.")
    value: str = Field(description="The value of the claim that gives it.")


class GivenRoleOut(Schema):
    """A role that somebody has."""

    account_id: str = Field(description="The account's twelve digits.")
    account_name: str = Field(description="The account's name.")
    role_name: str = Field(description="The permission set.")
    privileged: bool = Field(description="Whether the role is marked as privileged.")
    console: bool = Field(description="Whether they may open the console.")
    keys: bool = Field(description="Whether they may have keys.")
    reasons: list[GivenByOut] = Field(description="What gives it.")


class WhyNotOut(Schema):
    """What they would be told."""

    code: str = Field(description="Stable: programs decide by it.")
    message: str = Field(description="For people: what happened and what to do.")


class MappingLineOut(Schema):
    """What one mapping says of the role."""

    mapping: str = Field(description="The mapping's name.")
    claim: str = Field(description="The claim of the mapping.")
    wanted: str = Field(description="The value that it wants for this role.")
    value: str = Field(description="The value that fits; empty if none does.")
    console: bool = Field(description="Whether it gives the console.")
    keys: bool = Field(description="Whether it gives keys.")
    missing: list[str] = Field(
        description="What is missing, in sentences; empty if it gives the role."
    )


class ExplainedRoleOut(Schema):
    """Why they have one role, or why not."""

    account_id: str = Field(description="The account that was asked about.")
    role_name: str = Field(description="The permission set that was asked about.")
    absent: str = Field(
        description="What the directory lacks of this role; empty if it is offered."
    )
    console: WhyNotOut | None = Field(description="Why no console; null if they may open it.")
    keys: WhyNotOut | None = Field(description="Why no keys; null if they may have them.")
    mappings: list[MappingLineOut] = Field(
        description="The mappings that could give it, the nearest first; at most 100."
    )
    more_mappings: int = Field(description="How many further mappings there are.")


class ExplanationOut(Schema):
    """What somebody can enter, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXPLANATION]})

    issuer: str = Field(description="The issuer of the identity.")
    sub: str = Field(description="The `sub` of the identity.")
    label: str = Field(description="What people call them.")
    claims_verified_at: datetime | None = Field(
        description="When the identity provider last confirmed these claims; null if nobody did."
    )
    notes: list[str] = Field(description="What to know of the claims, in sentences.")
    blocked: bool = Field(description="Whether they are blocked, so that nothing is given.")
    problems: list[ProblemOut] = Field(description="Claims that are incomplete.")
    total: int = Field(description="How many roles they have.")
    items: list[GivenRoleOut] = Field(description="The first 200 of them.")
    role: ExplainedRoleOut | None = Field(
        description="The role that was asked about; null unless both names were given."
    )


class GainedOut(Schema):
    """A role that somebody has in the accounts of an environment."""

    role_name: str = Field(description="The permission set.")
    environment_label: str = Field(description="The environment as pages show it; may be empty.")
    privileged: bool = Field(description="Whether the role is marked as privileged.")
    accounts: int = Field(description="In how many accounts.")
    console: int = Field(description="In how many of them with the console.")
    keys: int = Field(description="In how many of them with keys.")


class PersonWhoOut(Schema):
    """A person who can enter, by the claims that the identity provider confirmed last."""

    issuer: str = Field(description="The issuer of the identity.")
    sub: str = Field(description="The `sub` of the identity.")
    label: str = Field(description="What people call them.")
    claims_verified_at: datetime = Field(description="When the claims were confirmed.")
    times_used: int = Field(description="How often they got keys or a console of it.")
    last_used_at: datetime | None = Field(description="When last; null if never.")
    roles: list[GainedOut] = Field(description="What they have of what was asked about.")
    reasons: list[GivenByOut] = Field(description="What gives it.")


class ValueWhoOut(Schema):
    """A claim value with which anybody could enter."""

    mapping: str = Field(description="The mapping's name.")
    issuer: str = Field(
        description="The trusted issuer whose programs it is for; empty for people."
    )
    claim: str = Field(description="The claim of the mapping.")
    value: str = Field(description="The value, as the mapping has it.")
    example: str = Field(description="A value that fits.")
    expires_at: datetime | None = Field(description="Until when; null for no end.")
    people: int = Field(description="How many people seen so far have one.")


class WhoCanOut(PageOut[PersonWhoOut]):
    """Who can enter."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WHO]})

    total: int = Field(description="How many people can.")
    looked_at: int = Field(description="How many people were looked at.")
    blocked: int = Field(description="How many blocked people were left out.")
    unknown: int = Field(description="How many people were left out of whom no sign-in is kept.")
    cut: bool = Field(description="Whether there are more people than were looked at.")
    values: list[ValueWhoOut] = Field(description="Claim values that give it, 200 at most.")
    more_values: int = Field(description="How many further values there are.")
