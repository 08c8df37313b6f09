"""Mappings that are probably meant otherwise: for admins to look at, never refused.

findings(rules, seen=values_seen(...))   # of what is stored, or of what a plan would store
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from accounts import mapping_values
from accounts.matching import Rule, Targets, unit_and_parents
from accounts.patterns import Match, Searchable, wildcard
from accounts.values_seen import ValuesSeen, values_seen

DEAD_AFTER = timedelta(days=90)
"""A mapping whose value nobody brought for so long is reported."""
# Patterns that are compared with mappings: a second or two.
_MOST_COMPARED = 1_000_000


class Finding(Enum):
    """What there is to look at, as the heading of a list."""

    LITERAL = "Looks like a pattern, and is compared letter by letter"
    DEAD = f"Nobody brought such a value in {DEAD_AFTER.days} days"
    DOUBLE = "Gives the same as another mapping"
    SHADOWED = "Gives nothing that another mapping does not give"


@dataclass(frozen=True, slots=True)
class Found:
    """One finding. `mapping_id` is the rule's, and `words` say which other mapping or what is meant."""

    finding: Finding
    mapping_id: int
    mapping: str
    words: str

    def __str__(self) -> str:
        return f"{self.mapping}: {self.words}"


def findings(rules: Sequence[Rule], *, now: datetime) -> list[Found]:
    """Return what is found among these rules of people's mappings, by kind and name.

    Values of the last 90 days' sign-ins are loaded in one query. Programs that bring the provider's tokens leave
    none, so a mapping that only they use counts as one that nobody brought a value for.
    """
    seen = values_seen({rule.claim for rule in rules}, since=now - DEAD_AFTER)
    doubles = list(_doubles(rules))
    double = {found.mapping_id for found in doubles}
    found = [
        *_literals(rules),
        *([] if seen.cut else _dead(rules, seen)),
        *doubles,
        *_shadowed([rule for rule in rules if rule.mapping_id not in double]),
    ]
    order = list(Finding)
    return sorted(found, key=lambda one: (order.index(one.finding), one.mapping))


def _literals(rules: Iterable[Rule]) -> Iterable[Found]:
    for rule in rules:
        if words := mapping_values.hint(match=rule.match, value=rule.value):
            yield Found(Finding.LITERAL, rule.mapping_id, rule.name, words)


def _dead(rules: Iterable[Rule], seen: ValuesSeen) -> Iterable[Found]:
    read: dict[tuple[str, str], tuple[frozenset[str], Searchable]] = {}
    for rule in rules:
        if (key := (rule.claim, rule.split)) not in read:
            values = frozenset(rule.read(seen.of(rule.claim)))
            read[key] = values, Searchable(values)
        values, searchable = read[key]
        alive = (
            rule.value in values
            if rule.match is Match.EXACT
            else bool(rule.relevant(values, searchable))
        )
        if not alive:
            words = f"no sign-in of the last {DEAD_AFTER.days} days had “{rule.value}” in “{rule.claim}”"
            yield Found(Finding.DEAD, rule.mapping_id, rule.name, words)


def _doubles(rules: Iterable[Rule]) -> Iterable[Found]:
    same: dict[object, list[Rule]] = defaultdict(list)
    for rule in rules:
        who = rule.claim, rule.split, rule.match, rule.value
        same[who, rule.role_name, rule.targets, rule.console, rule.keys].append(rule)
    for group in same.values():
        first, *others = sorted(group, key=lambda rule: rule.name)
        for rule in others:
            words = f"“{first.name}” gives the same to the same people"
            yield Found(Finding.DOUBLE, rule.mapping_id, rule.name, words)


def _shadowed(rules: Iterable[Rule]) -> Iterable[Found]:
    by_what: dict[object, list[Rule]] = defaultdict(list)
    for rule in rules:
        by_what[rule.claim, rule.split, rule.role_name].append(rule)
    compared = 0
    for group in by_what.values():
        by_value: dict[tuple[Match, str], list[Rule]] = defaultdict(list)
        for rule in group:
            by_value[rule.match, rule.value].append(rule)
        patterns = [rule for rule in group if rule.match is Match.WILDCARD]
        for rule in sorted(group, key=lambda rule: rule.name):
            wider = [other for other in by_value[rule.match, rule.value] if other is not rule]
            if rule.match is not Match.TEMPLATE:
                compared += len(patterns)
                if compared > _MOST_COMPARED:
                    return
                # A star of the narrower pattern is text to the wider one, which only another star matches.
                wider += [
                    other
                    for other in patterns
                    if other is not rule and wildcard(other.value, rule.value)
                ]
            covering = next(filter(_covers(rule), wider), None)
            if covering is not None:
                words = f"“{covering.name}” gives all of it to the same people and perhaps more"
                yield Found(Finding.SHADOWED, rule.mapping_id, rule.name, words)


def _covers(rule: Rule) -> Callable[[Rule], bool]:
    def covers(other: Rule) -> bool:
        return (
            other.console >= rule.console
            and other.keys >= rule.keys
            and _includes(other.targets, rule.targets)
        )

    return covers


def _includes(wide: Targets, narrow: Targets) -> bool:
    """Whether targets reach all that others do, whatever accounts there are."""
    if wide.everything:
        return True
    return (
        not narrow.everything
        and narrow.accounts <= wide.accounts
        and narrow.environments <= wide.environments
        and narrow.tags <= wide.tags
        and all(
            not wide.organizational_units.isdisjoint(unit_and_parents(unit))
            for unit in narrow.organizational_units
        )
    )
