"""Load account roles as they are offered: only those that rules could give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from django.db.models import Q, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import Exact

from accounts import sql
from accounts.aws.arn import RoleArn
from accounts.matching import Rule, Targets
from accounts.models import AccountRole
from accounts.patterns import Match, account_ids
from accounts.storable import is_storable
from accounts.types import Environment, OfferedRole, RoleRef

# Beyond this a query narrows less: SQLite takes expressions 1,000 deep and 32,766 parameters.
_MOST_CONDITIONS = 300
_MOST_NAMES = 30_000
# Tag keys that both databases find in JSON as they are; of any other key, all accounts are read.
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_ .:/=+@-]*")

COLUMNS = (
    "id",
    "account__account_id",
    "account__name",
    "account__partition",
    "account__environment__name",
    "account__environment__label",
    "account__environment__colour",
    "account__organizational_unit",
    "account__tags",
    "account__region",
    "permission_set__name",
    "permission_set__iam_path",
    "iam_role_name",
    "permission_set__description",
    "permission_set__session_duration",
    "permission_set__destination",
    "permission_set__privileged",
    "permission_set__console",
    "permission_set__keys",
    "account__trust_method",
    "account__external_id",
    "permission_set__session_tags",
)


def offered_role(role: RoleRef | RoleArn) -> OfferedRole | None:
    """Return one role of an active account, in one query; None if there is none.

    An ARN must be the role's own, letter by letter, including the path.
    """
    if isinstance(role, RoleRef):
        texts = [role.account_id, role.role_name]
    else:
        texts = [role.account_id, role.partition, role.path, role.name]
    if not all(map(is_storable, texts)):
        return None
    row = (
        sql.role_by_name(account_id=role.account_id, role_name=role.role_name)
        if isinstance(role, RoleRef)
        else sql.role_by_arn(role)
    )
    return None if row is None else _as_offered(row)


def offered_roles(
    *,
    rules: Sequence[Rule],
    values: Mapping[str, AbstractSet[str]] | None = None,
    account_id: str | None = None,
    role_name: str | None = None,
) -> Iterator[OfferedRole]:
    """Yield the roles in active accounts that these rules could give, by account and role name, in one query.

    The query narrows; it does not decide. Without `values` a template is not narrowed by the
    account ids that claim values name.
    """
    if account_id is not None and role_name is not None:
        # One at most: nothing is left to be narrowed.
        found = offered_role(RoleRef(account_id, role_name))
        return iter(() if found is None else (found,))
    query = AccountRole.objects.filter(*_reached_by(rules, values), account__active=True)
    if account_id is not None:
        query = query.filter(account__account_id=account_id)
    if role_name is not None:
        query = query.filter(permission_set__name=role_name)
    rows = query.order_by(
        "account__name", "account__account_id", "permission_set__name"
    ).values_list(*COLUMNS)
    return map(_as_offered, rows)


def _reached_by(
    rules: Iterable[Rule], values: Mapping[str, AbstractSet[str]] | None
) -> tuple[Q, ...]:
    """Build one condition per permission set, so that it grows with the sets and not with the rules.

    The accounts of all sets together come first: by them the database finds the few rows to look at.
    """
    per_set: dict[str | None, list[Targets]] = {}
    for rule in rules:
        named = None
        if rule.match is Match.TEMPLATE and values is not None:
            named = account_ids(rule.value, values.get(rule.claim, frozenset()))
        targets = rule.targets if named is None else Targets(accounts=named)
        per_set.setdefault(rule.role_name, []).append(targets)
    reached = {role_name: Targets.union(parts) for role_name, parts in per_set.items()}
    together = Targets.union(reached.values())
    conditions = [*reached.values(), together]
    if (
        sum(1 + len(each.organizational_units) + len(each.tags) for each in conditions)
        > _MOST_CONDITIONS
        or sum(len(each.accounts) + len(each.environments) for each in conditions) > _MOST_NAMES
    ):
        return ()
    each_set = Q(pk__in=[])
    for role_name, targets in reached.items():
        named_so = Q() if role_name is None else Q(permission_set__name=role_name)
        each_set |= _in_accounts(targets) & named_so
    return _in_accounts(together), each_set


def _in_accounts(targets: Targets) -> Q:
    if targets.everything or not all(_PLAIN_KEY.fullmatch(key) for key, _ in targets.tags):
        return Q(pk__isnull=False)
    condition = Q(account__account_id__in=sorted(targets.accounts))
    condition |= Q(account__environment__name__in=sorted(targets.environments))
    for unit in sorted(targets.organizational_units):
        condition |= Q(account__organizational_unit=unit)
        condition |= Q(account__organizational_unit__startswith=f"{unit}/")
    for key, value in sorted(targets.tags):
        condition |= Q(Exact(KeyTextTransform(key, "account__tags"), Value(value)))
    return condition


def _as_offered(row: sql.Row) -> OfferedRole:
    environment = Environment(*row[4:7]) if row[4] is not None else None
    return OfferedRole(
        id=row[0],
        account_id=row[1],
        account_name=row[2],
        partition=row[3],
        environment=environment,
        organizational_unit=row[7],
        tags=_pairs_of_text(row[8]),
        region=row[9],
        role_name=row[10],
        iam_path=row[11],
        iam_role_name=row[12] or row[10],
        description=row[13],
        session_duration=row[14],
        destination=row[15],
        privileged=row[16],
        console=row[17],
        keys=row[18],
        trust_method=row[19],
        external_id=row[20],
        session_tags=_texts(row[21]),
    )


def _pairs_of_text(tags: Any) -> tuple[tuple[str, str], ...]:
    # What was written past the forms must not stop everybody else's decision.
    if not isinstance(tags, dict):
        return ()
    return tuple(sorted((key, value) for key, value in tags.items() if isinstance(value, str)))


def _texts(keys: Any) -> tuple[str, ...]:
    if not isinstance(keys, list):
        return ()
    return tuple(key for key in keys if isinstance(key, str))
