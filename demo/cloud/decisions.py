"""Who may do what: trust policies and the callers' own, decided together. Each answer is a reason, "" for yes.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from demo.cloud import policies
from demo.cloud.callers import Caller
from demo.cloud.conditions import PolicyNotUnderstood
from demo.cloud.policies import Request, Verdict

_ALWAYS_ALLOWED = "sts:GetCallerIdentity"


def why_not_assume(role: Any, caller: Caller, request: Request) -> str:
    """Return why a caller may not do this with a role; None as the role is one that does not exist.

    In the role's own account the trust policy may name the caller, and that is enough. Otherwise it names the
    caller or their account, and their own policies must allow it too.
    """
    if role is None:
        return "the role does not exist"
    document = role.assume_role_policy_document
    try:
        named = policies.of_trust(document, replace(request, names=caller.names))
        delegated = policies.of_trust(document, replace(request, names=caller.account_names))
        own = policies.of_identity(caller.policies, request)
    except PolicyNotUnderstood as part:
        return f"a policy is not understood: {part}"
    if Verdict.DENIES in (named, delegated):
        return "the trust policy denies it"
    if Verdict.ALLOWS not in (named, delegated):
        return "the trust policy does not allow it"
    if own is Verdict.DENIES or _denied_by_session(caller, request):
        return "the caller's own policies deny it"
    enough = named is Verdict.ALLOWS and role.account_id == caller.account_id
    return "" if enough or own is Verdict.ALLOWS else "the caller's own policies do not allow it"


def why_not_federate(role: Any, request: Request) -> str:
    """Return why a web identity, as `request` names it, may not do this with a role."""
    if role is None:
        return "the role does not exist"
    try:
        verdict = policies.of_trust(role.assume_role_policy_document, request)
    except PolicyNotUnderstood as part:
        return f"the trust policy is not understood: {part}"
    return "" if verdict is Verdict.ALLOWS else f"the trust policy {verdict.value}"


def why_denied(caller: Caller, action: str) -> str:
    """Return which explicit denial there is for a request with the keys of a session.

    This is how sessions are revoked and narrowed. What policies allow is moto's business, which allows everything.
    """
    if caller.session is None or action == _ALWAYS_ALLOWED:
        return ""
    request = Request(action=action, resource="*", context=caller.keys)
    try:
        if policies.of_identity(caller.policies, request) is Verdict.DENIES:
            return "with an explicit deny in an identity-based policy"
        if _denied_by_session(caller, request):
            return "with an explicit deny in a session policy"
    except PolicyNotUnderstood as part:
        return f"because a policy is not understood: {part}"
    return ""


def why_not_allowed(caller: Caller, action: str) -> str:
    """Return why a session may not do this: neither its role's policies nor its session policy may lack an Allow."""
    request = Request(action=action, resource="*", context=caller.keys)
    narrowed = [caller.session.policy] if caller.session and caller.session.policy else []
    try:
        by_role = policies.of_identity(caller.policies, request)
        by_session = policies.of_identity(narrowed, request) if narrowed else Verdict.ALLOWS
    except PolicyNotUnderstood as part:
        return f"because a policy is not understood: {part}"
    if by_role is Verdict.ALLOWS and by_session is Verdict.ALLOWS:
        return ""
    return "because no identity-based policy allows it"


def _denied_by_session(caller: Caller, request: Request) -> bool:
    narrowed = [caller.session.policy] if caller.session and caller.session.policy else []
    return policies.of_identity(narrowed, request) is Verdict.DENIES
