"""What is missing for a mapping to give a role to somebody: in sentences, by the verdict of the mapping's rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from accounts import moments
from accounts.claims import OF_THE_PORTAL, ClaimProblem, pick, why_unread
from accounts.entitlements import values_of
from accounts.matching import Miss, Rule, read
from accounts.near_misses import by_folded, difference, folded
from accounts.patterns import Match, render, wildcard
from accounts.rules import StoredRule
from accounts.types import Kind, OfferedRole, Subject
from accounts.visible import visible
from accounts.vouched_claims import NOT_VERIFIED_HINT

_SEPARATORS = ";,| "


class Nearness(IntEnum):
    """How near a mapping is to giving a role; the nearest comes first."""

    GIVES = 0
    NOT_IN_FORCE = 1
    UNVERIFIED = 2
    INCOMPLETE = 3
    NEARLY_MATCHING = 4
    GIVES_NOTHING = 5
    OTHER_ACCOUNT = 6
    NO_VALUE = 7
    NOT_RENDERED = 8
    UNREACHED = 9


@dataclass(frozen=True, slots=True)
class MappingLine:
    """What one mapping says of one role for somebody.

    `wanted` is the claim value that it wants for this role, `value` the one that gives it, "" if none does.
    `kinds` are what it gives now. `missing` says what is missing, in sentences; empty if it gives the role.
    """

    mapping_id: int
    name: str
    claim: str
    wanted: str
    value: str
    kinds: tuple[Kind, ...]
    nearness: Nearness
    missing: tuple[str, ...]

    @property
    def gives(self) -> bool:
        return bool(self.kinds)


class Missing:
    """What somebody's claims lack; what mappings have in common is worked out once."""

    def __init__(self, subject: Subject, rules: list[StoredRule], *, now: datetime) -> None:
        self._subject, self._now = subject, now
        claims = frozenset(stored.rule.claim for stored in rules)
        self.values, self.problems = values_of(subject, claims)
        self._incomplete = {problem.claim: problem for problem in self.problems}
        self._alike: dict[tuple[str, str], dict[str, list[str]]] = {}

    def line(self, stored: StoredRule, role: OfferedRole) -> MappingLine:
        """Return what a mapping says of a role; `Rule.verdict` decides, this puts it into words."""
        rule = stored.rule
        values = self.values.get(rule.claim, frozenset())
        verdict = rule.verdict(role, values)
        wanted = render(rule.value, role) if rule.match is Match.TEMPLATE else rule.value
        states = self._states(stored)
        kinds: tuple[Kind, ...] = ()
        missing: tuple[str, ...]
        if verdict.value is not None:
            given = (
                (Kind.CONSOLE, role.console and rule.console),
                (Kind.KEYS, role.keys and rule.keys),
            )
            kinds = tuple(kind for kind, gives in given if gives)
            if not kinds:
                nearness, missing = (
                    Nearness.GIVES_NOTHING,
                    ("It gives the console or keys alone, and the role offers only the other.",),
                )
            elif states:
                nearness, missing, kinds = Nearness.NOT_IN_FORCE, (), ()
            else:
                nearness, missing = Nearness.GIVES, ()
        else:
            nearness, missing = self._why_not(rule, verdict.miss, role, values, wanted)
        return MappingLine(
            mapping_id=rule.mapping_id,
            name=rule.name,
            claim=rule.claim,
            wanted=wanted or rule.value,
            value=verdict.value or "",
            kinds=kinds,
            nearness=nearness,
            missing=(*states, *missing),
        )

    def _states(self, stored: StoredRule) -> tuple[str, ...]:
        """Say why a mapping is not in force; nothing if it is."""
        states = []
        if not stored.enabled:
            states.append("The mapping is disabled.")
        if stored.expires_at is not None and stored.expires_at <= self._now:
            states.append(f"The mapping expired on {moments.in_words(stored.expires_at)}.")
        if not stored.issuer_enabled:
            states.append("The mapping's trusted issuer is disabled.")
        return tuple(states)

    def _why_not(
        self,
        rule: Rule,
        miss: Miss | None,
        role: OfferedRole,
        values: frozenset[str],
        wanted: str | None,
    ) -> tuple[Nearness, tuple[str, ...]]:
        match miss:
            case Miss.OTHER_ACCOUNT if rule.targets == type(rule.targets)():
                return Nearness.UNREACHED, ("The mapping names no accounts: it has no targets.",)
            case Miss.OTHER_ACCOUNT if rule.relevant(values):
                return Nearness.OTHER_ACCOUNT, (
                    "They have the claim value, but the mapping's targets do not include this account.",
                )
            case Miss.OTHER_ACCOUNT:
                return Nearness.UNREACHED, ("The mapping's targets do not include this account.",)
            case Miss.NOT_RENDERED:
                return Nearness.NOT_RENDERED, (
                    "The account lacks what the template names, such as an environment.",
                )
            case Miss.NO_CLAIM | Miss.OTHER_VALUES:
                return self._without_value(rule, role, values, wanted or rule.value)
        return Nearness.NOT_RENDERED, ("The mapping has no claim, no value or no permission set.",)

    def _without_value(
        self, rule: Rule, role: OfferedRole, values: frozenset[str], wanted: str
    ) -> tuple[Nearness, tuple[str, ...]]:
        if problem := self._incomplete.get(rule.claim):
            return Nearness.INCOMPLETE, (_of_problem(problem),)
        sent = frozenset(pick(self._subject.claims, rule.claim))
        if rule.claim.startswith(OF_THE_PORTAL):
            return Nearness.NO_VALUE, ("Only machine tokens of this portal have this claim.",)
        if rule.verdict(role, sent).value is not None:
            return Nearness.UNVERIFIED, (
                f"The value arrived, but does not count: the e-mail address is not verified. {NOT_VERIFIED_HINT}",
            )
        if near := self._nearly(rule, values, wanted):
            return Nearness.NEARLY_MATCHING, (near,)
        if not values:
            why = why_unread(self._subject.claims, rule.claim)
            return Nearness.NO_VALUE, (f"The claim “{rule.claim}” has no values. {why}".strip(),)
        what = {
            Match.EXACT: f"is “{visible(wanted)}”",
            Match.WILDCARD: f"fits “{visible(wanted)}”",
            Match.TEMPLATE: f"is “{visible(wanted)}”, which the template stands for here",
        }[rule.match]
        return Nearness.NO_VALUE, (f"No value of the claim “{rule.claim}” {what}.",)

    def _nearly(self, rule: Rule, values: frozenset[str], wanted: str) -> str:
        """Say which value only looks like the one that is wanted; "" if none does."""
        key = (rule.claim, rule.split)
        if key not in self._alike:
            self._alike[key] = by_folded(read(values, rule.split))
        alike = self._alike[key]
        if rule.match is Match.WILDCARD:
            pattern = folded(wanted)
            found = next((each[0] for text, each in alike.items() if wildcard(pattern, text)), None)
            way = "upper and lower case, spaces at its ends or Unicode form"
        else:
            found = next(iter(alike.get(folded(wanted), ())), None)
            way = difference(found, wanted) if found is not None else ""
        if found is not None:
            return (
                f"Nearly matching: “{visible(found)}” is not “{visible(wanted)}”; they differ in {way}. "
                "Values are compared letter by letter."
            )
        if not rule.split and rule.match is not Match.WILDCARD:
            for text in values:
                for separator in _SEPARATORS:
                    if separator in text and wanted in read(frozenset({text}), separator):
                        return (
                            f"“{visible(wanted)}” is part of one text that arrived. The mapping can split texts at "
                            f"“{separator}”."
                        )
        return ""


def _of_problem(problem: ClaimProblem) -> str:
    return f"{problem.message} An incomplete claim gives nothing."
