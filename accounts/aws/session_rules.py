"""What a permission set may say of its sessions: tags, their claims, and session policies that fit together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accounts.aws.session_policies import (
    SessionPolicies,
    fault_of_arns,
    fault_of_inline,
    fault_of_narrowing,
    fault_together,
)
from accounts.aws.session_tags import fault_of_keys

LONGEST_CLAIM = 255


def faults_of_tags(
    *, session_tags: Any, claim_tags: Any, transitive_tags: Any
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, each with the name of the value: keys that people may set, tags from claims, transitive keys."""
    if not _are_texts(session_tags):
        yield "session_tags", "Session tags are a list of keys, each as text."
        return
    if fault := fault_of_keys(session_tags):
        yield "session_tags", fault
    if not isinstance(claim_tags, dict) or not all(
        isinstance(claim, str) and 0 < len(claim) <= LONGEST_CLAIM and claim == claim.strip()
        for claim in claim_tags.values()
    ):
        yield (
            "claim_tags",
            f"Tags from claims are keys, each with the name of a claim: 1 to {LONGEST_CLAIM} characters, "
            "without spaces at its edges.",
        )
        return
    # Together, as AWS gets them: so nobody can set a tag that comes from a claim, in any case.
    if not fault and (fault := fault_of_keys([*session_tags, *claim_tags])):
        yield "claim_tags", fault
    if not _are_texts(transitive_tags):
        yield "transitive_tags", "Transitive tags are a list of keys, each as text."
    elif unknown := [key for key in transitive_tags if key not in claim_tags]:
        yield (
            "transitive_tags",
            f"“{unknown[0]:.128}” is not among the tags from claims. Only those can be transitive.",
        )
    elif len(set(transitive_tags)) != len(transitive_tags):
        yield "transitive_tags", "A key is there twice."


def faults_of_policies(
    *,
    session_policy: str,
    session_policy_arns: Any,
    read_only_policy: str,
    read_only_policy_arns: Any,
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, each with the name of the value: the session policy, and the read-only one next to it."""
    faults = {
        "session_policy": session_policy and fault_of_inline(session_policy),
        "session_policy_arns": fault_of_arns(session_policy_arns),
        "read_only_policy": read_only_policy and fault_of_inline(read_only_policy),
        "read_only_policy_arns": fault_of_arns(read_only_policy_arns),
    }
    if any(faults.values()):
        yield from ((name, fault) for name, fault in faults.items() if fault)
        return
    base = SessionPolicies(session_policy, tuple(session_policy_arns))
    less = SessionPolicies(read_only_policy, tuple(read_only_policy_arns))
    if fault := fault_together(base):
        yield "session_policy" if session_policy else "session_policy_arns", fault
    elif fault := fault_of_narrowing(base, less):
        yield "read_only_policy" if read_only_policy else "read_only_policy_arns", fault


def _are_texts(keys: Any) -> bool:
    return isinstance(keys, list) and all(isinstance(key, str) for key in keys)
