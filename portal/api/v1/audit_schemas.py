"""The schemas of rows of the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import ConfigDict, Field

from portal.api.v1 import examples
from portal.api.v1.schemas import PageOut


class AuditEventOut(Schema):
    """A row of the audit trail. Fields that do not apply are empty."""

    id: int = Field(description="The number of the row.")
    at: datetime = Field(description="When.")
    action: str = Field(
        description="The action: `access.keys.issued`, `signin.person.completed`, ..."
    )
    issuer: str = Field(description="The issuer of the actor.")
    sub: str = Field(description="The `sub` of the actor.")
    actor: str = Field(description="The name of the actor for people.")
    actor_kind: str = Field(description="person, workload or token.")
    surface: str = Field(description="pages, api, sso, admin or command.")
    ip: str = Field(description="The IP address.")
    user_agent: str = Field(description="The user agent.")
    request_id: str = Field(description="The request id, as in errors and in the log.")
    account_id: str = Field(description="The account, as requested.")
    account_name: str = Field(
        description="The name of the account now; empty if it is not in the directory."
    )
    role_name: str = Field(description="The role, as requested.")
    role_arn: str = Field(description="The IAM role.")
    duration: int | None = Field(description="The duration in seconds.")
    reason: str = Field(description="Why: the mapping and the claim value, or what was missing.")
    error_code: str = Field(description="The code of the error.")
    access_key_id: str = Field(description="The keys, as CloudTrail names them.")
    session_name: str = Field(description="The session, as CloudTrail names it.")
    assumed_role_arn: str = Field(description="The session's ARN.")
    aws_request_id: str = Field(description="The request to AWS.")
    detail: dict[str, Any] = Field(description="Further facts about this action.")


class AuditEventsOut(PageOut[AuditEventOut]):
    """The audit trail, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.AUDIT]})
