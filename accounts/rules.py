"""Load mappings as rules: only those that could match these claim values."""

from __future__ import annotations

from collections.abc import Mapping as Mappings
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts.matching import MatchKind, Rule, Targets
from accounts.models import Mapping, MappingTarget
from accounts.models.mappings import Match, TargetKind

_COLUMNS = (
    "mapping_id",
    "mapping__name",
    "mapping__claim",
    "mapping__match",
    "mapping__value",
    "mapping__permission_set__name",
    "mapping__console",
    "mapping__keys",
    "kind",
    "account__account_id",
    "environment__name",
    "unit",
    "tag_key",
    "tag_value",
)


def claims_in_use(*, now: datetime, issuer: str | None = None) -> frozenset[str]:
    """Return the claims that mappings in force read, in one query.

    `issuer` is that of a workload; None asks for the mappings of people. Neither sees the other's.
    """
    in_force = Mapping.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now), _meant_for(issuer), enabled=True
    )
    return frozenset(in_force.values_list("claim", flat=True).order_by().distinct())


def rules_in_force(
    *,
    values: Mappings[str, AbstractSet[str]],
    now: datetime,
    role_name: str | None = None,
    issuer: str | None = None,
) -> list[Rule]:
    """Return the rules that could match these values, by name, in one query; `issuer` as above.

    Exact mappings are found by value through the index; patterned ones are few and all loaded.
    A mapping without targets reaches nothing and is left out by the join.
    """
    query = MappingTarget.objects.filter(
        Q(mapping__expires_at=None) | Q(mapping__expires_at__gt=now),
        ~Q(mapping__match=Match.EXACT)
        | Q(mapping__value__in=sorted(frozenset().union(*values.values()))),
        _meant_for(issuer, "mapping__"),
        mapping__enabled=True,
        mapping__claim__in=sorted(claim for claim, found in values.items() if found),
    )
    if role_name is not None:
        query = query.filter(
            Q(mapping__permission_set=None) | Q(mapping__permission_set__name=role_name)
        )
    return _as_rules(query)


def _meant_for(issuer: str | None, path: str = "") -> Q:
    if issuer is None:
        return Q(**{f"{path}issuer": None})
    return Q(**{f"{path}issuer__url": issuer, f"{path}issuer__enabled": True})


def rule_of(mapping: Mapping) -> Rule | None:
    """Return one mapping as a rule, whether or not it is in force; None if it has no target."""
    return next(iter(_as_rules(MappingTarget.objects.filter(mapping=mapping))), None)


def _as_rules(query: QuerySet[MappingTarget]) -> list[Rule]:
    heads: dict[int, tuple[Any, ...]] = {}
    targets: dict[int, list[tuple[Any, ...]]] = {}
    for row in query.order_by("mapping__name", "mapping_id", "id").values_list(*_COLUMNS):
        heads[row[0]] = row[:8]
        targets.setdefault(row[0], []).append(row[8:])
    return [
        Rule(
            mapping_id=number,
            name=name,
            claim=claim,
            match=MatchKind(match),
            value=value,
            role_name=role_name,
            targets=_targets(targets[number]),
            console=console,
            keys=keys,
        )
        for number, name, claim, match, value, role_name, console, keys in heads.values()
    ]


def _targets(rows: list[tuple[Any, ...]]) -> Targets:
    return Targets(
        everything=any(kind == TargetKind.ALL for kind, *_ in rows),
        accounts=frozenset(row[1] for row in rows if row[0] == TargetKind.ACCOUNT),
        environments=frozenset(row[2] for row in rows if row[0] == TargetKind.ENVIRONMENT),
        organizational_units=frozenset(row[3] for row in rows if row[0] == TargetKind.UNIT),
        tags=frozenset((row[4], row[5]) for row in rows if row[0] == TargetKind.TAG),
    )
