"""The sessions that tests ask for: they may do nothing, or read one role. Their keys never leave this package."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils import timezone

from accounts import pool, signing, trust
from accounts.aws import errors
from accounts.aws.limits import LONGEST_POLICIES, SHORTEST_SESSION
from accounts.trust import web_identity
from accounts.types import Credentials, SessionRequest

# No template makes a role of this name.
_ANOTHER_ROLE = "gatehouse-test-of-the-subject"
_DENY_ALL = {"Effect": "Deny", "Action": "*", "Resource": "*"}


@dataclass(slots=True)
class TrialSessions:
    """Asks AWS for sessions of one role, and remembers for the audit trail which it gave."""

    request: SessionRequest
    access_key_ids: list[str] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)

    def harmless(self, **changes: Any) -> Credentials:
        """Return keys that may do nothing, of the session as people get it but for these changes.

        Raises:
            GatehouseError: as `accounts.trust.obtain`.
        """
        request = replace(self.request, duration=SHORTEST_SESSION, **changes)
        return self._obtain(replace(request, policy=_with_denial(request)))

    def reading(self, role_arn: str) -> Credentials:
        """Return keys that may read one role at most, if the role that they are of may.

        Raises:
            GatehouseError: as `accounts.trust.obtain`.
        """
        statement = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": role_arn}
        return self._obtain(
            replace(
                self.request,
                duration=SHORTEST_SESSION,
                policy=_document(statement),
                policy_arns=(),
            )
        )

    def lasting(self, duration: int) -> Credentials:
        """Return keys as `harmless` does, valid for so many seconds."""
        request = replace(self.request, duration=duration)
        return self._obtain(replace(request, policy=_with_denial(request)))

    def of_another_role(self) -> Credentials:
        """Return keys as `harmless` does, by a token that the portal signs for another role of the account.

        Raises:
            GatehouseError: as `accounts.trust.obtain`; AwsRefused where the role demands its own subject.
        """
        request = replace(
            self.request, duration=SHORTEST_SESSION, policy=_with_denial(self.request)
        )
        other = replace(request.role, iam_role_name=_ANOTHER_ROLE)
        token = signing.mint(request=replace(request, role=other), now=timezone.now())
        return self._noted(web_identity.assume_role(request, token))

    def _obtain(self, request: SessionRequest) -> Credentials:
        pool.give_back()
        return self._noted(trust.obtain(request))

    def _noted(self, keys: Credentials) -> Credentials:
        self.access_key_ids.append(keys.access_key_id)
        self.request_ids.append(keys.request_id)
        return keys


def _with_denial(request: SessionRequest) -> str:
    """Return the role's own session policy, so that it is tried too, with a statement that denies everything.

    Where both are too long for AWS together, the denial alone.
    """
    try:
        own = json.loads(request.policy)["Statement"] if request.policy else []
    except (ValueError, LookupError, TypeError) as error:
        raise errors.MALFORMED_POLICY.error(type(error).__name__) from None
    document = _document(*(own if isinstance(own, list) else [own]), _DENY_ALL)
    size = len(document) + sum(map(len, request.policy_arns))
    return document if size <= LONGEST_POLICIES else _document(_DENY_ALL)


def _document(*statements: Any) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":")
    )
