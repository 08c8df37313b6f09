"""What plans are asked by, and answered with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import ConfigDict

_TEXT = '[[environment]]\nname = "staging"\nlabel = "Staging"\n'
_EXAMPLE_IN: dict[str, Any] = {"files": {"company.toml": _TEXT}}
_EXAMPLE_OUT: dict[str, Any] = {
    "id": "5f0d2c1e-6f43-4f4e-8a52-0a4f3f6f4d12",
    "expires_at": "2026-11-23T12:00:00Z",
    "empty": False,
    "summary": "1 added, 0 changed",
    "changes": [
        {
            "change": "added",
            "kind": "environment",
            "name": "staging",
            "renamed_from": "",
            "lines": ['+ environment "Staging"'],
        }
    ],
    "gains": [],
    "losses": [],
    "compared": "Compared: 312 people, by the claims of their latest sign-in.",
    "text": '+ environment "Staging"\nWhose access changes:\n  Nobody seen so far gains or loses a role.\nPlan: 1 added, 0 changed.',
}


class PlanIn(Schema):
    """Files that are planned together."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE_IN]})

    files: dict[str, str] = Field(
        min_length=1,
        max_length=500,
        description="What is in each file, by its path: the same path each time.",
    )
    whole: bool = Field(
        False,
        description="These are all files there are: `prune` also removes what a file managed that is gone.",
    )
    prune: bool = Field(False, description="Remove what the files manage and no longer name.")
    manage: bool = Field(
        False, description="The files manage what they name: read-only in the admin."
    )


class ChangeOut(Schema):
    """One thing that would change."""

    change: Literal["added", "changed", "renamed", "removed"] = Field(description="How.")
    kind: str = Field(description="environment, account, permission_set, issuer or mapping.")
    name: str = Field(description="Its name after the change.")
    renamed_from: str = Field(description="The name before a rename; empty without one.")
    lines: list[str] = Field(description="The change in words, a line for each key.")


class RoleChangeOut(Schema):
    """People who gain or lose a role."""

    role_name: str = Field(description="The permission set's name.")
    environment: str = Field(description="The environment's label; empty for accounts without one.")
    privileged: bool = Field(description="Whether the role is privileged.")
    what: Literal["role", "console", "keys"] = Field(
        description="All of the role, or a part of it."
    )
    accounts: int = Field(description="In how many accounts.")
    people: int = Field(description="How many people.")
    names: str = Field(description="Up to ten of them.")


class PlanOut(Schema):
    """What files would change, and whose access."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE_OUT]})

    id: UUID = Field(description="Applies exactly this plan.")
    expires_at: datetime = Field(description="Until when it can be applied.")
    empty: bool = Field(description="Whether nothing would change.")
    summary: str = Field(description="How much would change, in words.")
    changes: list[ChangeOut] = Field(description="What would change, in its order.")
    gains: list[RoleChangeOut] = Field(description="Who would gain which role.")
    losses: list[RoleChangeOut] = Field(description="Who would lose which role.")
    compared: str = Field(description="Who was compared, and who was not.")
    text: str = Field(description="All of it in words, as manage.py plan writes it.")


class AppliedOut(Schema):
    """What was applied."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"changes": _EXAMPLE_OUT["changes"]}]}
    )

    changes: list[ChangeOut] = Field(description="What changed.")
