"""What somebody has and by what, and for one role, mapping by mapping, what gives it or what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts import denials, entitlements, step_up, trust
from accounts.blocks import of_each
from accounts.claims import ClaimProblem
from accounts.directory import roles_by_id
from accounts.errors import GatehouseError
from accounts.explanations.missing import MappingLine, Missing, Nearness
from accounts.models import Account, AccountRole, Block, PermissionSet
from accounts.rules import stored_rules
from accounts.signins import refuse_blocked
from accounts.storable import is_storable
from accounts.types import Entitlement, Kind, OfferedRole, Subject

MOST_LINES = 100
"""How many mappings are named for one role."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that somebody has now, with the reasons of each; `problems` are claims that arrived incomplete.

    Whoever is blocked gets nothing of it.
    """

    subject: Subject
    blocks: tuple[Block, ...]
    granted: tuple[Entitlement, ...]
    problems: tuple[ClaimProblem, ...]


@dataclass(frozen=True, slots=True)
class RoleExplanation:
    """Why somebody has one role, or why not.

    `refusals` holds for console and keys what the door says: None if it opens. `absent` says what of the role the
    directory lacks; "" if it is offered. `lines` are the mappings that could give it, the nearest first; `more` counts
    those that are not named.
    """

    account_id: str
    role_name: str
    role: OfferedRole | None
    absent: str
    entitlement: Entitlement | None
    refusals: Mapping[Kind, GatehouseError | None]
    lines: tuple[MappingLine, ...]
    more: int

    def allows(self, kind: Kind) -> bool:
        """Whether the door opens."""
        return self.refusals[kind] is None


def explain(subject: Subject, *, now: datetime) -> Explanation:
    """Return everything that somebody has and by what, in five queries."""
    decided = entitlements.resolve(subject=subject, now=now)
    return Explanation(subject, _blocks(subject), decided.granted, decided.problems)


def explain_role(
    subject: Subject, *, account_id: str, role_name: str, now: datetime
) -> RoleExplanation:
    """Return why somebody has a role or why not: what the door would say now, and each mapping.

    `role_name` is the permission set's. The account and the role need not exist.
    """
    role, absent = _find(account_id, role_name)
    offered = None if absent else role
    decided = entitlements.resolve(
        subject=subject,
        now=now,
        role_name=role_name,
        roles=() if offered is None else (offered,),
    )
    entitlement = next(iter(decided.granted), None)
    refusals = {
        kind: _refusal(
            decided, subject=subject, kind=kind, account_id=account_id, role_name=role_name, now=now
        )
        for kind in Kind
    }
    lines: list[MappingLine] = []
    if role is not None:
        rules = [
            stored
            for stored in stored_rules(role_names={role_name})
            if stored.issuer == (subject.trusted_issuer or "")
        ]
        missing = Missing(subject, rules, now=now)
        lines = sorted(
            (missing.line(stored, role) for stored in rules),
            key=lambda line: (line.nearness, line.name),
        )
    # Mappings of other accounts alone say nothing here, unless there is nothing else.
    near = [line for line in lines if line.nearness is not Nearness.UNREACHED]
    shown = (near or lines)[:MOST_LINES]
    return RoleExplanation(
        account_id=account_id,
        role_name=role_name,
        role=role,
        absent=absent,
        entitlement=entitlement,
        refusals=refusals,
        lines=tuple(shown),
        more=len(lines) - len(shown),
    )


def _find(account_id: str, role_name: str) -> tuple[OfferedRole | None, str]:
    """Return a role of the directory, also of an inactive account, and what it lacks to be offered."""
    if not all(map(is_storable, (account_id, role_name))):
        return None, "This account is not in the directory."
    account = Account.objects.filter(account_id=account_id).first()
    if account is None:
        return None, "This account is not in the directory."
    ids = AccountRole.objects.filter(account=account, permission_set__name=role_name)
    found = next(iter(roles_by_id(list(ids.values_list("pk", flat=True)))), None)
    if found is None:
        if not PermissionSet.objects.filter(name=role_name).exists():
            return None, "There is no such permission set."
        return (
            None,
            "The account does not offer this permission set. Add it to the account's roles.",
        )
    if not account.active:
        return found, "The account is not active, so nobody can use it."
    return found, ""


def _refusal(
    decided: entitlements.Entitlements,
    *,
    subject: Subject,
    kind: Kind,
    account_id: str,
    role_name: str,
    now: datetime,
) -> GatehouseError | None:
    """Return what the door would say, by the same questions in its order; None if it opens."""
    try:
        refuse_blocked(subject)
        given = decided.giving(kind)
        if not given:
            return denials.of_role(
                decided, subject=subject, kind=kind, account_id=account_id, role_name=role_name
            )
        step_up.require(role=given[0].role, subject=subject, now=now)
        trust.refuse_unfit(role=given[0].role, subject=subject, kind=kind, tags={})
    except GatehouseError as refusal:
        return refusal
    return None


def _blocks(subject: Subject) -> tuple[Block, ...]:
    return tuple(of_each({0: subject}).get(0, ()))
