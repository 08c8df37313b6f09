"""What the holders of a claim value are given, worked out once for all people; the door's own function decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from accounts.entitlements import decide
from accounts.matching import Rule, Targets, unit_and_parents
from accounts.patterns import Match, Searchable, account_ids
from accounts.types import Kind, OfferedRole

Group = tuple[str, str, bool]
"""Roles that people call by one name: the role's name, the environment's label, and whether it is privileged."""


@dataclass(frozen=True, slots=True)
class Offers:
    """The numbers of roles of which the console, and of which keys, are given."""

    console: frozenset[int]
    keys: frozenset[int]

    def of(self, kind: Kind) -> frozenset[int]:
        return self.console if kind is Kind.CONSOLE else self.keys


Gift = Mapping[Group, Offers]


@dataclass(frozen=True, slots=True)
class Holding:
    """Values of a claim that somebody has, and the rules that could give something by them."""

    claim: str
    values: frozenset[str]
    rules: tuple[Rule, ...]


class Rules:
    """Rules, found by the claim values of one person."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.claims: set[str] = set()
        exact: dict[tuple[str, str], list[Rule]] = defaultdict(list)
        self._others: dict[tuple[str, str], list[Rule]] = defaultdict(list)
        for rule in rules:
            self.claims.add(rule.claim)
            if rule.match is Match.EXACT and not rule.split:
                exact[rule.claim, rule.value].append(rule)
            else:
                self._others[rule.claim, rule.split].append(rule)
        self._exact = {
            (claim, value): Holding(claim, frozenset({value}), tuple(found))
            for (claim, value), found in exact.items()
        }

    def of(self, values: Mapping[str, frozenset[str]]) -> Iterator[Holding]:
        """Yield what somebody with these values of each claim holds; all rules of an exact value are together."""
        for claim, texts in values.items():
            for text in texts:
                if (holding := self._exact.get((claim, text))) is not None:
                    yield holding
        for (claim, _), rules in self._others.items():
            if not (sent := values.get(claim)):
                continue
            searchable = Searchable(rules[0].read(sent))
            for rule in rules:
                if relevant := rule.relevant(sent, searchable):
                    yield Holding(claim, relevant, (rule,))


class Given:
    """What rules give of these roles. `numbers` and `groups` are by the role's id and by its number."""

    def __init__(
        self,
        roles: Iterable[OfferedRole],
        numbers: Mapping[int, int],
        groups: Mapping[int, Group],
        shared: dict[Offers, Offers],
    ) -> None:
        self.decided = 0
        """How many roles were looked at: what bounds the work."""
        self._numbers, self._groups, self._shared = numbers, groups, shared
        self._found: dict[tuple[int, frozenset[str], str | None], tuple[Holding, Gift]] = {}
        self._accounts: dict[str, dict[str, OfferedRole]] = defaultdict(dict)
        for role in roles:
            self._accounts[role.account_id][role.role_name] = role
        self._names = {name for offered in self._accounts.values() for name in offered}
        self._in_environment: dict[str, list[str]] = defaultdict(list)
        self._in_unit: dict[str, list[str]] = defaultdict(list)
        self._tagged: dict[tuple[str, str], list[str]] = defaultdict(list)
        for account_id, offered in self._accounts.items():
            role = next(iter(offered.values()))
            if role.environment is not None:
                self._in_environment[role.environment.name].append(account_id)
            for unit in unit_and_parents(role.organizational_unit):
                self._in_unit[unit].append(account_id)
            for tag in role.tags:
                self._tagged[tag].append(account_id)

    def by(self, holding: Holding, *, role_name: str | None = None) -> Gift:
        """Return what its rules give to whoever holds these values; of one role name only, if it is given.

        Equal offers are the same object on both sides of a comparison.
        """
        # Rules live as long as the comparison, so that their ids tell them apart.
        key = (id(holding.rules[0]), holding.values, role_name)
        if (found := self._found.get(key)) is None:
            found = self._found[key] = (holding, self._decide(holding, role_name))
        return found[1]

    def _decide(self, holding: Holding, role_name: str | None) -> Gift:
        console: dict[Group, list[int]] = defaultdict(list)
        keys: dict[Group, list[int]] = defaultdict(list)
        rules = [
            rule
            for rule in holding.rules
            if role_name in (None, rule.role_name or role_name)
            and (rule.role_name is None or rule.role_name in self._names)
        ]
        if not rules:
            self.decided += 1
            return {}
        roles = {
            role.id: role
            for rule in rules
            for role in self.reached(rule, holding.values, rule.role_name or role_name)
        }
        self.decided += 1 + len(roles)
        given = decide(rules=rules, values={holding.claim: holding.values}, roles=roles.values())
        for entitlement in given:
            number = self._numbers[entitlement.role.id]
            if entitlement.console:
                console[self._groups[number]].append(number)
            if entitlement.keys:
                keys[self._groups[number]].append(number)
        offers = {
            group: Offers(frozenset(console[group]), frozenset(keys[group]))
            for group in {**console, **keys}
        }
        return {group: self._shared.setdefault(each, each) for group, each in offers.items()}

    def reached(
        self, rule: Rule, values: frozenset[str] | None, role_name: str | None
    ) -> Iterator[OfferedRole]:
        """Yield the roles that a rule could give by these values, or by any; whether it does, `decide` says."""
        reached = self._targeted(rule.targets)
        if rule.match is Match.TEMPLATE and values is not None:
            named = account_ids(rule.value, values)
            reached = reached if named is None else named.intersection(reached)
        for account_id in reached:
            offered = self._accounts.get(account_id, {})
            if role_name is None:
                yield from offered.values()
            elif role_name in offered:
                yield offered[role_name]

    def _targeted(self, targets: Targets) -> Iterable[str]:
        if targets.everything:
            return self._accounts
        if targets.accounts_alone:
            return targets.accounts
        lists = [
            targets.accounts,
            *(self._in_environment.get(name, ()) for name in targets.environments),
            *(self._in_unit.get(unit, ()) for unit in targets.organizational_units),
            *(self._tagged.get(tag, ()) for tag in targets.tags),
        ]
        return set().union(*lists)
