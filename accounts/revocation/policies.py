"""Where a denial stands at AWS: in the inline policy of a role, or in one policy of the organization."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from accounts import pool
from accounts.aws.iam import RolePolicies
from accounts.aws.limits import LONGEST_INLINE_POLICIES, LONGEST_SERVICE_CONTROL_POLICY
from accounts.aws.organizations import OrganizationPolicy
from accounts.aws.revocation_policies import OUTLIVED, Cut, RevocationPolicy
from accounts.errors import AwsRefused, AwsUnavailable
from accounts.models import Placement

_ROUNDS = 5
# Seconds before a policy is read again that does not show yet what was written: IAM and Organizations take a moment.
_READ_BACK_AFTER = (0.0, 0.5, 2.0)


class Policy(Protocol):
    """A policy that can be read and written."""

    @property
    def longest(self) -> int: ...

    def get(self) -> Any: ...

    def put(self, document: str) -> None: ...


@dataclass(frozen=True, slots=True)
class PolicyOfRole:
    """The inline policy of one role."""

    policies: RolePolicies
    role_name: str
    longest: int = LONGEST_INLINE_POLICIES

    def get(self) -> Any:
        return self.policies.get(self.role_name)

    def put(self, document: str) -> None:
        self.policies.put(self.role_name, document)


@dataclass(frozen=True, slots=True)
class PolicyOfOrganization:
    """The policy of the organization, which must be attached to something."""

    policy: OrganizationPolicy
    longest: int = LONGEST_SERVICE_CONTROL_POLICY

    def get(self) -> Any:
        if not self.policy.targets():
            raise AwsRefused(
                "The organization's policy is not in use. Contact your portal admins.",
                "the policy is attached to no root, unit or account, so it would deny nothing",
                code="revocation.policy_not_attached",
            )
        return self.policy.get()

    def put(self, document: str) -> None:
        self.policy.put(document)


def wanted_of(policy_of: str, *, now: datetime) -> set[Cut]:
    """Return all that was asked of one policy, by whomever, and that sessions could outlive. One query."""
    rows = Placement.objects.filter(
        policy_of=policy_of, revocation__since__gt=now - OUTLIVED
    ).values_list("revocation__since", "revocation__person_mark", "roles")
    return {Cut(since, mark, tuple(roles)) for since, mark, roles in rows}


def bring_about(policy: Policy, wanted: Callable[[], set[Cut]], *, now: datetime) -> int:
    """Have a policy hold all that is wanted, and return its length in characters.

    What is wanted is read again after writing: whoever asked meanwhile, and wrote before, has been written over.
    So it ends only when the policy holds what everybody wants.

    Raises:
        AwsRefused: AWS refuses, the policy is full, or it is not one to be merged with.
        AwsUnavailable: AWS could not be reached, or the policy does not show yet what was written.
    """
    for _ in range(_ROUNDS):
        asked = wanted()
        pool.give_back()
        found = RevocationPolicy.read(policy.get())
        document = found.merged(asked, now=now).written(policy.longest)
        if not found.has(asked, now=now):
            policy.put(document)
            _read_back(policy, asked, now=now)
        if wanted() <= asked:
            return len(document)
    raise AwsUnavailable(
        "Too much is being cut at once. Try again in a moment.",
        "further cuts were asked for while this policy was written",
        code="revocation.busy",
    )


def _read_back(policy: Policy, asked: set[Cut], *, now: datetime) -> None:
    for pause in _READ_BACK_AFTER:
        time.sleep(pause)
        if RevocationPolicy.read(policy.get()).has(asked, now=now):
            return
    raise AwsUnavailable(
        "AWS does not show the change yet. Try again in a moment.",
        "the policy was written, and does not hold what was written when it is read",
        code="revocation.not_read_back",
    )
