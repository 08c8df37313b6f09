"""Load mappings as rules: only those that could match these claim values."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Mappings
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts import sql
from accounts.claims import pick
from accounts.matching import Rule, Targets, read
from accounts.models import Mapping, MappingTarget
from accounts.models.mappings import TargetKind
from accounts.near_misses import by_folded, difference, folded
from accounts.patterns import Match
from accounts.types import Subject
from accounts.vouched_claims import vouched_for

# A row for each target: first its mapping, then the target.
COLUMNS = (
    "mapping_id",
    "mapping__name",
    "mapping__claim",
    "mapping__match",
    "mapping__value",
    "mapping__permission_set__name",
    "mapping__console",
    "mapping__keys",
    "mapping__split",
    "kind",
    "account__account_id",
    "environment__name",
    "unit",
    "tag_key",
    "tag_value",
)
_OF_MAPPING = 9
# Near misses: mappings that are compared, and lines that are shown.
_MOST_COMPARED, _MOST_SHOWN = 20_000, 20


def claims_in_use(*, now: datetime, issuer: str | None = None) -> frozenset[str]:
    """Return the claims that mappings in force read, in one query.

    `issuer` is the trusted issuer of a workload; None stands for people. Mappings of people never
    apply to workloads, nor the other way round.
    """
    return frozenset(sql.claims_in_use(now=now, issuer=issuer))


def rules_in_force(
    *,
    values: Mappings[str, AbstractSet[str]],
    now: datetime,
    role_name: str | None = None,
    issuer: str | None = None,
) -> list[Rule]:
    """Return the rules that could match these claim values, ordered by name, in one query.

    Exact mappings are found by value through an index; mappings with patterns, and those that split
    what arrived, are few, and all are loaded. A mapping without targets gives nothing and is left out. `issuer` is as in `claims_in_use`.
    """
    claims = [claim for claim, texts in values.items() if texts]
    if not claims:
        return []
    texts = frozenset().union(*values.values())
    rows = sql.rules_in_force(
        claims=claims, texts=texts, now=now, role_name=role_name, issuer=issuer
    )
    return _as_rules(rows)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A claim value that only looks like the value of a mapping; see `accounts.near_misses`."""

    mapping: str
    claim: str
    value: str
    wanted: str
    difference: str

    def __str__(self) -> str:
        return (
            f"“{self.value}” in the claim “{self.claim}” is not “{self.wanted}”, which the mapping “{self.mapping}” "
            f"wants: they differ in {self.difference}."
        )


def near_misses_of(subject: Subject, *, now: datetime) -> list[NearMiss]:
    """Return the values of a person's claims that nearly match an exact mapping in force; for admins to see."""
    claims = vouched_for(subject)
    mappings = Mapping.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now), issuer=None, match=Match.EXACT, enabled=True
    )
    sent: dict[tuple[str, str], dict[str, list[str]]] = {}
    misses = []
    for name, claim, split, wanted in mappings.order_by("name").values_list(
        "name", "claim", "split", "value"
    )[:_MOST_COMPARED]:
        if (claim, split) not in sent:
            sent[claim, split] = by_folded(read(frozenset(pick(claims, claim)), split))
        for value in sent[claim, split].get(folded(wanted), ()):
            if way := difference(value, wanted):
                misses.append(NearMiss(name, claim, value, wanted, way))
    return misses[:_MOST_SHOWN]


def all_rules_in_force(*, now: datetime) -> list[Rule]:
    """Return the rules of all of people's mappings in force, ordered by name, in one query."""
    targets = MappingTarget.objects.filter(
        Q(mapping__expires_at=None) | Q(mapping__expires_at__gt=now),
        mapping__issuer=None,
        mapping__enabled=True,
    ).order_by("mapping__name", "mapping_id", "id")
    return _as_rules(targets.values_list(*COLUMNS))


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A mapping as a rule, in force or not. `issuer` is the trusted issuer whose workloads it is for; "" for people."""

    rule: Rule
    enabled: bool
    expires_at: datetime | None
    issuer: str
    issuer_enabled: bool

    def is_in_force(self, now: datetime) -> bool:
        return (
            self.enabled
            and self.issuer_enabled
            and (self.expires_at is None or self.expires_at > now)
        )


_OF_STORED = (
    *("id", "name", "claim", "match", "value", "permission_set__name", "console", "keys", "split"),
    *("enabled", "expires_at", "issuer__url", "issuer__enabled"),
)
_OF_TARGETS = tuple(f"targets__{name}" for name in COLUMNS[_OF_MAPPING:])


def stored_rules(*, role_names: AbstractSet[str] | None = None) -> list[StoredRule]:
    """Return all mappings as rules, in force or not, ordered by name, in one query; for explanations.

    With `role_names`, only those that could give one of these permission sets. A mapping without targets is a rule
    that reaches no account.
    """
    mappings = Mapping.objects.order_by("name", "id", "targets__id")
    if role_names is not None:
        mappings = mappings.filter(
            Q(permission_set=None) | Q(permission_set__name__in=sorted(role_names))
        )
    by_mapping: dict[sql.Row, list[sql.Row]] = {}
    for row in mappings.values_list(*_OF_STORED, *_OF_TARGETS):
        targets = by_mapping.setdefault(row[: len(_OF_STORED)], [])
        if row[len(_OF_STORED)] is not None:
            targets.append(row[len(_OF_STORED) :])
    return [
        StoredRule(
            _as_rule(row[:_OF_MAPPING], targets),
            enabled,
            expires_at,
            issuer=issuer or "",
            issuer_enabled=issuer_enabled is not False,
        )
        for row, targets in by_mapping.items()
        for enabled, expires_at, issuer, issuer_enabled in [row[_OF_MAPPING:]]
    ]


def rule_of(mapping: Mapping) -> Rule | None:
    """Return one mapping as a rule, whether or not it is in force; None if it has no targets."""
    targets = MappingTarget.objects.filter(mapping=mapping).order_by("id")
    return next(iter(_as_rules(targets.values_list(*COLUMNS))), None)


def _as_rules(rows: Iterable[sql.Row]) -> list[Rule]:
    by_mapping: dict[sql.Row, list[sql.Row]] = {}
    for row in rows:
        by_mapping.setdefault(row[:_OF_MAPPING], []).append(row[_OF_MAPPING:])
    return [_as_rule(row, target_rows) for row, target_rows in by_mapping.items()]


def _as_rule(row: sql.Row, target_rows: Iterable[sql.Row]) -> Rule:
    mapping_id, name, claim, match, value, role_name, console, keys, split = row
    return Rule(
        mapping_id=mapping_id,
        name=name,
        claim=claim,
        match=Match(match),
        value=value,
        role_name=role_name,
        targets=_targets(target_rows),
        console=console,
        keys=keys,
        split=split,
    )


def _targets(rows: Iterable[sql.Row]) -> Targets:
    everything = False
    accounts, environments, units, tags = set(), set(), set(), set()
    for kind, account_id, environment, unit, tag_key, tag_value in rows:
        match kind:
            case TargetKind.ALL:
                everything = True
            case TargetKind.ACCOUNT:
                accounts.add(account_id)
            case TargetKind.ENVIRONMENT:
                environments.add(environment)
            case TargetKind.UNIT:
                units.add(unit)
            case _:  # TargetKind.TAG: the table refuses all other kinds.
                tags.add((tag_key, tag_value))
    return Targets(
        everything=everything,
        accounts=frozenset(accounts),
        environments=frozenset(environments),
        organizational_units=frozenset(units),
        tags=frozenset(tags),
    )
