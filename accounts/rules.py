"""Load mappings as rules: only those that could match these claim values."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Mappings
from collections.abc import Set as AbstractSet
from datetime import datetime

from accounts import sql
from accounts.matching import Rule, Targets
from accounts.models import Mapping, MappingTarget
from accounts.models.mappings import TargetKind
from accounts.patterns import Match

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


def rule_of(mapping: Mapping) -> Rule | None:
    """Return one mapping as a rule, whether or not it is in force; None if it has no targets."""
    targets = MappingTarget.objects.filter(mapping=mapping).order_by("id")
    return next(iter(_as_rules(targets.values_list(*COLUMNS))), None)


def _as_rules(rows: Iterable[sql.Row]) -> list[Rule]:
    by_mapping: dict[sql.Row, list[sql.Row]] = {}
    for row in rows:
        by_mapping.setdefault(row[:_OF_MAPPING], []).append(row[_OF_MAPPING:])
    return [
        Rule(
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
        for (
            mapping_id,
            name,
            claim,
            match,
            value,
            role_name,
            console,
            keys,
            split,
        ), target_rows in by_mapping.items()
    ]


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
