"""What AWS is asked for: a session with a role, with the name, tags and policies that its permission set says."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.aws import session_tags
from accounts.aws.role_rules import fault_of_name
from accounts.aws.session_policies import SessionPolicies, narrowed
from accounts.claims import pick
from accounts.errors import AccessDenied, AwsRefused
from accounts.messages import Message
from accounts.models.directory import TrustMethod
from accounts.trust.claim_tags import one_value_of, tags_from_claims
from accounts.trust.session_names import named, session_name
from accounts.types import Claims, OfferedRole, SessionRequest, SessionRules, Subject
from accounts.vouched_claims import vouched_for

LOSING_METHODS = (TrustMethod.USER_TOKEN, TrustMethod.SWITCH_ROLE)


def session_request(
    *,
    role: OfferedRole,
    subject: Subject,
    duration: int,
    tags: Mapping[str, str] = session_tags.NONE,
    read_only: bool = False,
) -> SessionRequest:
    """Return what AWS is asked for. `tags` were chosen by people; those from claims replace them.

    Raises:
        AccessDenied: the permission set offers no read-only sessions, or the claims lack what it sends.
        InvalidRequest: AWS does not take such tags together.
        AwsRefused: the account's trust method cannot send them.
        ValueError: a policy was stored past the checks.
    """
    rules = role.session_rules
    if rules is None:
        raise TypeError("a role out of a list has no rules for its sessions")
    _check_method(rules, role, tagged=bool(tags), read_only=read_only)
    source_identity, label = "", ""
    if rules.names_people or rules.session_name_claim:
        claims = vouched_for(subject)
        of_claims = tags_from_claims(dict(rules.claim_tags), claims=claims, subject=subject)
        tags = {**tags, **of_claims}
        session_tags.check(tags)
        label = _label(rules.session_name_claim, claims)
        if claim := rules.source_identity_claim:
            value = one_value_of(claim, claims=claims, subject=subject)
            source_identity = named(subject, value)
    policies = _policies(rules, role, read_only=read_only)
    return SessionRequest(
        role=role,
        subject=subject,
        session_name=named(subject, label) if label else session_name(subject),
        duration=duration,
        tags=tags,
        transitive_tags=rules.transitive_tags,
        source_identity=source_identity,
        policy=policies.inline,
        policy_arns=policies.arns,
    )


def is_lost(trust_method: str, *, named: bool, limited: bool) -> bool:
    """Whether a trust method cannot pass on tags and a source identity (`named`), or session policies (`limited`).

    user-token sends the identity provider's own token, to which the portal can add nothing; switch-role only a link.
    """
    return (named and trust_method in LOSING_METHODS) or (
        limited and trust_method == TrustMethod.SWITCH_ROLE
    )


def _check_method(rules: SessionRules, role: OfferedRole, *, tagged: bool, read_only: bool) -> None:
    """Refuse the revoker's role, and what would be missing at AWS without a word."""
    if fault := fault_of_name(role.iam_role_name):
        raise AwsRefused(
            Message("This account is not set up correctly. Contact your portal admins."),
            fault,
            code="trust.role_name",
        )
    named, limited = tagged or rules.names_people, read_only or rules.narrows
    if is_lost(role.trust_method, named=named, limited=limited):
        raise AwsRefused(
            Message(
                "%(role)s cannot be used in this account, or not like this: AWS would not "
                "learn all that this role says of its sessions. Contact your portal admins.",
                role=role.role_name,
            ),
            f"the trust method {role.trust_method} cannot pass on the session tags, the source identity or the session "
            "policies of the permission set",
            code="trust.session_rules",
        )


def _label(claim: str, claims: Claims) -> str:
    """Return what the session name begins with; "" where the claim does not have one value: it is a label only."""
    values = pick(claims, claim)
    return values[0] if len(values) == 1 else ""


def _policies(rules: SessionRules, role: OfferedRole, *, read_only: bool) -> SessionPolicies:
    policies = SessionPolicies(rules.policy, rules.policy_arns)
    if read_only:
        if not rules.offers_read_only:
            raise AccessDenied(
                Message(
                    "%(role)s does not offer read-only sessions. Ask for all of it, or for "
                    "another role.",
                    role=role.role_name,
                ),
                "the permission set has no read-only policy",
                code="access.read_only_denied",
            )
        less = SessionPolicies(rules.read_only_policy, rules.read_only_policy_arns)
        policies = narrowed(policies, less)
    return policies.sent(partition=role.partition, account_id=role.account_id)
