"""The IAM roles that accounts need: what each is called, who may enter it, and what it may do."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.aws import limits
from accounts.aws.policy_documents import VERSION, statements
from accounts.aws.role_rules import REVOKER_ROLE, fault_of_name
from accounts.errors import InvalidRequest
from accounts.models import Account, AccountRole, PermissionSet
from accounts.onboarding.trust_policies import Trust, checked, trust_of, trust_of_revoker

ROLE_POLICY = "Gatehouse"
"""The name of the inline policy that says what a role may do."""

# IAM takes no policy without a statement. This one denies sessions that began before there was AWS: none.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
NO_OLDER_SESSIONS: dict[str, Any] = {
    "Version": VERSION,
    "Statement": [
        {
            "Sid": "DenyOlderSessions",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": "1970-01-01T00:00:00Z"}},
        }
    ],
}

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html (Description).
_NOT_IN_DESCRIPTIONS = re.compile(r"[^\t\n\r -~\u00a1-\u00ff]")


@dataclass(frozen=True, slots=True)
class PolicyArn:
    """A managed policy: AWS's own where `account_id` is "aws", else one of the account that the role is in."""

    partition: str
    account_id: str
    path_and_name: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:policy/{self.path_and_name}"


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role of an account. `max_session` is in seconds, `policy` a document of IAM or None.

    `key` names it in templates: letters and digits, and the same as long as its permission set is called the same.
    """

    account_id: str
    key: str
    path: str
    name: str
    description: str
    max_session: int
    trust: Trust
    policy: dict[str, Any] | None
    policy_arns: tuple[PolicyArn, ...]
    boundary: PolicyArn | None


def roles_of(account: Account) -> list[Role]:
    """Return the roles that an account needs, by permission set; `account.roles` may be prefetched.

    Raises:
        InvalidRequest: one of them cannot be made; the message is for portal admins.
    """
    offered = sorted(account.roles.all(), key=lambda role: role.permission_set.name)
    return [_role(account, role) for role in offered]


def revoker_of(account: Account, roles: Sequence[Role]) -> Role | None:
    """Return the role that ends sessions of these roles; None where the portal has no way in.

    It may read and write inline policies of these roles and nothing else. IAM has no condition on the name of an
    inline policy: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html

    Raises:
        InvalidRequest: the portal lacks what it would trust.
    """
    if (trust := trust_of_revoker(account)) is None:
        return None
    return Role(
        account_id=account.account_id,
        key="Revoker",
        path="/",
        name=REVOKER_ROLE,
        description="Gatehouse: ends live sessions of the roles that people enter",
        max_session=limits.DEFAULT_SESSION,
        trust=trust,
        policy=revoker_policy(
            [
                f"arn:{account.partition}:iam::{account.account_id}:role{one.path}{one.name}"
                for one in roles
            ]
        ),
        policy_arns=(),
        boundary=None,
    )


def revoker_policy(role_arns: Sequence[Any]) -> dict[str, Any]:
    """Return what a revoker role may do; ARNs may be a template's own functions."""
    statement = {
        "Effect": "Allow",
        "Action": ["iam:GetRolePolicy", "iam:PutRolePolicy"],
        "Resource": list(role_arns),
    }
    return {"Version": VERSION, "Statement": [statement]}


def _role(account: Account, role: AccountRole) -> Role:
    what = role.permission_set
    if fault := fault_of_name(role.iam_role_name or what.name):
        raise InvalidRequest(fault, code="onboarding.role_name")
    trust = trust_of(account, role)
    checked(trust.policy(), account, role)
    return Role(
        account_id=account.account_id,
        key=key_of(what.name),
        path=what.iam_path,
        name=role.iam_role_name or what.name,
        description=_NOT_IN_DESCRIPTIONS.sub("?", what.description),
        # A permission set may be shorter than every role is at least.
        max_session=max(what.session_duration, limits.DEFAULT_SESSION),
        trust=trust,
        policy=_policy(what),
        policy_arns=tuple(_policy_arn(arn, account, what) for arn in what.role_policy_arns),
        boundary=(
            _policy_arn(what.permissions_boundary, account, what)
            if what.permissions_boundary
            else None
        ),
    )


def key_of(name: str) -> str:
    """Return a name in letters and digits that no other name has."""
    plain = re.sub(r"[^A-Za-z0-9]", "", name)
    if plain == name:
        return plain
    return plain + hashlib.sha256(name.encode()).hexdigest()[:8]


def _policy(what: PermissionSet) -> dict[str, Any] | None:
    if not what.role_policy:
        return None
    return {"Version": VERSION, "Statement": statements(what.role_policy)}


def _policy_arn(arn: str, account: Account, what: PermissionSet) -> PolicyArn:
    """Return a managed policy as it is in an account: {partition} and {account_id} are the account's.

    Raises:
        InvalidRequest: it is a policy of another partition or account, which no role here can have.
    """
    filled = arn.replace("{partition}", account.partition)
    filled = filled.replace("{account_id}", account.account_id)
    _, partition, _, _, owner, resource = filled.split(":", 5)
    if partition != account.partition or owner not in ("aws", account.account_id):
        raise InvalidRequest(
            f"{what.name} has the policy {arn}, which a role in {account.account_id} ({account.partition}) cannot "
            "have. Write {partition} and {account_id} in its place, so that it fits every account.",
            code="onboarding.policy_elsewhere",
        )
    return PolicyArn(partition, owner, resource.removeprefix("policy/"))


def texts_of(value: object) -> Iterable[str]:
    """Yield every text in a document, keys included."""
    match value:
        case str():
            yield value
        case dict():
            for key, item in value.items():
                yield str(key)
                yield from texts_of(item)
        case list() | tuple():
            for item in value:
                yield from texts_of(item)


def compact(document: object) -> str:
    """Return a document as JSON in one line, as AWS's API takes policies."""
    return json.dumps(document, separators=(",", ":"))
