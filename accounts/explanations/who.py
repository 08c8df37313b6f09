"""Who can enter an account, a role, an environment, or anything privileged: people seen so far, and claim values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from accounts.access_changes import PersonSeen, people_seen
from accounts.access_changes.given import Gift, Given, Group, Holding, Rules
from accounts.directory import offered_roles
from accounts.entitlements import decide
from accounts.errors import InvalidRequest
from accounts.matching import Rule, Targets
from accounts.models import PermissionSet
from accounts.patterns import Match, render
from accounts.rules import StoredRule, stored_rules
from accounts.storable import is_storable
from accounts.types import OfferedRole

NAMED = 5
"""How many grants of a person a list names."""
# Roles that are decided: some ten seconds. People beyond it are not looked at.
_MOST_DECIDED = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about: roles for which all of this is true. Something must be asked.

    `account_id` is an account's twelve digits, `role_name` a permission set's name, `environment` its name (not its
    label). `privileged`: only roles of privileged permission sets. `mapping_id`: only what this mapping gives.
    """

    account_id: str = ""
    role_name: str = ""
    environment: str = ""
    privileged: bool = False
    mapping_id: int | None = None

    def __bool__(self) -> bool:
        return self != Question()


@dataclass(frozen=True, slots=True)
class Grant:
    """What one claim value gives somebody by one mapping: worked out when it is looked at, and once for all people."""

    rule: Rule
    value: str
    _given: Given = field(repr=False, compare=False)

    @property
    def gift(self) -> Gift:
        return self._given.by(Holding(self.rule.claim, frozenset({self.value}), (self.rule,)))

    def __str__(self) -> str:
        """As the audit trail says it."""
        return f"{self.rule.name}: {self.rule.claim} = {self.value}"


@dataclass(frozen=True, slots=True)
class Gained:
    """A role name in an environment that somebody has: in how many accounts, and in how many console and keys."""

    role_name: str
    environment: str
    privileged: bool
    accounts: int
    console: int
    keys: int


@dataclass(frozen=True, slots=True)
class PersonWho:
    """A person who can enter, by the claims of their latest sign-in."""

    person: PersonSeen
    grants: tuple[Grant, ...]

    @property
    def gained(self) -> tuple[Gained, ...]:
        """What they have of what was asked about."""
        console: dict[Group, set[int]] = defaultdict(set)
        keys: dict[Group, set[int]] = defaultdict(set)
        for grant in self.grants:
            for group, offers in grant.gift.items():
                console[group] |= offers.console
                keys[group] |= offers.keys
        return tuple(
            Gained(*group, len(console[group] | keys[group]), len(console[group]), len(keys[group]))
            for group in sorted(console)
        )

    @property
    def more(self) -> int:
        """How many grants there are beyond those that a list names."""
        return max(0, len(self.grants) - NAMED)

    def roles(self) -> Iterator[tuple[int, bool, bool, list[Grant]]]:
        """Yield the id of each role that they have, whether console and keys, and what gives it."""
        by_role: dict[int, list[Grant]] = defaultdict(list)
        console: set[int] = set()
        keys: set[int] = set()
        for grant in self.grants:
            for offers in grant.gift.values():
                console |= offers.console
                keys |= offers.keys
                for number in offers.console | offers.keys:
                    by_role[number].append(grant)
        for number in sorted(by_role):
            yield number, number in console, number in keys, by_role[number]


@dataclass(frozen=True, slots=True)
class ValueWho:
    """A claim value with which anybody could enter. `example` is one such value; of templates and patterns, one of many.

    `people` counts people seen so far who have one. `issuer` is a trusted issuer, whose programs it is for; "" for people.
    """

    rule: Rule
    example: str
    issuer: str
    expires_at: datetime | None
    people: int


@dataclass(frozen=True, slots=True)
class WhoCan:
    """Who can enter what was asked about.

    `roles` are the roles that are offered there, by id. `blocked` and `unknown` count people who are left out: blocked,
    or without a sign-in that is kept. `cut` says that there are more people than were looked at.
    """

    question: Question
    roles: dict[int, OfferedRole] = field(repr=False)
    people: tuple[PersonWho, ...]
    values: tuple[ValueWho, ...]
    looked_at: int
    blocked: int
    unknown: int
    cut: bool


def who_can(question: Question, *, now: datetime) -> WhoCan:
    """Return who can enter, in six queries at most: the function that decides at the door is asked for each mapping and value.

    What depends on the moment of a request is left out: second factors, how long ago a sign-in was.

    Raises:
        InvalidRequest: nothing is asked.
    """
    if not question:
        raise InvalidRequest(
            "Choose an account, a role, an environment, or privileged roles.",
            "who can enter: nothing is asked",
            code="explain.question",
        )
    roles = {role.id: role for role in _roles(question)}
    seen = people_seen()
    if not roles:
        return WhoCan(question, {}, (), (), len(seen.people), seen.blocked, seen.unknown, seen.cut)
    given = Given(
        roles.values(),
        {number: number for number in roles},
        dict(map(_grouped, roles.values())),
        {},
    )
    names = {role.role_name for role in roles.values()}
    stored = [
        one
        for one in stored_rules(role_names=names)
        if one.is_in_force(now) and question.mapping_id in (None, one.rule.mapping_id)
    ]
    examples = {
        one.rule.mapping_id: example
        for one in stored
        if (example := _example(one.rule, given)) is not None
    }
    rules = Rules(one.rule for one in stored if not one.issuer and one.rule.mapping_id in examples)
    people: list[PersonWho] = []
    holders: dict[int, int] = defaultdict(int)
    looked_at = 0
    for person in seen.people:
        if given.decided > _MOST_DECIDED:
            break
        looked_at += 1
        if grants := tuple(_grants(person, rules, given)):
            people.append(PersonWho(person, grants))
            for mapping_id in {grant.rule.mapping_id for grant in grants}:
                holders[mapping_id] += 1
    return WhoCan(
        question,
        roles,
        people=tuple(people),
        values=tuple(map(partial(_value, examples, holders), _giving(stored, examples))),
        looked_at=looked_at,
        blocked=seen.blocked,
        unknown=seen.unknown,
        cut=seen.cut or looked_at < len(seen.people),
    )


def _roles(question: Question) -> Iterator[OfferedRole]:
    """Yield the roles of active accounts that are asked about, in one or two queries."""
    texts = (question.account_id, question.role_name, question.environment)
    if not all(map(is_storable, texts)):
        return
    targets = (
        Targets(environments=frozenset({question.environment}))
        if question.environment
        else Targets(everything=True)
    )
    names: list[str | None] = [None]
    if question.privileged:
        privileged = PermissionSet.objects.filter(privileged=True).order_by("name")
        names = list(privileged.values_list("name", flat=True))
    # What a rule could give that gives all of these: the loader narrows by it.
    rules = [
        Rule(0, "", "", Match.TEMPLATE, "{role}", name, targets, console=True, keys=True)
        for name in names
    ]
    if not rules:
        return
    for role in offered_roles(
        rules=rules,
        account_id=question.account_id or None,
        role_name=question.role_name or None,
    ):
        # With both names the loader looks at nothing else.
        in_environment = role.environment is not None and role.environment.name
        if (not question.environment or in_environment == question.environment) and (
            role.privileged or not question.privileged
        ):
            yield role


def _grouped(role: OfferedRole) -> tuple[int, Group]:
    label = role.environment.label if role.environment else ""
    return role.id, (role.role_name, label, role.privileged)


def _example(rule: Rule, given: Given) -> str | None:
    """Return a claim value by which a rule gives one of the roles; None if it gives none of them by any."""
    for role in given.reached(rule, None, rule.role_name):
        value = render(rule.value, role) if rule.match is Match.TEMPLATE else rule.value
        if value is not None and decide(
            rules=[rule], values={rule.claim: frozenset({value})}, roles=[role]
        ):
            return value
    return None


def _grants(person: PersonSeen, rules: Rules, given: Given) -> Iterator[Grant]:
    for holding in rules.of(person.values(rules.claims)):
        for rule in holding.rules:
            for value in sorted(rule.read(holding.values)):
                grant = Grant(rule, value, given)
                # The rules here give something by each value that fits; of a template each value gives its own roles.
                if rule.match is not Match.TEMPLATE or grant.gift:
                    yield grant


def _giving(stored: list[StoredRule], examples: dict[int, str]) -> list[StoredRule]:
    return [one for one in stored if one.rule.mapping_id in examples]


def _value(examples: dict[int, str], holders: dict[int, int], stored: StoredRule) -> ValueWho:
    return ValueWho(
        stored.rule,
        examples[stored.rule.mapping_id],
        stored.issuer,
        stored.expires_at,
        holders[stored.rule.mapping_id],
    )
