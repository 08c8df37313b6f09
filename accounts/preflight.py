"""What is likely to go wrong at AWS with what a permission set says of its sessions: told when it is saved, not when people fail."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.aws.session_policies import SessionPolicies, fault_of_inline, lets_assume_roles
from accounts.directory import rules_of
from accounts.models import Account, AccountRole, PermissionSet
from accounts.trust.session_requests import LOSING_METHODS, is_lost

_ELSE = ", and so must the hub's own policy where the trust method is hub. Without it AWS refuses everybody."
_TOOLS = (
    "AWS CDK, AWS Copilot, Terraform and other tools that enter roles of their own fail otherwise"
)


def advice(permission_set: PermissionSet) -> Iterator[str]:
    """Yield what the roles of a permission set have to allow, and what breaks, each as a sentence for admins."""
    if permission_set.claim_tags:
        yield f"The trust policies of its roles must allow sts:TagSession{_ELSE}"
    if permission_set.transitive_tags:
        yield f"Each role that people enter from there must allow sts:TagSession, too: {_TOOLS}."
    if permission_set.source_identity_claim:
        yield f"The trust policies of its roles must allow sts:SetSourceIdentity{_ELSE}"
        yield f"Each role that people enter from there must allow sts:SetSourceIdentity, too: {_TOOLS}."
    policy = permission_set.read_only_policy
    if policy and not fault_of_inline(policy) and lets_assume_roles(SessionPolicies(policy)):
        yield (
            "Its read-only policy allows sts:AssumeRole: in the roles that people enter with it, read-only ends."
        )


def unusable(**of: Account | PermissionSet) -> Iterator[str]:
    """Yield where permission sets are offered in accounts whose trust method cannot pass on what they say.

    `of` narrows to one `account` or `permission_set`.
    """
    offered = AccountRole.objects.filter(
        **of, account__active=True, account__trust_method__in=LOSING_METHODS
    ).select_related("account", "permission_set")
    for role in offered.order_by("account__name", "permission_set__name"):
        rules = rules_of(role.permission_set)
        if is_lost(role.account.trust_method, named=rules.names_people, limited=rules.narrows):
            yield (
                f"Nobody can use {role.permission_set} in {role.account}: the trust method "
                f"{role.account.trust_method} cannot pass on what the permission set says of its sessions."
            )
