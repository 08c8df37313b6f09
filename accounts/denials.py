"""Say why somebody is denied a role, in the same words at the door and on pages that ask beforehand."""

from __future__ import annotations

from accounts import trust
from accounts.claims import ClaimProblem
from accounts.entitlements import Entitlements
from accounts.errors import AccessDenied
from accounts.messages import Message
from accounts.trust import switch_role
from accounts.types import Kind, Subject

_IN_WORDS = {Kind.CONSOLE: Message("the console"), Kind.KEYS: Message("keys")}


def of_role(
    decided: Entitlements,
    *,
    subject: Subject,
    kind: Kind,
    account_id: str,
    role_name: str,
    by_arn: bool = False,
) -> AccessDenied:
    """Return the refusal of one role, of which `decided` gives nothing of this kind.

    `by_arn`: the role was asked for by its ARN, in which a letter may be wrong.
    """
    # The audit trail is kept for years: nobody fills it with long names.
    role = f"{role_name!r:.200} in {account_id!r:.40}"
    scope = subject.scope
    if scope is not None and not (
        kind in scope.kinds and scope.covers(account_id=account_id, role_name=role_name)
    ):
        return AccessDenied(
            Message(
                "The scope of this token does not include %(kind)s with this role in this account. "
                "Use another token.",
                kind=_IN_WORDS[kind],
            ),
            f"the token's scope does not include {kind} with {role}",
            code="access.scope",
        )
    if decided.granted:
        if kind is Kind.KEYS and trust.is_link(decided.granted[0].role):
            return switch_role.no_keys(decided.granted[0].role)
        other = _IN_WORDS[Kind.KEYS if kind is Kind.CONSOLE else Kind.CONSOLE]
        return AccessDenied(
            Message("%(role)s in this account is for %(kind)s only.", role=role_name, kind=other),
            f"{kind} is not given by: {'; '.join(map(str, decided.granted[0].reasons))}",
            code="access.kind_denied",
        )
    if decided.problems:
        return _of_incomplete_claims(decided.problems)
    message = Message("You do not have this role in this account.")
    if by_arn:
        message += Message("Check the ARN letter by letter, including the path.")
    return AccessDenied(
        message
        + Message(
            "Roles come from your groups. If your groups have just changed, sign out and sign in again."
        ),
        f"no mapping in force gives {role}",
    )


def of_account(decided: Entitlements, *, kind: Kind, account_id: str) -> AccessDenied:
    """Return the refusal of an account in which `decided` gives no role of this kind.

    The words are the same for an account that does not exist.
    """
    if decided.problems:
        return _of_incomplete_claims(decided.problems)
    return AccessDenied(
        Message(
            "You have no role in this account that gives %(kind)s, or this account is not known here. "
            "Check the account id.",
            kind=_IN_WORDS[kind],
        ),
        f"no mapping in force gives {kind} in {account_id!r:.40}",
    )


def _of_incomplete_claims(problems: tuple[ClaimProblem, ...]) -> AccessDenied:
    return AccessDenied(
        problems[0].message
        + Message(
            "So this portal cannot decide which roles you have. Contact your portal admins. "
            "Signing in again does not help."
        ),
        "; ".join(f"{problem.code}: {problem.claim}" for problem in problems),
        code=problems[0].code,
    )
