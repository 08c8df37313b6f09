"""Decide what a subject may do: claims + mappings + now -> entitlements, each with its reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from accounts.claims import ClaimProblem, pick, problems
from accounts.directory import offered_roles
from accounts.matching import Rule
from accounts.patterns import Match, Searchable
from accounts.rules import claims_in_use, rules_in_force
from accounts.storable import is_storable
from accounts.types import Entitlement, Kind, OfferedRole, Reason, Source, Subject
from accounts.vouched_claims import vouched_for

Values = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Entitlements:
    """What a subject may do now, and the claims that arrived incomplete."""

    granted: tuple[Entitlement, ...]
    problems: tuple[ClaimProblem, ...]

    def giving(self, kind: Kind) -> tuple[Entitlement, ...]:
        """Return the entitlements that give the console, or keys."""
        return tuple(entitlement for entitlement in self.granted if entitlement.allows(kind))


def resolve(
    *,
    subject: Subject,
    now: datetime,
    account_id: str | None = None,
    role_name: str | None = None,
    roles: Iterable[OfferedRole] | None = None,
) -> Entitlements:
    """Return what a subject may do now, ordered by account name and role name, in at most 3 queries.

    `account_id`, `role_name` and `roles` limit the answer; `roles` must have been loaded just now. A
    claim that arrived incomplete gives nothing and is reported. A token's scope narrows the answer.
    """
    if not all(is_storable(name) for name in (account_id, role_name) if name is not None):
        return Entitlements((), ())
    claims = claims_in_use(now=now, issuer=subject.trusted_issuer)
    values, incomplete = values_of(subject, claims)
    rules = rules_in_force(
        values=values, now=now, role_name=role_name, issuer=subject.trusted_issuer
    )
    if not rules:
        return Entitlements((), incomplete)
    if roles is None:
        roles = offered_roles(
            rules=rules, values=values, account_id=account_id, role_name=role_name
        )
    granted = decide(rules=rules, values=values, roles=roles)
    if subject.scope is not None:
        within = (entitlement.within(subject.scope) for entitlement in granted)
        granted = tuple(entitlement for entitlement in within if entitlement is not None)
    return Entitlements(granted, incomplete)


def values_of(
    subject: Subject, claims: AbstractSet[str]
) -> tuple[Values, tuple[ClaimProblem, ...]]:
    """Return the values of each of these claims that count, and which claims arrived incomplete, so that none do."""
    sent = vouched_for(subject)
    incomplete = problems(sent, claims, issuer=subject.issuer)
    complete = claims - {problem.claim for problem in incomplete}
    return {claim: frozenset(pick(sent, claim)) for claim in complete}, incomplete


def decide(
    *, rules: Sequence[Rule], values: Values, roles: Iterable[OfferedRole]
) -> tuple[Entitlement, ...]:
    """Apply rules to roles: the union of what each rule gives, as far as the permission set offers it.

    `values` are the values of each claim.
    """
    # Indexed by permission set and account, as most rules name one account: with thousands of rules
    # each role is compared with a few.
    candidates: dict[tuple[str | None, str | None], list[tuple[Rule, frozenset[str]]]]
    candidates = defaultdict(list)
    searchables: dict[tuple[str, str], Searchable] = {}
    for rule in rules:
        sent = values.get(rule.claim, frozenset())
        if rule.match is Match.EXACT:
            relevant = rule.relevant(sent)
        else:
            if (searchable := searchables.get((rule.claim, rule.split))) is None:
                searchable = searchables[rule.claim, rule.split] = Searchable(rule.read(sent))
            relevant = rule.relevant(sent, searchable)
        if relevant:
            for account_id in rule.targets.accounts_alone or (None,):
                candidates[rule.role_name, account_id].append((rule, relevant))
    entitlements = []
    for role in roles:
        matches = [
            (rule, value)
            for role_name in (role.role_name, None)
            for account_id in (role.account_id, None)
            for rule, relevant in candidates.get((role_name, account_id), ())
            if (value := rule.verdict(role, relevant).value) is not None
        ]
        if entitlement := _entitlement(role, matches):
            entitlements.append(entitlement)
    return tuple(entitlements)


def _entitlement(role: OfferedRole, matches: Iterable[tuple[Rule, str]]) -> Entitlement | None:
    reasons = tuple(
        Reason(
            source=Source.MAPPING,
            source_id=str(rule.mapping_id),
            label=rule.name,
            claim=rule.claim,
            value=value,
            console=role.console and rule.console,
            keys=role.keys and rule.keys,
        )
        for rule, value in sorted(matches, key=lambda pair: pair[0].name)
        if (role.console and rule.console) or (role.keys and rule.keys)
    )
    if not reasons:
        return None
    return Entitlement(
        role=role,
        console=any(reason.console for reason in reasons),
        keys=any(reason.keys for reason in reasons),
        session_duration=role.session_duration,
        reasons=reasons,
    )
