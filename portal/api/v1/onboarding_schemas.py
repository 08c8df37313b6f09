"""The JSON of requests for files that set accounts up, and of these files."""

from __future__ import annotations

from typing import Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from portal.api.v1 import examples
from portal.api.v1.schemas import FilterText


class OnboardingIn(Schema):
    """Which accounts, and how their roles are to be made."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [examples.ONBOARDING_IN]}
    )

    account_ids: list[FilterText] | None = Field(
        None,
        max_length=1000,
        description="The accounts' ids; absent: all active accounts that offer a role.",
    )
    form: Literal["cloudformation", "stack-set", "terraform", "aws-cli"] = Field(
        description="How the roles are made."
    )
    reuse_provider: bool = Field(
        False, description="Whether the accounts have the issuer's provider already."
    )
    region: FilterText = Field("", description="Where stacks are; empty: the partition's default.")
    organizational_units: list[FilterText] = Field(
        [], max_length=1000, description="For a StackSet: ids of units, or of the root."
    )
    delegated_admin: bool = Field(
        False,
        description="For a StackSet: whether it is made in a delegated administrator's account.",
    )
    management_account: FilterText = Field(
        "", description="For a StackSet: the account that it cannot reach."
    )
    context_provider: bool = Field(
        False, description="For AWS CLI commands, not proven: claims become keys of policies."
    )


class DocumentOut(Schema):
    """A file."""

    path: str = Field(description="Its path, below one folder for all.")
    text: str = Field(description="What is in it.")


class OnboardingOut(Schema):
    """The files that make accounts trust the portal."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ONBOARDING]})

    documents: list[DocumentOut] = Field(description="The files.")
