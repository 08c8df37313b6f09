"""Values of a person's claims for AWS: of session tags, and what names begin with.

A policy in AWS may rely on each of them, so a claim that is missing, incomplete or unfit is a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping

from accounts.aws import session_tags
from accounts.claims import arrived, pick, problems, why_unread
from accounts.errors import AccessDenied
from accounts.messages import Message
from accounts.types import Claims, Subject

SEPARATOR = ":"
"""Stands before, between and after the values of a list. Of AWS's characters it is the rarest in names."""


def tags_from_claims(
    tags: Mapping[str, str], *, claims: Claims, subject: Subject
) -> dict[str, str]:
    """Return session tags with their values. `tags` has the claim of each; `claims` are those that count.

    A text is a value as it is, a list stands between colons: a policy can test for one value of a list, and
    nobody can have a text, or a value in a list, that passes for another list.

    Raises:
        AccessDenied: a claim is missing, incomplete, or nothing that AWS takes.
    """
    values = {}
    for key, claim in tags.items():
        read = values_of(claim, claims=claims, subject=subject)
        values[key] = _value(claim, read, is_list=isinstance(arrived(claims, claim), list | tuple))
        if fault := session_tags.fault_of_values({key: values[key]}):
            raise _unfit(claim, fault)
    return values


def one_value_of(claim: str, *, claims: Claims, subject: Subject) -> str:
    """Return the only value of a claim.

    Raises:
        AccessDenied: it has none, or several.
    """
    first, *others = values_of(claim, claims=claims, subject=subject)
    if others:
        raise _unfit(claim, f"it has {len(others) + 1} values, and must have one")
    return first


def values_of(claim: str, *, claims: Claims, subject: Subject) -> tuple[str, ...]:
    """Return the values of a claim, one at least.

    Raises:
        AccessDenied: it is missing, or arrived incomplete.
    """
    if incomplete := problems(claims, [claim], issuer=subject.issuer):
        problem = incomplete[0]
        raise AccessDenied(
            problem.message
            + Message(
                "This role needs all of it. Contact your portal admins. Signing in again does not help."
            ),
            f"{problem.code}: {problem.claim}",
            code=problem.code,
        )
    values = pick(claims, claim)
    unread = why_unread(claims, claim)
    if unread or not values:
        raise AccessDenied(
            f"This role needs your “{claim}”. {unread} Contact your portal admins.",
            f"the permission set sends the claim {claim!r} to AWS: {unread}",
            code="claims.missing",
        )
    return values


def _value(claim: str, values: tuple[str, ...], *, is_list: bool) -> str:
    if not is_list:
        if values[0].startswith(SEPARATOR):
            raise _unfit(claim, "it begins with a colon, as only lists do")
        return values[0]
    if any(SEPARATOR in value for value in values):
        raise _unfit(claim, "a value of it has a colon, which stands between the values")
    return f"{SEPARATOR}{SEPARATOR.join(sorted(values))}{SEPARATOR}"


def _unfit(claim: str, fault: str) -> AccessDenied:
    return AccessDenied(
        Message(
            "This role needs your “%(claim)s”, and AWS cannot take what it says. "
            "Contact your portal admins.",
            claim=claim,
        ),
        f"the permission set sends the claim {claim!r} to AWS: {fault}",
        code="claims.unfit",
    )
