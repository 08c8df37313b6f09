"""Load account roles from the database: only those that rules could give."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from django.db.models import Q, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import Exact

from accounts import sql
from accounts.aws.arn import RoleArn
from accounts.matching import Rule, Targets
from accounts.models import AccountRole, PermissionSet
from accounts.models.directory import TrustMethod
from accounts.models.trust_checks import CheckOutcome
from accounts.patterns import Match, Searchable, account_ids
from accounts.storable import is_storable
from accounts.types import Environment, OfferedRole, RoleRef, SessionRules

# With more than these the query narrows nothing: SQLite takes expressions 1,000 deep and 32,766 parameters.
_MOST_LOOKUPS = 300
_MOST_NAMES = 30_000
# Tag keys that mean the same to both databases in a JSON path. With any other key, all accounts are read.
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
    "trust_check__outcome",
    "trust_check__tested_at",
    "permission_set__requires_mfa",
    "permission_set__max_sign_in_age",
)
RULE_COLUMNS = (
    "permission_set__session_name_claim",
    "permission_set__source_identity_claim",
    "permission_set__claim_tags",
    "permission_set__transitive_tags",
    "permission_set__session_policy",
    "permission_set__session_policy_arns",
    "permission_set__read_only_policy",
    "permission_set__read_only_policy_arns",
)
"""What follows them where one role is loaded."""


def offered_role(role: RoleRef | RoleArn) -> OfferedRole | None:
    """Return one role of an active account with its session rules, in one query; None if there is none.

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
    return None if row is None else _with_rules(row)


def roles_by_id(ids: Collection[int]) -> list[OfferedRole]:
    """Return these account roles with their session rules, those of inactive accounts too, by account and role name."""
    rows = AccountRole.objects.filter(pk__in=ids).order_by(
        "account__name", "account__account_id", "permission_set__name"
    )
    return [_with_rules(row) for row in rows.values_list(*COLUMNS, *RULE_COLUMNS)]


def rules_of(permission_set: PermissionSet) -> SessionRules:
    """Return what a permission set says of its sessions."""
    names = [column.removeprefix("permission_set__") for column in RULE_COLUMNS]
    return _as_rules(tuple(getattr(permission_set, name) for name in names))


def sets_with_read_only() -> frozenset[str]:
    """Return the names of the permission sets that offer read-only sessions, in one query: lists do not load it."""
    without = Q(read_only_policy="", read_only_policy_arns=[])
    return frozenset(PermissionSet.objects.exclude(without).values_list("name", flat=True))


def offered_roles(
    *,
    rules: Sequence[Rule],
    values: Mapping[str, AbstractSet[str]] | None = None,
    account_id: str | None = None,
    role_name: str | None = None,
) -> Iterator[OfferedRole]:
    """Yield the roles of active accounts that these rules could give, in one query.

    The order is by account name and role name. The query leaves out what no rule can give; whether
    a rule gives what is left, it does not decide. Without `values` (claim -> its values) templates
    are not narrowed.
    """
    if account_id is not None and role_name is not None:
        role = offered_role(RoleRef(account_id, role_name))
        return iter(() if role is None else (role,))
    query = AccountRole.objects.filter(*_conditions(rules, values), account__active=True)
    if account_id is not None:
        query = query.filter(account__account_id=account_id)
    if role_name is not None:
        query = query.filter(permission_set__name=role_name)
    rows = query.order_by(
        "account__name", "account__account_id", "permission_set__name"
    ).values_list(*COLUMNS)
    return map(_as_offered, rows)


def _conditions(
    rules: Iterable[Rule], values: Mapping[str, AbstractSet[str]] | None
) -> tuple[Q, ...]:
    """Build one condition for each permission set, however many rules there are.

    The first condition is for the accounts of all sets together: the database finds few rows by it.
    """
    per_set: dict[str | None, list[Targets]] = {}
    searchables: dict[tuple[str, str], Searchable] = {}
    for rule in rules:
        named_accounts = None
        if rule.match is Match.TEMPLATE and values is not None:
            if (searchable := searchables.get((rule.claim, rule.split))) is None:
                sent = rule.read(values.get(rule.claim, frozenset()))
                searchable = searchables[rule.claim, rule.split] = Searchable(sent)
            named_accounts = account_ids(rule.value, searchable)
        targets = rule.targets if named_accounts is None else Targets(accounts=named_accounts)
        per_set.setdefault(rule.role_name, []).append(targets)
    reached = {role_name: Targets.union(parts) for role_name, parts in per_set.items()}
    together = Targets.union(reached.values())
    if _is_too_long([*reached.values(), together]):
        return ()
    any_set = Q(pk__in=[])
    for role_name, targets in reached.items():
        of_set = Q() if role_name is None else Q(permission_set__name=role_name)
        any_set |= _in_accounts(targets) & of_set
    return _in_accounts(together), any_set


def _is_too_long(conditions: Sequence[Targets]) -> bool:
    lookups = sum(1 + len(each.organizational_units) + len(each.tags) for each in conditions)
    names = sum(len(each.accounts) + len(each.environments) for each in conditions)
    return lookups > _MOST_LOOKUPS or names > _MOST_NAMES


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


def _as_rules(row: sql.Row) -> SessionRules:
    """Return the session rules; a value that was stored past the forms and is none stops this role, not others."""
    (
        session_name_claim,
        source_identity_claim,
        claim_tags,
        transitive_tags,
        policy,
        policy_arns,
        read_only_policy,
        read_only_policy_arns,
    ) = row
    return SessionRules(
        session_name_claim=session_name_claim,
        source_identity_claim=source_identity_claim,
        claim_tags=tuple(claim_tags.items()),
        transitive_tags=tuple(transitive_tags),
        policy=policy,
        policy_arns=tuple(policy_arns),
        read_only_policy=read_only_policy,
        read_only_policy_arns=tuple(read_only_policy_arns),
    )


def _with_rules(row: sql.Row) -> OfferedRole:
    return _as_offered(row[: len(COLUMNS)], _as_rules(row[len(COLUMNS) :]))


def _as_offered(row: sql.Row, rules: SessionRules | None = None) -> OfferedRole:
    (
        role_id,
        account_id,
        account_name,
        partition,
        environment,
        environment_label,
        environment_colour,
        organizational_unit,
        tags,
        region,
        role_name,
        iam_path,
        iam_role_name,
        description,
        session_duration,
        destination,
        privileged,
        console,
        keys,
        trust_method,
        external_id,
        session_tags,
        test_outcome,
        tested_at,
        requires_mfa,
        max_sign_in_age,
    ) = row
    return OfferedRole(
        id=role_id,
        account_id=account_id,
        account_name=account_name,
        partition=partition,
        environment=None
        if environment is None
        else Environment(environment, environment_label, environment_colour),
        organizational_unit=organizational_unit,
        tags=_pairs_of_text(tags),
        region=region,
        role_name=role_name,
        iam_path=iam_path,
        iam_role_name=iam_role_name or role_name,
        description=description,
        session_duration=session_duration,
        destination=destination,
        privileged=privileged,
        console=console,
        keys=keys and trust_method != TrustMethod.SWITCH_ROLE,
        trust_method=trust_method,
        external_id=external_id,
        session_tags=_texts(session_tags),
        requires_mfa=requires_mfa,
        max_sign_in_age=max_sign_in_age,
        failed_test_at=tested_at if test_outcome == CheckOutcome.BROKEN else None,
        session_rules=rules,
    )


def _pairs_of_text(tags: Any) -> tuple[tuple[str, str], ...]:
    # A value that was stored past the forms must not stop everybody's decisions.
    if not isinstance(tags, dict):
        return ()
    return tuple(sorted((key, value) for key, value in tags.items() if isinstance(value, str)))


def _texts(keys: Any) -> tuple[str, ...]:
    if not isinstance(keys, list):
        return ()
    return tuple(key for key in keys if isinstance(key, str))
