"""What tests of roles are asked by, and answered with."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from portal.api.v1 import examples
from portal.api.v1.schemas import Text


class TrustCheckIn(Schema):
    """The account whose roles are tested, or one of its roles."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [examples.TRUST_CHECK_IN]},
    )

    account_id: Text = Field(description="The account's twelve digits.")
    role_name: Text = Field(
        "", description="The role's name: the permission set; absent: all roles of the account."
    )


class TrustCheckOut(Schema):
    """How the test of a role ended."""

    account_id: str = Field(description="The account's twelve digits.")
    role_name: str = Field(description="The permission set.")
    role_arn: str = Field(description="The IAM role.")
    outcome: Literal["works", "broken", "unknown"] = Field(
        description="Unknown: the test could not find out, for a reason that is not the role's."
    )
    code: str = Field(description="What is wrong: `trust.tag_session`, ...; empty if nothing is.")
    message: str = Field(description="For portal admins: which side is wrong, and what to do.")
    warnings: list[str] = Field(description="What is not as it should be although the role works.")
    tested_at: datetime | None = Field(
        description="When it was tested; null if there was no time for it in this request."
    )


class TrustChecksOut(Schema):
    """How the tests ended, by account and role."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TRUST_CHECKS]})

    items: list[TrustCheckOut] = Field(description="The roles that were to be tested.")
