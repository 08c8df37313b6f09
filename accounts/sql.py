"""Plain SQL for what each request for keys and each start page asks, and for the row that records keys, on SQLite and PostgreSQL.

Measured: the ORM takes 150 to 1,000 microseconds to compose one of these statements, SQLite 10 to 30 to
answer it. Each function that reads returns the rows that the ORM's `values_list` would; tests/accounts/test_sql.py
compares them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import DateTimeField, JSONField

from accounts.aws.arn import RoleArn

Row = tuple[Any, ...]

_MOMENT, _JSON = DateTimeField(), JSONField()

_OF_PEOPLE = "issuer_id IS NULL"
_OF_WORKLOADS = (
    "issuer_id = (SELECT id FROM accounts_trustedissuer WHERE url = %(issuer)s AND enabled)"
)

# Blocks of claim values name no identity; they are few, and each request of anybody is compared with all of them.
_BLOCKS = """
SELECT claim, value FROM accounts_block
WHERE (issuer = '' AND sub = '') OR (issuer = %(issuer)s AND sub = %(sub)s)
"""

_CLAIMS_IN_USE = """
SELECT DISTINCT claim
FROM accounts_mapping
WHERE {of_issuer} AND enabled AND (expires_at IS NULL OR expires_at > %(now)s)
"""

# Each part of the UNION finds its mappings through the index on (issuer, match, claim, value), or that of those that split.
# With joins in place of the subqueries PostgreSQL takes twice as long to plan this: 0.5 ms, and 0.1 ms to answer it.
_RULES_IN_FORCE = """
SELECT mapping.id, mapping.name, mapping.claim, mapping."match", mapping.value,
    (SELECT name FROM accounts_permissionset WHERE id = mapping.permission_set_id),
    mapping.console, mapping.keys, mapping.split,
    target.kind,
    (SELECT account_id FROM accounts_account WHERE id = target.account_id),
    (SELECT name FROM accounts_environment WHERE id = target.environment_id),
    target.unit, target.tag_key, target.tag_value
FROM accounts_mapping AS mapping
JOIN accounts_mappingtarget AS target ON target.mapping_id = mapping.id
WHERE mapping.id IN (
        SELECT id FROM accounts_mapping
        WHERE {of_issuer} AND "match" = 'exact' AND claim IN ({claims}) AND value IN ({texts})
        UNION ALL
        SELECT id FROM accounts_mapping
        WHERE {of_issuer} AND "match" IN ('wildcard', 'template') AND claim IN ({claims})
        UNION ALL
        SELECT id FROM accounts_mapping
        WHERE {of_issuer} AND split > '' AND claim IN ({claims})
    )
    AND mapping.enabled AND (mapping.expires_at IS NULL OR mapping.expires_at > %(now)s)
    AND {of_role}
ORDER BY mapping.name, mapping.id, target.id
"""
_OF_ANY_ROLE = "TRUE"
_OF_ONE_ROLE = """(mapping.permission_set_id IS NULL
    OR mapping.permission_set_id = (SELECT id FROM accounts_permissionset WHERE name = %(role_name)s))"""

# The environment by subqueries, as above; not the moment of a test, as SQLite says the type of columns only.
_OFFERED_ROLE = """
SELECT role.id, account.account_id, account.name, account.partition,
    (SELECT name FROM accounts_environment WHERE id = account.environment_id),
    (SELECT label FROM accounts_environment WHERE id = account.environment_id),
    (SELECT colour FROM accounts_environment WHERE id = account.environment_id),
    account.organizational_unit, account.tags, account.region,
    permission_set.name, permission_set.iam_path, role.iam_role_name, permission_set.description,
    permission_set.session_duration, permission_set.destination, permission_set.privileged,
    permission_set.console, permission_set.keys,
    account.trust_method, account.external_id, permission_set.session_tags,
    trust_check.outcome, trust_check.tested_at,
    permission_set.requires_mfa, permission_set.max_sign_in_age,
    permission_set.session_name_claim, permission_set.source_identity_claim,
    permission_set.claim_tags, permission_set.transitive_tags,
    permission_set.session_policy, permission_set.session_policy_arns,
    permission_set.read_only_policy, permission_set.read_only_policy_arns
FROM accounts_accountrole AS role
JOIN accounts_account AS account ON account.id = role.account_id
JOIN accounts_permissionset AS permission_set ON permission_set.id = role.permission_set_id
LEFT JOIN accounts_trustcheck AS trust_check ON trust_check.account_role_id = role.id
WHERE account.active AND account.account_id = %(account_id)s AND {wanted}
"""
_BY_NAME = "permission_set.name = %(role_name)s"
# The IAM role is named as the account role says, else as the permission set.
_BY_ARN = """account.partition = %(partition)s AND permission_set.iam_path = %(path)s
    AND (role.iam_role_name = %(name)s OR role.iam_role_name = '' AND permission_set.name = %(name)s)"""

_REVISION = "SELECT mark FROM accounts_revision"

# One query for both, because the start page needs both and little else.
_CHOSEN_ROLES = """
SELECT kind, account_id, role_name FROM (
    SELECT 'favourite' AS kind, account_id, role_name,
        ROW_NUMBER() OVER (ORDER BY position, id) AS place
    FROM accounts_favourite WHERE person_id = %(person_id)s
    UNION ALL
    SELECT 'recent' AS kind, account_id, role_name,
        ROW_NUMBER() OVER (ORDER BY last_used_at DESC) AS place
    FROM accounts_roleuse WHERE person_id = %(person_id)s
) AS chosen
WHERE place <= %(at_most)s
ORDER BY kind, place
"""

_AUDIT_ROW = """
INSERT INTO accounts_auditevent (
    at, action, issuer, sub, actor, actor_kind, surface, ip, user_agent, request_id, account_id, role_name, role_arn,
    duration, reason, error_code, access_key_id, session_name, assumed_role_arn, aws_request_id, detail
) VALUES (
    %(at)s, %(action)s, %(issuer)s, %(sub)s, %(actor)s, %(actor_kind)s, %(surface)s, %(ip)s, %(user_agent)s,
    %(request_id)s, %(account_id)s, %(role_name)s, %(role_arn)s, %(duration)s, %(reason)s, %(error_code)s,
    %(access_key_id)s, %(session_name)s, %(assumed_role_arn)s, %(aws_request_id)s, %(detail)s
)
"""

# account.tags, permission_set.session_tags, .claim_tags, .transitive_tags, .session_policy_arns, .read_only_policy_arns
_JSON_OF_ROLE = {8, 21, 28, 29, 31, 33}
_BOOLEANS_OF_ROLE = {16, 17, 18, 24}  # permission_set.privileged, .console, .keys, .requires_mfa
_MOMENTS_OF_ROLE = {23}  # trust_check.tested_at
_BOOLEANS_OF_RULE = {6, 7}  # mapping.console, .keys


def blocks(*, issuer: str, sub: str) -> list[Row]:
    """Return (claim, value) of each block that could be of this identity; ("", "") blocks the identity itself."""
    return _rows(_BLOCKS, {"issuer": issuer, "sub": sub})


def claims_in_use(*, now: datetime, issuer: str | None) -> list[str]:
    """Return the claims that mappings in force read; `issuer` as in `accounts.rules`."""
    sql = _CLAIMS_IN_USE.format(of_issuer=_of_issuer(issuer))
    return [claim for (claim,) in _rows(sql, {"now": _time(now), "issuer": issuer})]


def rules_in_force(
    *,
    claims: Collection[str],
    texts: Collection[str],
    now: datetime,
    role_name: str | None,
    issuer: str | None,
) -> list[Row]:
    """Return a row for each target of each mapping that could match; `issuer` as in `accounts.rules`."""
    named_claims, named_texts = _numbered("claim", claims), _numbered("text", texts)
    sql = _RULES_IN_FORCE.format(
        of_issuer=_of_issuer(issuer),
        of_role=_OF_ANY_ROLE if role_name is None else _OF_ONE_ROLE,
        claims=_placeholders(named_claims),
        texts=_placeholders(named_texts),
    )
    given = {"now": _time(now), "issuer": issuer, "role_name": role_name}
    rows = _rows(sql, {**given, **named_claims, **named_texts})
    return [_converted(row, booleans=_BOOLEANS_OF_RULE) for row in rows]


def role_by_name(*, account_id: str, role_name: str) -> Row | None:
    """Return the role of an active account that offers this permission set."""
    return _role(_BY_NAME, {"account_id": account_id, "role_name": role_name})


def role_by_arn(arn: RoleArn) -> Row | None:
    """Return the role of an active account that has exactly this ARN."""
    return _role(
        _BY_ARN,
        {
            "account_id": arn.account_id,
            "partition": arn.partition,
            "path": arn.path,
            "name": arn.name,
        },
    )


def revision() -> str | None:
    """Return the directory's revision (see accounts/revisions.py); None if there is none."""
    rows = _rows(_REVISION, {})
    return rows[0][0] if rows else None


def chosen_roles(*, person_id: int, at_most: int) -> list[Row]:
    """Return ("favourite" or "recent", account id, role name): favourites in their order, then the most recent."""
    return _rows(_CHOSEN_ROLES, {"person_id": person_id, "at_most": at_most})


def append_audit_row(row: Mapping[str, Any]) -> int:
    """Append a row of the audit trail, given as all its columns but the id, and return its id.

    Raises:
        django.db.Error: it could not be written; then nothing else of an open transaction is, either.
    """
    given = {
        **row,
        "at": _time(row["at"]),
        "detail": _JSON.get_db_prep_value(row["detail"], connection),
    }
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":  # RETURNING came with SQLite 3.35.
                cursor.execute(_AUDIT_ROW, given)
                return int(cursor.lastrowid)
            cursor.execute(f"{_AUDIT_ROW} RETURNING id", given)
            return int(cursor.fetchone()[0])
    except DatabaseError:
        if connection.in_atomic_block:
            transaction.set_rollback(True)
        raise


def _role(wanted: str, parameters: dict[str, str]) -> Row | None:
    rows = _rows(_OFFERED_ROLE.format(wanted=wanted), parameters)
    if not rows:
        return None
    # Sorted here: PostgreSQL takes a sixth less to plan a query without ORDER BY and LIMIT.
    first = min(rows, key=itemgetter(0))
    return _converted(
        first, booleans=_BOOLEANS_OF_ROLE, json_texts=_JSON_OF_ROLE, moments=_MOMENTS_OF_ROLE
    )


def _rows(sql: str, parameters: dict[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[Row] = cursor.fetchall()
    return rows


def _converted(
    row: Row,
    *,
    booleans: Collection[int],
    json_texts: Collection[int] = (),
    moments: Collection[int] = (),
) -> Row:
    """Convert what a cursor returns as Django's model fields do: SQLite has neither booleans, JSON nor time zones."""
    values = list(row)
    for column in booleans:
        values[column] = bool(values[column])
    for column in json_texts:
        values[column] = json.loads(values[column])
    for column in moments:
        moment = values[column]
        values[column] = moment and moment.replace(tzinfo=moment.tzinfo or UTC)
    return tuple(values)


def _of_issuer(issuer: str | None) -> str:
    return _OF_PEOPLE if issuer is None else _OF_WORKLOADS


def _time(moment: datetime) -> Any:
    return _MOMENT.get_db_prep_value(moment, connection)


def _numbered(name: str, values: Collection[str]) -> dict[str, str]:
    return {f"{name}_{number}": value for number, value in enumerate(values)}


def _placeholders(parameters: dict[str, str]) -> str:
    return ", ".join(f"%({name})s" for name in parameters)
