"""Mappings become rules: only those in force, and only those that could match."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.matching import Rule, Targets
from accounts.models import Mapping, MappingTarget
from accounts.patterns import Match
from accounts.rules import claims_in_use, rule_of, rules_in_force, stored_rules
from tests.cast import NOON, account, mapping, permission_set

pytestmark = pytest.mark.django_db


def names(*values: str, claim: str = "groups", role_name: str | None = None) -> list[str]:
    return [
        rule.name
        for rule in rules_in_force(values={claim: frozenset(values)}, now=NOON, role_name=role_name)
    ]


def test_claims_in_use_are_not_those_of_mappings_out_of_force() -> None:
    admin = permission_set("Admin")
    mapping("a", admin, "all", claim="disabled", enabled=False)
    mapping("b", admin, "all", claim="expired", expires_at=NOON)

    assert claims_in_use(now=NOON) == frozenset()


def test_claims_in_use_are_named_once() -> None:
    admin = permission_set("Admin")
    mapping("a", admin, "all")
    mapping("b", admin, "all", expires_at=NOON + timedelta(seconds=1))
    mapping("c", admin, "all", claim="roles")

    assert claims_in_use(now=NOON) == {"groups", "roles"}


@pytest.mark.parametrize(
    "columns",
    [{"enabled": False}, {"expires_at": NOON}, {"claim": "roles"}],
)
def test_rules_leave_out_what_cannot_match(columns: dict[str, object]) -> None:
    mapping("payments", permission_set("Admin"), "all", **columns)

    assert names("payments") == []


def test_rules_leave_out_other_values() -> None:
    mapping("payments", permission_set("Admin"), "all")

    assert names("Payments", "payment", "pay%", "payments ") == []


def test_rules_leave_out_what_reaches_nothing() -> None:
    mapping("payments", permission_set("Admin"))

    assert names("payments") == []


def test_rules_leave_out_other_permission_sets_where_one_is_asked_for() -> None:
    mapping("payments", permission_set("Admin"), "all", name="exact")
    mapping("{role}", None, "all", name="template", match="template")

    assert names("payments", role_name="ReadOnly") == ["template"]
    assert names("payments", role_name="Admin") == ["exact", "template"]


def test_rules_come_by_name() -> None:
    admin = permission_set("Admin")
    for name in ("b", "c", "a"):
        mapping("payments", admin, "all", name=name)

    assert names("payments", "x") == ["a", "b", "c"]


def test_patterned_mappings_are_all_loaded() -> None:
    mapping("x-*", permission_set("Admin"), "all", match="wildcard", name="wildcard")
    mapping("{role}", None, "all", match="template", name="template")

    assert names("payments") == ["template", "wildcard"]


def test_no_values_match_no_rule() -> None:
    mapping("*", permission_set("Admin"), "all", match="wildcard")

    assert names() == []
    assert rules_in_force(values={}, now=NOON) == []


def test_a_rule_holds_all_of_its_mapping() -> None:
    where = account("payments-dev", "210987654321", environment="development")
    found = mapping("payments", permission_set("Admin"), where, name="all of it", console=False)
    MappingTarget.objects.create(mapping=found, kind="environment", environment=where.environment)
    MappingTarget.objects.create(mapping=found, kind="unit", unit="Workloads")
    MappingTarget.objects.create(mapping=found, kind="tag", tag_key="a", tag_value="b")

    assert rule_of(found) == Rule(
        mapping_id=found.pk,
        name="all of it",
        claim="groups",
        match=Match.EXACT,
        value="payments",
        role_name="Admin",
        targets=Targets(
            accounts=frozenset({"210987654321"}),
            environments=frozenset({"development"}),
            organizational_units=frozenset({"Workloads"}),
            tags=frozenset({("a", "b")}),
        ),
        console=False,
        keys=True,
    )


def test_a_rule_for_all_accounts_says_so() -> None:
    found = rule_of(mapping("{role}", None, "all", match="template", enabled=False))

    assert found is not None
    assert found.role_name is None
    assert found.targets == Targets(everything=True)


def test_a_mapping_that_reaches_nothing_is_no_rule() -> None:
    assert rule_of(mapping("payments", permission_set("Admin"))) is None
    assert Mapping.objects.count() == 1


@pytest.mark.parametrize("groups", [1, 200, 5000])
def test_rules_are_found_among_any_number_of_values(groups: int) -> None:
    team = permission_set("Developer")
    mapping("group-0", team, "all")
    mapping("group-5000", team, "all")
    mapping("group-*", team, "all", match="wildcard")
    mapping("of-others", permission_set("Admin"), "all")
    values = [f"group-{number}" for number in range(groups)]

    found = ["group-* gives Developer", "group-0 gives Developer"]
    assert names(*values) == found
    assert names(*values, role_name="Developer") == found
    assert names(*values, role_name="Admin") == []


def test_rules_asked_for_again_are_those_in_force_by_then() -> None:
    row = mapping("payments", permission_set("Admin"), "all")
    assert names("payments") == ["payments gives Admin"]

    Mapping.objects.filter(pk=row.pk).update(enabled=False)

    assert names("payments") == []


def looked_for(*, issuer: str | None) -> list[str]:
    """Say how SQLite finds mappings for a decision: the claims in use, then those that could match."""
    with CaptureQueriesContext(connection) as queries:
        claims_in_use(now=NOON, issuer=issuer)
        rules_in_force(
            values={"groups": frozenset({"a", "b"})}, now=NOON, role_name="Admin", issuer=issuer
        )
    with connection.cursor() as cursor:
        steps = []
        for query in queries.captured_queries:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            steps += [row[3] for row in cursor.fetchall()]
    mappings = "SEARCH accounts_mapping USING "
    return [step.removeprefix(mappings) for step in steps if step.startswith(mappings)]


on_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL plans by how much is in a table: here little"
)


@on_sqlite
def test_mappings_are_found_by_their_value_and_not_by_looking_at_all() -> None:
    assert looked_for(issuer=None) == [
        "COVERING INDEX mapping_in_use (issuer_id=?)",
        "COVERING INDEX mapping_by_value (issuer_id=? AND match=? AND claim=? AND value=?)",
        "COVERING INDEX mapping_by_value (issuer_id=? AND match=? AND claim=?)",
        "INDEX mapping_that_splits (issuer_id=? AND claim=?)",
    ]


@on_sqlite
def test_of_workloads_only_the_mappings_of_their_issuer_are_looked_at() -> None:
    steps = looked_for(issuer="https://ci.example")

    assert steps
    assert all("(issuer_id=?" in step for step in steps)


def test_a_mapping_without_targets_is_stored_but_reaches_nothing() -> None:
    empty = mapping("empty", permission_set("Admin"), "all")
    MappingTarget.objects.filter(mapping=empty).delete()
    full = mapping("full", permission_set("Look"), "all")

    found = {stored.rule.name: stored.rule.targets for stored in stored_rules()}

    assert found.keys() == {empty.name, full.name}
    assert found[empty.name] != found[full.name]
    assert rule_of(empty) is None
