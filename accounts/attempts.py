"""An attempt to get keys or to open the console, and its row in the audit trail."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from django.db import Error as DatabaseError

from accounts import audit
from accounts.aws.limits import NEARLY_FULL
from accounts.errors import AuditUnavailable, GatehouseError
from accounts.messages import Message
from accounts.models.audit import Action
from accounts.types import AskedRole, Credentials, Kind, Origin, Subject
from accounts.writability import refused_write

log = logging.getLogger(__name__)


class Outcome(Enum):
    """How an attempt ended: the portal refused it (denied), or AWS did (failed)."""

    ISSUED = "issued"
    DENIED = "denied"
    FAILED = "failed"


_ACTIONS = {
    (Kind.KEYS, Outcome.ISSUED): Action.KEYS_ISSUED,
    (Kind.KEYS, Outcome.DENIED): Action.KEYS_DENIED,
    (Kind.KEYS, Outcome.FAILED): Action.KEYS_FAILED,
    (Kind.CONSOLE, Outcome.ISSUED): Action.CONSOLE_ISSUED,
    (Kind.CONSOLE, Outcome.DENIED): Action.CONSOLE_DENIED,
    (Kind.CONSOLE, Outcome.FAILED): Action.CONSOLE_FAILED,
}


@dataclass(slots=True, kw_only=True)
class Attempt:
    """What is known of an attempt so far. The door fills it in as it goes on.

    `asked` stays as it was asked for: who asks for a role by its ARN must not learn its name here by a refusal.
    `duration` is in seconds: what was asked for, None for the longest, then what AWS was asked for.
    `reason` says which mappings gave the role, `session_policy` what narrows the session. Sizes are in percent, as in
    `Credentials`.
    """

    kind: Kind
    asked: AskedRole
    subject: Subject
    account_id: str
    role_name: str
    duration: int | None
    origin: Origin
    now: datetime
    role_arn: str = ""
    reason: str = ""
    session_name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tags: tuple[str, ...] = ()
    source_identity: str = ""
    elevation: str = ""
    session_policy: str = ""
    destination: str = ""
    access_key_id: str = ""
    assumed_role_arn: str = ""
    aws_request_id: str = ""
    packed_policy_size: int | None = None
    token_utilization: int | None = None

    @contextmanager
    def recorded_as(self, outcome: Outcome) -> Iterator[None]:
        """Record every error with this outcome before it is passed on; of other errors only the class."""
        try:
            yield
        except GatehouseError as error:
            self.record(outcome, error_code=error.code, reason=error.admin_message)
            error.recorded = True
            error.asked = self.asked
            raise
        except Exception as error:
            reason = f"{type(error).__name__}; the log has more"
            self.record(Outcome.FAILED, error_code="internal", reason=reason)
            raise

    def note(self, credentials: Credentials) -> None:
        """Keep what AWS says of a session, and nothing secret."""
        self.access_key_id = credentials.access_key_id
        self.assumed_role_arn = credentials.assumed_role_arn
        self.aws_request_id = credentials.request_id
        self.packed_policy_size = credentials.packed_policy_size
        self.token_utilization = credentials.token_utilization
        if (credentials.packed_policy_size or 0) >= NEARLY_FULL:
            log.warning(
                "session tags and policies with %s take %s %% of AWS's packed size; at 100 %% it refuses",
                self.role_arn,
                credentials.packed_policy_size,
            )

    def record(self, outcome: Outcome, *, error_code: str = "", reason: str = "") -> int:
        """Write the audit row and return its id.

        Raises:
            AuditUnavailable: it could not be written; the caller must release nothing.
        """
        action = _ACTIONS[self.kind, outcome]
        try:
            return audit.record(
                action=action,
                now=self.now,
                origin=self.origin,
                subject=self.subject,
                account_id=self.account_id,
                role_name=self.role_name,
                role_arn=self.role_arn,
                duration=self.duration,
                reason=reason or self.reason,
                error_code=error_code,
                session_name=self.session_name,
                access_key_id=self.access_key_id,
                assumed_role_arn=self.assumed_role_arn,
                aws_request_id=self.aws_request_id,
                detail=self._detail(),
            )
        except DatabaseError as error:
            refused_write(error)
            key = self.access_key_id or "no key"
            log.critical("audit row not written, nothing released: %s, %s", action.value, key)
            raise AuditUnavailable(
                Message(
                    "This could not be recorded, so nothing was issued. Try again in a moment."
                ),
                f"the audit row could not be written: {type(error).__name__}",
            ) from error

    def _detail(self) -> dict[str, Any]:
        detail: dict[str, Any] = {}
        if self.tags:
            detail["tags"] = dict(self.tags)
        if self.transitive_tags:
            detail["transitive_tags"] = list(self.transitive_tags)
        for name in ("source_identity", "elevation", "session_policy", "destination"):
            if value := getattr(self, name):
                detail[name] = value
        for name in ("packed_policy_size", "token_utilization"):
            if (size := getattr(self, name)) is not None:
                detail[name] = size
        if self.subject.sign_in_id is not None:
            detail["sign_in"] = str(self.subject.sign_in_id)
        if self.subject.token_id is not None:
            detail["token"] = str(self.subject.token_id)
        if self.subject.approval_id is not None:
            detail["approval"] = str(self.subject.approval_id)
        return detail
