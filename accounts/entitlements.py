"""Decide: claims + mappings + now -> entitlements, each with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.claims import ClaimProblem, pick, problems
from accounts.directory import offered_roles
from accounts.matching import Rule
from accounts.rules import claims_in_use, rules_in_force
from accounts.types import Entitlement, OfferedRole, Reason, Subject

Values = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Entitlements:
    """Everything a subject may do now, and the claims that did not arrive whole."""

    granted: tuple[Entitlement, ...]
    problems: tuple[ClaimProblem, ...]


def resolve(
    *,
    subject: Subject,
    now: datetime,
    account_id: str | None = None,
    role_name: str | None = None,
) -> Entitlements:
    """Return what a subject may do now, by account name and role name, in at most 3 queries.

    With an account, or an account and a role, only that much is looked at. A claim that did not
    arrive whole gives nothing, and is reported.
    """
    claims = claims_in_use(now=now)
    incomplete = problems(subject.claims, claims, issuer=subject.issuer)
    whole = claims - {problem.claim for problem in incomplete}
    values = {claim: frozenset(pick(subject.claims, claim)) for claim in whole}
    rules = rules_in_force(values=values, now=now, role_name=role_name)
    if not rules:
        return Entitlements((), incomplete)
    roles = offered_roles(rules=rules, values=values, account_id=account_id, role_name=role_name)
    return Entitlements(decide(rules=rules, values=values, roles=roles), incomplete)


def decide(
    *, rules: Sequence[Rule], values: Values, roles: Iterable[OfferedRole]
) -> tuple[Entitlement, ...]:
    """Apply rules to roles: the union of what each rule gives, within what the permission set offers."""
    by_role_name: dict[str | None, list[Rule]] = defaultdict(list)
    for rule in rules:
        by_role_name[rule.role_name].append(rule)
    found = []
    for role in roles:
        candidates = (
            *by_role_name.get(role.role_name, ()),
            *by_role_name.get(None, ()),
        )
        given = [
            (rule, value)
            for rule in candidates
            if (value := rule.matched_value(role, values.get(rule.claim, frozenset()))) is not None
        ]
        console = role.console and any(rule.console for rule, _ in given)
        keys = role.keys and any(rule.keys for rule, _ in given)
        if console or keys:
            reasons = tuple(
                Reason(rule.mapping_id, rule.name, rule.claim, value) for rule, value in given
            )
            found.append(
                Entitlement(
                    role=role,
                    console=console,
                    keys=keys,
                    session_duration=role.session_duration,
                    reasons=reasons,
                )
            )
    return tuple(found)
