"""Load mappings as rules: only those that could match these claim values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Mappings
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Field, Q, QuerySet

from accounts.made import Made
from accounts.matching import MatchKind, Rule, Targets
from accounts.models import Mapping, MappingTarget, PermissionSet, TrustedIssuer
from accounts.models.mappings import Match, TargetKind
from accounts.prepared import Prepared, Row

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
_PATTERNED = [match for match in Match if match is not Match.EXACT]
# Somebody in more groups than this has their query written anew each time.
_MOST_PREPARED = 4096


def claims_in_use(*, now: datetime, issuer: str | None = None) -> frozenset[str]:
    """Return the claims that mappings in force read, in one query.

    `issuer` is that of a workload; None asks for the mappings of people. Neither sees the other's.
    """
    if issuer is None:
        rows = _CLAIMS_OF_PEOPLE.rows(now)
    else:
        rows = _CLAIMS_OF_WORKLOADS.rows(now, issuer)
    return frozenset(claim for (claim,) in rows)


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
    claims = sorted(claim for claim, found in values.items() if found)
    if not claims:
        return []
    texts = sorted(frozenset().union(*values.values()))
    if len(texts) > _MOST_PREPARED:
        return _as_rules(_in_force(texts, claims, now=now, role_name=role_name, issuer=issuer))
    # Repeating the last one makes no difference to IN, and few lengths to prepare.
    texts += texts[-1:] * (_length(len(texts)) - len(texts))
    prepared = _prepared(len(texts), len(claims), role_name is not None, issuer is not None)
    named = [each for each in (role_name, issuer) if each is not None]
    return list(prepared.made(now, *texts, *claims, *named))


def _in_force(
    texts: Sequence[str],
    claims: Sequence[str],
    *,
    now: datetime,
    role_name: str | None,
    issuer: str | None,
) -> QuerySet[MappingTarget]:
    # Whole on both sides of the OR: only so does SQLite find either side through the index.
    those = _meant_for(issuer, "mapping__") & Q(mapping__claim__in=claims)
    by_value = those & Q(mapping__match=Match.EXACT) & Q(mapping__value__in=texts)
    by_pattern = those & Q(mapping__match__in=_PATTERNED)
    query = MappingTarget.objects.filter(by_value | by_pattern).filter(
        Q(mapping__expires_at=None) | Q(mapping__expires_at__gt=now), mapping__enabled=True
    )
    if role_name is None:
        return query
    return query.filter(
        Q(mapping__permission_set=None) | Q(mapping__permission_set__name=role_name)
    )


def _length(length: int) -> int:
    return max(8, 1 << (length - 1).bit_length())


@lru_cache(maxsize=64)
def _prepared(
    texts: int, claims: int, by_role: bool, of_workloads: bool
) -> Made[MappingTarget, tuple[Rule, ...]]:
    """Write the SQL once for all that ask with so many texts and claims."""
    fields: list[Field[Any, Any]] = [
        Mapping._meta.get_field("expires_at"),
        *[Mapping._meta.get_field("value")] * texts,
        *[Mapping._meta.get_field("claim")] * claims,
        *[PermissionSet._meta.get_field("name")] * by_role,
        *[TrustedIssuer._meta.get_field("url")] * of_workloads,
    ]

    def build(now: datetime, *rest: str) -> QuerySet[MappingTarget, Row]:
        named = iter(rest[texts + claims :])
        return _in_order(
            _in_force(
                rest[:texts],
                rest[texts : texts + claims],
                now=now,
                role_name=next(named) if by_role else None,
                issuer=next(named) if of_workloads else None,
            )
        )

    return Made(build, *fields, make=_from_rows)


def _meant_for(issuer: str | None, path: str = "") -> Q:
    if issuer is None:
        return Q(**{f"{path}issuer": None})
    return Q(**{f"{path}issuer__url": issuer, f"{path}issuer__enabled": True})


def rule_of(mapping: Mapping) -> Rule | None:
    """Return one mapping as a rule, whether or not it is in force; None if it has no target."""
    return next(iter(_as_rules(MappingTarget.objects.filter(mapping=mapping))), None)


def _in_order(query: QuerySet[MappingTarget]) -> QuerySet[MappingTarget, Row]:
    return query.order_by("mapping__name", "mapping_id", "id").values_list(*_COLUMNS)


def _as_rules(query: QuerySet[MappingTarget]) -> list[Rule]:
    return list(_from_rows(_in_order(query)))


def _from_rows(rows: Iterable[Row]) -> tuple[Rule, ...]:
    heads: dict[int, Row] = {}
    targets: dict[int, list[Row]] = {}
    for row in rows:
        heads[row[0]] = row[:8]
        targets.setdefault(row[0], []).append(row[8:])
    return tuple(
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
    )


def _targets(rows: list[Row]) -> Targets:
    return Targets(
        everything=any(kind == TargetKind.ALL for kind, *_ in rows),
        accounts=frozenset(row[1] for row in rows if row[0] == TargetKind.ACCOUNT),
        environments=frozenset(row[2] for row in rows if row[0] == TargetKind.ENVIRONMENT),
        organizational_units=frozenset(row[3] for row in rows if row[0] == TargetKind.UNIT),
        tags=frozenset((row[4], row[5]) for row in rows if row[0] == TargetKind.TAG),
    )


def _claims(now: datetime, issuer: str | None) -> QuerySet[Mapping, Row]:
    in_force = Mapping.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now), _meant_for(issuer), enabled=True
    )
    return in_force.values_list("claim").order_by().distinct()


_CLAIMS_OF_PEOPLE = Prepared(lambda now: _claims(now, None), Mapping._meta.get_field("expires_at"))
_CLAIMS_OF_WORKLOADS = Prepared(
    _claims,
    Mapping._meta.get_field("expires_at"),
    TrustedIssuer._meta.get_field("url"),
)
