"""Session policies: what narrows a session below its role, checked before AWS is asked.

AWS takes all policies of one request together: the session may do what the role may, and at least one of
them allows, and none of them denies. So a second policy that allows something never narrows the first.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from accounts.aws import limits
from accounts.aws.policy_documents import BadPolicy, names_action, statements, written

READ_ONLY_ACCESS = "arn:{partition}:iam::aws:policy/ReadOnlyAccess"
"""AWS's own policy for reading everything, as it is written in a permission set."""


@dataclass(frozen=True, slots=True)
class SessionPolicies:
    """An inline policy ("" for none) and ARNs of managed policies.

    ARNs may hold {partition} and {account_id}, as a managed policy is in the account of the role.
    """

    inline: str = ""
    arns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.inline or self.arns)

    def sent(self, *, partition: str, account_id: str) -> SessionPolicies:
        """Return them as AWS gets them in an account: without spaces, and with whole ARNs.

        Raises:
            BadPolicy: the inline policy is none.
        """
        places = {"{partition}": partition, "{account_id}": account_id}
        arns = []
        for arn in self.arns:
            for place, value in places.items():
                arn = arn.replace(place, value)
            arns.append(arn)
        return SessionPolicies(written(statements(self.inline)) if self.inline else "", tuple(arns))


def narrowed(policies: SessionPolicies, by: SessionPolicies) -> SessionPolicies:
    """Return what allows only what both allow; `fault_of_narrowing` says where that is impossible.

    Raises:
        BadPolicy: an inline policy is none, or the second could add something.
    """
    if not policies:
        return by
    if fault := _fault_of_addition(by):
        raise BadPolicy(fault)
    listed = statements(policies.inline) if policies.inline else []
    return SessionPolicies(written([*listed, *statements(by.inline)]), policies.arns)


def fault_of_inline(text: str) -> str:
    """Say what is wrong with an inline policy; "" if AWS takes it."""
    try:
        statements(text)
    except BadPolicy as bad:
        return str(bad)
    return ""


def fault_of_arns(arns: object) -> str:
    """Say what is wrong with a list of ARNs of managed policies; "" if AWS takes them."""
    if not isinstance(arns, list) or not all(isinstance(arn, str) for arn in arns):
        return "ARNs of managed policies are a list of texts."
    for arn in arns:
        if len(arn) > limits.LONGEST_POLICY_ARN or not re.fullmatch(limits.POLICY_ARN, arn):
            return (
                f"“{arn:.200}” is not the ARN of a managed policy, such as {READ_ONLY_ACCESS} or "
                "arn:{partition}:iam::{account_id}:policy/Name."
            )
    if len(set(arns)) != len(arns):
        return "An ARN is there twice."
    if len(arns) > limits.MOST_POLICY_ARNS:
        return (
            f"AWS takes at most {limits.MOST_POLICY_ARNS} managed policies; these are {len(arns)}."
        )
    return ""


def fault_together(policies: SessionPolicies) -> str:
    """Say why these policies, each of them right, cannot be those of a session; "" if they can."""
    if not policies:
        return ""
    if not policies.arns and not _allowing(policies):
        return (
            "It allows nothing, so neither could anybody. Add a statement with “Effect”: “Allow”."
        )
    return _fault_of_size(policies)


def fault_of_narrowing(policies: SessionPolicies, by: SessionPolicies) -> str:
    """Say why sessions with these policies cannot be narrowed by others, each of them right; "" if they can."""
    if not by:
        return ""
    if not policies:
        return fault_together(by)
    if fault := _fault_of_addition(by):
        return fault
    together = narrowed(policies, by)
    try:
        statements(together.inline)
    except BadPolicy as bad:
        return f"Together with the session policy: {bad}"
    return _fault_of_size(together)


def lets_assume_roles(policies: SessionPolicies) -> bool:
    """Whether the inline policy allows to assume other roles, in whose sessions it does not count."""
    return any(names_action(one, "sts:AssumeRole") for one in _allowing(policies))


def _fault_of_addition(policies: SessionPolicies) -> str:
    if policies.arns or _allowing(policies):
        return (
            "The session policy counts as well, and AWS adds up what session policies allow: this one would "
            "give more, not less. Next to a session policy, write statements with “Effect”: “Deny” only, "
            "such as with the “NotAction” of what stays allowed, and no managed policies."
        )
    return ""


def _allowing(policies: SessionPolicies) -> list[dict[str, object]]:
    listed = statements(policies.inline) if policies.inline else []
    return [statement for statement in listed if statement["Effect"] == "Allow"]


def _fault_of_size(policies: SessionPolicies) -> str:
    inline = written(statements(policies.inline)) if policies.inline else ""
    size = len(inline) + sum(map(len, policies.arns))
    if size > limits.LONGEST_POLICIES:
        return (
            f"AWS takes {limits.LONGEST_POLICIES:,} characters of session policies, ARNs included; these are "
            f"{size:,}, spaces not counted. Use a managed policy instead of the inline one."
        )
    return ""
