"""Compare two snapshots for each person seen: who gains and who loses which role."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from accounts.access_changes.given import Gift, Given, Group, Offers, Rules
from accounts.access_changes.seen import PeopleSeen, PersonSeen, people_seen
from accounts.access_changes.snapshots import Snapshot
from accounts.matching import Rule
from accounts.types import Kind, OfferedRole

NAMED = 10
"""How many people each line names."""
# Roles that are decided, and roles that are compared one by one: some ten seconds each.
_MOST_DECIDED, _MOST_COMPARED = 2_000_000, 200_000_000

What = Literal["role", "console", "keys"]


@dataclass(frozen=True, slots=True)
class RoleChange:
    """People who gain, or lose, a role in the accounts of an environment.

    `environment` is the label, "" for accounts without one. `what` is "role" where they had nothing of
    it before (or have nothing of it after), else the part that comes or goes. `accounts` and `people`
    are counts, `named` the first NAMED people.
    """

    role_name: str
    environment: str
    privileged: bool
    what: What
    accounts: int
    people: int
    named: tuple[PersonSeen, ...]

    def sentence(self, verb: Literal["gain", "lose"]) -> str:
        """Say it: "4 people gain Operator in Production (12 accounts)"."""
        who = f"1 person {verb}s" if self.people == 1 else f"{self.people:,} people {verb}"
        role = self.role_name if self.what == "role" else f"{self.what} of {self.role_name}"
        where = f"in {self.environment}" if self.environment else "in accounts without environment"
        number = "1 account" if self.accounts == 1 else f"{self.accounts:,} accounts"
        return f"{who} {role}{' (privileged)' * self.privileged} {where} ({number})"

    @property
    def gain_sentence(self) -> str:
        return self.sentence("gain")

    @property
    def loss_sentence(self) -> str:
        return self.sentence("lose")

    @property
    def names(self) -> str:
        """The people, named up to NAMED: "ann@example.com, bob@example.com and 2 more"."""
        names = ", ".join(person.label for person in self.named)
        more = self.people - len(self.named)
        return f"{names} and {more:,} more" if more else names


@dataclass(frozen=True, slots=True)
class AccessChanges:
    """What a candidate change does to people seen so far, by the claims of their latest sign-in.

    `looked_at` counts them; `cut` says that there are more whom nobody looked at. `blocked` people get
    nothing either way, and of `unknown` ones no claims are kept. `without_access` are those who have
    roles before and none after, and `with_access` those who have any after; both are pks.
    """

    gains: tuple[RoleChange, ...]
    losses: tuple[RoleChange, ...]
    gaining: int
    losing: int
    looked_at: int
    unknown: int
    blocked: int
    cut: bool

    def __bool__(self) -> bool:
        return bool(self.gains or self.losses)

    def lines(self) -> Iterator[str]:
        """Yield it for people at a terminal."""
        for gain in self.gains:
            yield f"+ {gain.sentence('gain')}: {gain.names}"
        for loss in self.losses:
            yield f"- {loss.sentence('lose')}: {loss.names}"
        if not self:
            yield "Nobody seen so far gains or loses a role."
        yield self.reach

    @property
    def reach(self) -> str:
        """Say who was looked at, and who was not."""
        number = "1 person" if self.looked_at == 1 else f"{self.looked_at:,} people"
        left_out = [
            f"{self.unknown:,} without a sign-in on record" if self.unknown else "",
            f"{self.blocked:,} blocked" if self.blocked else "",
            "those who signed in before them" if self.cut else "",
        ]
        words = ", ".join(filter(None, left_out))
        return f"Compared: {number}, by the claims of their latest sign-in." + (
            f" Not compared: {words}." if words else ""
        )


def access_changes(
    before: Snapshot, after: Snapshot, *, seen: PeopleSeen | None = None
) -> AccessChanges:
    """Return who gains and who loses which role between two snapshots.

    What a person has is what `entitlements.resolve` would say, by the claims of their latest sign-in
    and without anything that depends on the moment of a request (second factors, age of claims).
    `seen` are the people, loaded anew unless given. The work is bounded: beyond it, `cut` is set.
    """
    return _Comparison(before, after).of(people_seen() if seen is None else seen)


def any_role(side: Snapshot, people: Iterable[PersonSeen]) -> frozenset[int]:
    """Return the pks of those of these people who have any role."""
    rules = Rules(side.rules)
    given = Given(side.roles, *_alone(side.roles), {})
    return frozenset(
        person.pk for person in people if any(map(given.by, rules.of(person.values(rules.claims))))
    )


class _Comparison:
    """The work of one comparison; what people have in common is worked out once."""

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        numbers_before, numbers_after = _numbered(before.roles, after.roles)
        groups = {
            numbers[role.id]: _group(role)
            for numbers, roles in ((numbers_before, before.roles), (numbers_after, after.roles))
            for role in roles
        }
        shared: dict[Offers, Offers] = {}
        self._before = Given(before.roles, numbers_before, groups, shared)
        self._after = Given(after.roles, numbers_after, groups, shared)
        had, has = _decided_by(before, numbers_before), _decided_by(after, numbers_after)
        # What a rule that stays gives can differ only in these roles.
        other = {number for number in had.keys() | has.keys() if had.get(number) != has.get(number)}
        others_before = [role for role in before.roles if numbers_before[role.id] in other]
        others_after = [role for role in after.roles if numbers_after[role.id] in other]
        self._others_before = Given(others_before, numbers_before, groups, shared)
        self._others_after = Given(others_after, numbers_after, groups, shared)
        same = [role for role in after.roles if numbers_after[role.id] not in other]
        self._same = Given(same, numbers_after, groups, shared) if other else self._after
        kept = {_meaning(rule) for rule in before.rules} & {_meaning(rule) for rule in after.rules}
        self._rules_before = Rules(rule for rule in before.rules if _meaning(rule) not in kept)
        self._rules_after = Rules(rule for rule in after.rules if _meaning(rule) not in kept)
        self._rules_kept = Rules(rule for rule in after.rules if _meaning(rule) in kept)
        self._compared = self._rules_kept if other else Rules(())
        self._claims = self._rules_before.claims | self._rules_after.claims | self._compared.claims
        self._gains, self._losses = _Side(), _Side()

    def of(self, seen: PeopleSeen) -> AccessChanges:
        looked_at = 0
        for person in seen.people:
            if (
                self._decided > _MOST_DECIDED
                or _Side.work(self._gains, self._losses) > _MOST_COMPARED
            ):
                break
            looked_at += 1
            self._compare(person)
        return AccessChanges(
            self._gains.changes(),
            self._losses.changes(),
            gaining=self._gains.number_of_people,
            losing=self._losses.number_of_people,
            looked_at=looked_at,
            unknown=seen.unknown,
            blocked=seen.blocked,
            cut=seen.cut or looked_at < len(seen.people),
        )

    @property
    def _decided(self) -> int:
        sides = {self._before, self._after, self._others_before, self._others_after, self._same}
        return sum(side.decided for side in sides)

    def _compare(self, person: PersonSeen) -> None:
        values = person.values(self._claims)
        compared = list(self._compared.of(values))
        before = _by_group(
            chain(
                map(self._before.by, self._rules_before.of(values)),
                map(self._others_before.by, compared),
            )
        )
        after = _by_group(
            chain(
                map(self._after.by, self._rules_after.of(values)),
                map(self._others_after.by, compared),
            )
        )
        touched = {
            group for group in before.keys() | after.keys() if before.get(group) != after.get(group)
        }
        if not touched:
            return
        for group, offers in self._kept(person, touched).items():
            before.setdefault(group, set()).update(offers)
            after.setdefault(group, set()).update(offers)
        for group in touched:
            had, has = before.get(group, set()), after.get(group, set())
            self._gains.add(person, group, has, had)
            self._losses.add(person, group, had, has)

    def _kept(self, person: PersonSeen, touched: set[Group]) -> dict[Group, set[Offers]]:
        """Return what somebody has before and after by rules and roles that stay, in these groups only."""
        holdings = list(self._rules_kept.of(person.values(self._rules_kept.claims)))
        found = _by_group(
            self._same.by(holding, role_name=name)
            for name in {name for name, _, _ in touched}
            for holding in holdings
        )
        return {group: offers for group, offers in found.items() if group in touched}


class _Side:
    """Those who gain, or those who lose."""

    def __init__(self) -> None:
        self.compared = 0
        self._people: dict[tuple[Group, What], list[PersonSeen]] = defaultdict(list)
        self._roles: dict[tuple[Group, What], set[int]] = defaultdict(set)
        self._counted: set[tuple[Group, Offers]] = set()
        self._all: set[int] = set()

    @staticmethod
    def work(*sides: _Side) -> int:
        return sum(side.compared for side in sides)

    @property
    def number_of_people(self) -> int:
        return len(self._all)

    def add(self, person: PersonSeen, group: Group, mine: set[Offers], others: set[Offers]) -> None:
        """Note a person who has some offers of a group, and has or had others of it."""
        if not mine:
            return
        if not others:
            # By far the most common: nothing to take away, and each offer is counted once for all.
            for offers in mine:
                if (group, offers) not in self._counted:
                    self._counted.add((group, offers))
                    self._roles[group, "role"] |= offers.console | offers.keys
            self._note(person, group, "role")
            return
        if not (mine := mine - others):
            return
        self.compared += sum(len(one.console) + len(one.keys) for one in (*mine, *others))
        console = _without(mine, others, Kind.CONSOLE)
        if all(one.console == one.keys for one in (*mine, *others)):
            whole = keys = console
        else:
            keys = _without(mine, others, Kind.KEYS)
            held = [each for one in others for each in (one.console, one.keys)]
            whole = (console | keys).difference(*held)
        parts: dict[What, frozenset[int]] = {
            "role": whole,
            "console": console - whole,
            "keys": keys - whole,
        }
        for what, numbers in parts.items():
            if numbers:
                self._roles[group, what] |= numbers
                self._note(person, group, what)

    def _note(self, person: PersonSeen, group: Group, what: What) -> None:
        self._all.add(person.pk)
        self._people[group, what].append(person)

    def changes(self) -> tuple[RoleChange, ...]:
        return tuple(
            RoleChange(
                *group,
                what,
                accounts=len(self._roles[group, what]),
                people=len(people),
                named=tuple(people[:NAMED]),
            )
            for (group, what), people in sorted(self._people.items(), key=lambda item: item[0])
        )


def _without(mine: set[Offers], others: set[Offers], kind: Kind) -> frozenset[int]:
    """Return the numbers that some offers have of a kind, and others have not."""
    found = _united(mine, kind)
    small = {one for one in others if len(one.of(kind)) < len(found)}
    found -= _united(small, kind)
    for large in others - small:
        found -= large.of(kind)
    return found


def _united(offers: set[Offers], kind: Kind) -> frozenset[int]:
    if len(offers) == 1:
        return next(iter(offers)).of(kind)
    return frozenset[int]().union(*(one.of(kind) for one in offers))


def _by_group(gifts: Iterable[Gift]) -> dict[Group, set[Offers]]:
    found: dict[Group, set[Offers]] = defaultdict(set)
    for gift in gifts:
        for group, offers in gift.items():
            found[group].add(offers)
    return dict(found)


def _group(role: OfferedRole) -> Group:
    return role.role_name, role.environment.label if role.environment else "", role.privileged


def _alone(roles: Sequence[OfferedRole]) -> tuple[dict[int, int], dict[int, Group]]:
    return {role.id: role.id for role in roles}, {role.id: _group(role) for role in roles}


def _numbered(
    before: Sequence[OfferedRole], after: Sequence[OfferedRole]
) -> tuple[dict[int, int], dict[int, int]]:
    """Number the roles of both snapshots: by id, which stays when something is renamed, else by name.

    A role that was deleted and added again has another id and the same name.
    """
    numbers_before = {role.id: number for number, role in enumerate(before)}
    stay = {role.id for role in after} & numbers_before.keys()
    gone = {
        (role.account_id, role.role_name): numbers_before[role.id]
        for role in before
        if role.id not in stay
    }
    numbers_after = {
        role.id: numbers_before[role.id]
        if role.id in stay
        else gone.get((role.account_id, role.role_name), len(before) + number)
        for number, role in enumerate(after)
    }
    return numbers_before, numbers_after


def _decided_by(side: Snapshot, numbers: Mapping[int, int]) -> dict[int, tuple[object, ...]]:
    """Return everything of each role that a rule looks at."""
    return {
        numbers[role.id]: (
            role.account_id,
            role.account_name,
            role.partition,
            role.environment and role.environment.name,
            role.organizational_unit,
            role.tags,
            role.role_name,
            role.iam_path,
            role.iam_role_name,
            role.console,
            role.keys,
        )
        for role in side.roles
    }


def _meaning(rule: Rule) -> Rule:
    """Return a rule without what makes no difference to what it gives."""
    return replace(rule, mapping_id=0, name="")
