"""The rule of a mapping, without a database: which claim values give which account roles, or why not."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from accounts.patterns import Match, Searchable, could_be_rendered, could_render, render, wildcard
from accounts.types import OfferedRole


@dataclass(frozen=True, slots=True)
class Targets:
    """The accounts that a mapping reaches: the union of its parts. Without any part it reaches none."""

    everything: bool = False
    accounts: frozenset[str] = frozenset()
    organizational_units: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    tags: frozenset[tuple[str, str]] = frozenset()

    @property
    def accounts_alone(self) -> frozenset[str]:
        """The accounts, if the targets are named one by one and in no other way; else empty."""
        broad = self.everything or self.organizational_units or self.environments or self.tags
        return frozenset() if broad else self.accounts

    @staticmethod
    def union(parts: Iterable[Targets]) -> Targets:
        """Return what these reach together."""
        parts = list(parts)
        return Targets(
            everything=any(part.everything for part in parts),
            accounts=frozenset().union(*(part.accounts for part in parts)),
            organizational_units=frozenset().union(*(part.organizational_units for part in parts)),
            environments=frozenset().union(*(part.environments for part in parts)),
            tags=frozenset().union(*(part.tags for part in parts)),
        )

    def reach(self, role: OfferedRole) -> bool:
        """Whether the account of this role is among the targets. A unit includes the units below it."""
        return (
            self.everything
            or role.account_id in self.accounts
            or (role.environment is not None and role.environment.name in self.environments)
            or not self.tags.isdisjoint(role.tags)
            or any(
                unit in self.organizational_units
                for unit in unit_and_parents(role.organizational_unit)
            )
        )


class Miss(Enum):
    """Why a rule does not give a role; the first that applies, in this order."""

    INCOMPLETE = "the mapping has no claim, no value or no permission set"
    OTHER_ACCOUNT = "the account is not among the mapping's targets"
    OTHER_PERMISSION_SET = "the mapping gives another permission set"
    NOT_RENDERED = "the account lacks what the template names"
    NO_CLAIM = "the claim has no values"
    OTHER_VALUES = "no value of the claim matches"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of a role: the claim value that gives it, or why none does. One is None."""

    value: str | None
    miss: Miss | None = None


_MISSES = {miss: Verdict(None, miss) for miss in Miss}


@dataclass(frozen=True, slots=True)
class Rule:
    """A mapping as values: claim value -> permission set -> accounts.

    `role_name` is the permission set's name; None in a template that takes it from `{role}`.
    """

    mapping_id: int
    name: str
    claim: str
    match: Match
    value: str
    role_name: str | None
    targets: Targets
    console: bool
    keys: bool
    # The delimiter at which texts of the claim are taken apart; "" leaves each as one value.
    split: str = ""

    def read(self, values: AbstractSet[str]) -> AbstractSet[str]:
        """Return claim values as this rule reads them. Reading what was read changes nothing."""
        return read(values, self.split)

    def verdict(self, role: OfferedRole, values: frozenset[str]) -> Verdict:
        """Say whether this rule gives this role to somebody with these values of the claim."""
        names_role = self.role_name is not None or (
            self.match is Match.TEMPLATE and "{role}" in self.value
        )
        if not self.claim or not self.value or not names_role:
            return _MISSES[Miss.INCOMPLETE]
        if not self.targets.reach(role):
            return _MISSES[Miss.OTHER_ACCOUNT]
        if self.role_name is not None and self.role_name != role.role_name:
            return _MISSES[Miss.OTHER_PERMISSION_SET]
        matching: str | None
        if self.match is Match.TEMPLATE:
            # Rendering the template and comparing is unambiguous; capturing values by it would not be.
            rendered = render(self.value, role)
            if rendered is None:
                return _MISSES[Miss.NOT_RENDERED]
            matching = rendered if rendered in self.read(values) else None
        else:
            matching = min(self.relevant(values), default=None)
        if matching is not None:
            return Verdict(matching)
        return _MISSES[Miss.OTHER_VALUES if values else Miss.NO_CLAIM]

    def relevant(
        self, values: frozenset[str], searchable: Searchable | None = None
    ) -> frozenset[str]:
        """Return the few of these values that matter to this rule, whatever the role.

        The rule gives the same by these as by all of them. So thousands of values are looked at
        once for each rule, and not once for each role. `searchable` are these values as the rule
        reads them, where a caller has many rules.
        """
        if searchable is not None and self.match is not Match.EXACT:
            if self.match is Match.TEMPLATE:
                return frozenset(could_render(self.value, searchable))
            return frozenset(islice(searchable.matching(self.value), 1))
        values = frozenset(self.read(values))
        if self.match is Match.EXACT:
            return values & {self.value}
        if self.match is Match.TEMPLATE:
            return frozenset(value for value in values if could_be_rendered(self.value, value))
        first = min((value for value in values if wildcard(self.value, value)), default=None)
        return frozenset() if first is None else frozenset({first})


def read(values: AbstractSet[str], split: str) -> AbstractSet[str]:
    """Return claim values taken apart at a delimiter, without spaces around the parts; "" leaves them whole."""
    if not split:
        return values
    parts = (part.strip() for value in values for part in value.split(split))
    return frozenset(part for part in parts if part)


def unit_and_parents(unit: str) -> Iterable[str]:
    """Yield `a/b/c`, `a/b`, `a` for `a/b/c`; nothing for an account in no unit."""
    while unit:
        yield unit
        unit = unit.rpartition("/")[0]
