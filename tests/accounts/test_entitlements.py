"""Decisions: each denial, then the grant; and what they cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.entitlements import resolve
from accounts.models import Account, AccountRole, Mapping, MappingTarget, PermissionSet
from accounts.types import Entitlement, Kind, Scope, Subject
from tests import cast
from tests.cast import NOON, account, mapping, offer, permission_set, subject

pytestmark = pytest.mark.django_db

NAMES = ("payments-prod", "123456789012")


def given(who: Subject | str = "alice", **asked: Any) -> list[tuple[str, str]]:
    somebody = subject(who) if isinstance(who, str) else who
    return [
        (one.role.account_name, one.role.role_name)
        for one in resolve(subject=somebody, now=NOON, **asked).granted
    ]


def only(who: Subject | str = "alice") -> Entitlement:
    somebody = subject(who) if isinstance(who, str) else who
    (found,) = resolve(subject=somebody, now=NOON).granted
    return found


@pytest.fixture
def read_only() -> PermissionSet:
    return permission_set("ReadOnly", session_duration=8 * 3600)


@pytest.fixture
def prod(read_only: PermissionSet) -> Account:
    """One account in which ReadOnly is offered."""
    found = account(
        *NAMES,
        environment="production",
        organizational_unit="Workloads/Payments",
        tags={"team": "payments"},
    )
    offer(found, read_only)
    return found


def test_nobody_gets_anything_from_an_empty_directory() -> None:
    assert resolve(subject=subject("alice"), now=NOON) == resolve(
        subject=subject("mallory"), now=NOON
    )
    assert given() == []


@pytest.mark.usefixtures("prod")
def test_a_claim_alone_creates_nothing() -> None:
    assert given(subject("alice", groups=["ReadOnly", "123456789012", "*"])) == []


def test_a_disabled_mapping_gives_nothing(prod: Account, read_only: PermissionSet) -> None:
    mapping("payments", read_only, prod, enabled=False)

    assert given() == []


def test_a_mapping_gives_until_it_expires(prod: Account, read_only: PermissionSet) -> None:
    found = mapping("payments", read_only, prod, expires_at=NOON + timedelta(microseconds=1))
    assert given() == [("payments-prod", "ReadOnly")]

    for expires_at in (NOON, NOON - timedelta(seconds=1)):
        Mapping.objects.filter(pk=found.pk).update(expires_at=expires_at)
        assert given() == []


def test_an_inactive_account_is_given_to_nobody(prod: Account, read_only: PermissionSet) -> None:
    mapping("payments", read_only, prod, "all")
    Account.objects.update(active=False)

    assert given() == []


def test_a_mapping_without_targets_gives_nothing(prod: Account, read_only: PermissionSet) -> None:
    mapping("payments", read_only)

    assert given() == []


def test_a_permission_set_that_is_not_in_the_account_is_not_given(prod: Account) -> None:
    mapping("payments", permission_set("Admin"), prod, "all")

    assert given() == []


def test_other_claims_give_nothing(prod: Account, read_only: PermissionSet) -> None:
    mapping("payments", read_only, prod)
    others: list[dict[str, Any]] = [
        {},
        {"groups": []},
        {"groups": ""},
        {"groups": "Payments"},
        {"groups": ["PAYMENTS", "payment", "payments "]},
        {"groups": {"payments": True}},
        {"groups": [["payments"]]},
        {"Groups": ["payments"]},
        {"roles": ["payments"]},
    ]

    gave = [claims for claims in others if given(Subject(issuer="i", sub="s", claims=claims))]

    assert gave == []


def test_the_same_value_in_another_claim_gives_nothing(
    prod: Account, read_only: PermissionSet
) -> None:
    mapping("payments", read_only, prod)
    mapping("sre", read_only, prod, claim="roles", name="another")

    assert given(subject("alice", groups=["sre"], roles=["payments"])) == []


def test_a_unit_gives_nothing_outside_itself(prod: Account, read_only: PermissionSet) -> None:
    target = MappingTarget.objects.create(
        mapping=mapping("payments", read_only), kind="unit", unit="Workloads"
    )
    assert given() == [("payments-prod", "ReadOnly")]

    others = ["Work", "Workloads/Pay", "workloads", "Payments", "Workloads/Payments/EU", "W%"]
    for unit in (*others, "Workload_"):
        MappingTarget.objects.filter(pk=target.pk).update(unit=unit)
        assert given() == [], unit


def test_a_unit_means_its_characters(prod: Account, read_only: PermissionSet) -> None:
    target = MappingTarget.objects.create(
        mapping=mapping("payments", read_only), kind="unit", unit="x"
    )
    below = account("below", "000000000001")
    like = account("like", "000000000002")
    longer = account("longer", "000000000003")
    for where in (below, like, longer):
        offer(where, read_only)
    # What LIKE and SQL give a meaning to, and what SQLite compares without case.
    pairs = [("100%", "100zz"), ("a_b", "azb"), ("a\\b", "ab"), ("a'b", "a''b"), ("Work", "WORK")]
    for unit, other in pairs:
        MappingTarget.objects.filter(pk=target.pk).update(unit=unit)
        for where, path in ((below, f"{unit}/x"), (like, f"{other}/x"), (longer, f"{unit}x/x")):
            Account.objects.filter(pk=where.pk).update(organizational_unit=path)

        assert given() == [("below", "ReadOnly")], unit


def test_a_tag_means_its_characters(prod: Account, read_only: PermissionSet) -> None:
    target = MappingTarget.objects.create(
        mapping=mapping("payments", read_only), kind="tag", tag_key="x", tag_value="x"
    )
    tagged, other = account("tagged", "000000000001"), account("other", "000000000002")
    for where in (tagged, other):
        offer(where, read_only)
    for key in ("team", "1", "[0]", 'a"b', "a.b", "$", "\\", "aws:cost center", "é"):
        MappingTarget.objects.filter(pk=target.pk).update(tag_key=key)
        Account.objects.filter(pk=tagged.pk).update(tags={key: "x"})
        Account.objects.filter(pk=other.pk).update(tags={f"{key}x": "x", key: "X"})

        assert given() == [("tagged", "ReadOnly")], key


def test_tags_that_are_no_pairs_of_text_reach_nothing_and_harm_nobody(
    prod: Account, read_only: PermissionSet
) -> None:
    odd = account("odd", "000000000001")
    offer(odd, read_only)
    by_tag = mapping("platform", read_only)
    MappingTarget.objects.create(mapping=by_tag, kind="tag", tag_key="team", tag_value="7")
    mapping("payments", read_only, "all")
    stored: list[Any] = [["team"], "team", 7, {"team": ["payments"]}, {"team": 7}]
    for tags in stored:
        Account.objects.filter(pk=odd.pk).update(tags=tags)

        assert given(subject("alice", groups=["platform"])) == [], tags
        assert given() == [("odd", "ReadOnly"), ("payments-prod", "ReadOnly")]


def test_targets_add_up(prod: Account, read_only: PermissionSet) -> None:
    found = mapping("payments", read_only, prod)
    elsewhere: list[dict[str, Any]] = [
        {"organizational_unit": "Sandbox/x"},
        {"environment": "staging"},
        {"tags": {"a": "b"}},
        {},
    ]
    for number, columns in enumerate(elsewhere):
        offer(account(f"account-{number}", f"00000000000{number}", **columns), read_only)
    staging = Account.objects.get(name="account-1").environment
    MappingTarget.objects.create(mapping=found, kind="unit", unit="Sandbox")
    MappingTarget.objects.create(mapping=found, kind="environment", environment=staging)
    MappingTarget.objects.create(mapping=found, kind="tag", tag_key="a", tag_value="b")

    assert given() == [
        ("account-0", "ReadOnly"),
        ("account-1", "ReadOnly"),
        ("account-2", "ReadOnly"),
        ("payments-prod", "ReadOnly"),
    ]


# Console and keys


def test_a_mapping_gives_the_console_or_keys_as_it_says(
    prod: Account, read_only: PermissionSet
) -> None:
    mapping("payments", read_only, prod, keys=False)
    assert (only().console, only().keys) == (True, False)

    Mapping.objects.update(keys=True, console=False)
    assert (only().console, only().keys) == (False, True)

    Mapping.objects.update(console=True)
    PermissionSet.objects.update(console=False)
    assert (only().console, only().keys) == (False, True)


@pytest.mark.parametrize(
    ("offers", "gives"),
    [
        ({"console": False}, {"keys": False}),
        ({"keys": False}, {"console": False}),
        ({"console": False, "keys": False}, {}),
        ({}, {"console": False, "keys": False}),
    ],
)
def test_nothing_is_given_beyond_what_the_permission_set_offers(
    offers: dict[str, bool], gives: dict[str, bool], prod: Account, read_only: PermissionSet
) -> None:
    PermissionSet.objects.update(**offers)
    mapping("payments", read_only, prod, **gives)

    assert given() == []


def test_mappings_add_up_and_each_is_a_reason_for_what_it_gives(
    prod: Account, read_only: PermissionSet
) -> None:
    mapping("payments", read_only, prod, name="b: console", keys=False)
    mapping("platform", read_only, "all", name="a: keys", console=False)

    found = only()

    assert [reason.label for reason in found.reasons] == ["a: keys", "b: console"]
    assert [str(reason) for reason in found.because(Kind.KEYS)] == ["a: keys: groups = platform"]
    assert [reason.label for reason in found.because(Kind.CONSOLE)] == ["b: console"]


def test_a_mapping_that_gives_nothing_is_no_reason(prod: Account, read_only: PermissionSet) -> None:
    PermissionSet.objects.update(console=False)
    mapping("payments", read_only, prod, name="console only", keys=False)
    mapping("platform", read_only, prod, name="both")

    assert [reason.label for reason in only().reasons] == ["both"]


def test_an_entitlement_carries_what_was_decided(prod: Account, read_only: PermissionSet) -> None:
    mapping("payments", read_only, prod, name="Payments looks")

    found = only()

    assert found.session_duration == 8 * 3600
    assert found.role.arn == "arn:aws:iam::123456789012:role/ReadOnly"
    assert str(found.reasons[0]) == "Payments looks: groups = payments"


# Templates and ARNs, through the database


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("aws-{account_id}-{role}", "aws-123456789012-ReadOnly"),
        ("{environment}.{account}.{role}", "production.payments-prod.ReadOnly"),
        ("arn:{partition}:iam::{account_id}:role/{role}", "arn:aws:iam::123456789012:role/Legacy"),
    ],
)
def test_a_template_gives_the_role_it_names(prod: Account, value: str, sent: str) -> None:
    AccountRole.objects.update(iam_role_name="Legacy")
    mapping(value, None, "all", match="template")

    assert given(subject("alice", groups=["x", sent])) == [("payments-prod", "ReadOnly")]


def test_a_template_reaches_only_its_targets(prod: Account) -> None:
    mapping("aws-{account_id}-{role}", None, account("x", "000000000001"), match="template")

    assert given(subject("alice", groups=["aws-123456789012-ReadOnly"])) == []


# Claims that did not arrive whole


@pytest.mark.parametrize(
    ("issuer", "claims", "code"),
    [
        ("https://x.okta.com", {"groups": [f"g{n}" for n in range(99)]}, "claims.truncated"),
        ("https://login.microsoftonline.com/t/v2.0", {"hasgroups": True}, "claims.overage"),
        ("https://x.example", {"_claim_names": {"groups": "s"}}, "claims.overage"),
    ],
)
def test_an_incomplete_claim_gives_nothing_and_is_reported(
    issuer: str, claims: dict[str, Any], code: str, prod: Account, read_only: PermissionSet
) -> None:
    mapping("payments", read_only, prod)
    somebody = Subject(
        issuer=issuer,
        sub="s",
        claims={**claims, "groups": [*claims.get("groups", ()), "payments"]},
    )

    found = resolve(subject=somebody, now=NOON)

    assert found.granted == ()
    assert [(problem.claim, problem.code) for problem in found.problems] == [("groups", code)]


def test_an_incomplete_claim_takes_nothing_from_the_others(
    prod: Account, read_only: PermissionSet
) -> None:
    mapping("payments", read_only, prod)
    mapping("Aws.Reader", read_only, prod, claim="roles", name="app role")
    somebody = subject("alice", hasgroups=True, roles=["Aws.Reader"])

    found = resolve(subject=somebody, now=NOON)

    assert [reason.label for one in found.granted for reason in one.reasons] == ["app role"]
    assert len(found.problems) == 1


def test_a_claim_no_mapping_reads_is_no_problem(prod: Account, read_only: PermissionSet) -> None:
    mapping("Aws.Reader", read_only, prod, claim="roles")

    assert resolve(subject=subject("alice", hasgroups=True), now=NOON).problems == ()


# Asking for one account or role


@pytest.mark.usefixtures("northwind")
def test_asking_for_something_else_gives_nothing() -> None:
    others = [
        {"account_id": "123456789012", "role_name": "Operator"},
        {"account_id": "123456789012", "role_name": "readonly"},
        {"account_id": "000000000000", "role_name": "ReadOnly"},
        {"account_id": "", "role_name": ""},
        {"account_id": "123456789012\x00", "role_name": "ReadOnly"},
        {"account_id": "123456789012", "role_name": "\ud800"},
        {"account_id": "123456789012", "role_name": "%"},
        {"account_id": "payments-prod", "role_name": "ReadOnly"},
    ]

    assert [names for names in others if given("alice", **names)] == []


@pytest.mark.usefixtures("northwind")
def test_asking_for_an_account_or_a_role_gives_that_part() -> None:
    everything = given("alice")

    assert everything == [
        ("payments-dev", "Developer"),
        ("payments-dev", "ReadOnly"),
        ("payments-prod", "ReadOnly"),
    ]
    assert given("alice", account_id="210987654321") == everything[:2]
    assert given("alice", role_name="ReadOnly") == everything[1:]
    assert given("alice", account_id="210987654321", role_name="ReadOnly") == everything[1:2]


@pytest.mark.usefixtures("northwind")
def test_the_cast_gets_what_it_must() -> None:
    assert given("mallory") == []
    assert given("carol") == []
    assert given("bob") == [("payments-prod", "Operator")]


# Hostile claims


def test_values_no_database_can_hold_give_nothing_and_break_nothing(
    prod: Account, read_only: PermissionSet
) -> None:
    mapping("payments", read_only, prod)

    for sent in ("payments\x00", "\x00", "\ud800payments", "x" * 100_000):
        assert given(subject("alice", groups=[sent])) == []
        assert given(subject("alice", groups=[sent, "payments"])) == [("payments-prod", "ReadOnly")]


def test_a_value_of_many_digits_names_no_end_of_accounts(prod: Account) -> None:
    mapping("{account_id}{role}", None, "all", match="template")
    digits = "".join(f"{number:06}" for number in range(20_000))

    assert given(subject("alice", groups=[digits, "123456789012ReadOnly"])) == [
        ("payments-prod", "ReadOnly")
    ]


# What it costs


def company_of(size: int) -> None:
    """Accounts with two permission sets each, and for each account a mapping of its own."""
    sets = [permission_set("ReadOnly"), permission_set("Admin")]
    accounts = Account.objects.bulk_create(
        Account(
            account_id=f"{number:012}",
            name=f"account-{number:04}",
            organizational_unit=f"Workloads/{number % 7}",
            tags={"team": f"team-{number % 5}"},
        )
        for number in range(size)
    )
    AccountRole.objects.bulk_create(
        AccountRole(account=one, permission_set=each) for one in accounts for each in sets
    )
    mappings = Mapping.objects.bulk_create(
        Mapping(name=f"mapping {number}", value=f"group-{number}", permission_set=sets[0])
        for number in range(size)
    )
    MappingTarget.objects.bulk_create(
        MappingTarget(mapping=one, kind="account", account=where)
        for one, where in zip(mappings, accounts, strict=True)
    )
    by_team = mapping("team-*", sets[1], match="wildcard")
    MappingTarget.objects.create(mapping=by_team, kind="tag", tag_key="team", tag_value="team-1")
    by_unit = mapping("unit", sets[1])
    MappingTarget.objects.create(mapping=by_unit, kind="unit", unit="Workloads/3")
    mapping("aws-{account_id}-{role}", None, "all", match="template")


@pytest.mark.parametrize("size", [10, 1000])
def test_a_decision_takes_three_queries_whatever_the_size(
    size: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    company_of(size)
    groups = [f"group-{number}" for number in range(2000)] + ["team-1", "unit"]
    groups += [f"aws-{number:012}-Admin" for number in range(5)]
    somebody = subject("alice", groups=groups)

    with django_assert_num_queries(3):
        # the claims that mappings in force read; the mappings that could match, with their
        # targets; the account roles these reach, with account, environment and permission set
        found = resolve(subject=somebody, now=NOON).granted
    with django_assert_num_queries(3):
        one = resolve(
            subject=somebody, now=NOON, account_id="000000000003", role_name="Admin"
        ).granted

    admins = {n for n in range(size) if n % 5 == 1 or n % 7 == 3 or n < 5}
    assert len(found) == size + len(admins)
    assert [reason.label for reason in one[0].reasons] == [
        "aws-{account_id}-{role} gives None",
        "unit gives Admin",
    ]


@pytest.mark.usefixtures("northwind")
def test_a_decision_without_a_rule_takes_two_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(2):
        assert given("mallory") == []


@pytest.mark.usefixtures("northwind")
def test_a_decision_without_claims_takes_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        assert given(Subject(issuer=cast.ISSUER, sub="nobody")) == []


@pytest.mark.parametrize("kind", ["unit", "tag"])
def test_more_targets_than_a_query_can_name_are_still_decided(
    kind: str, read_only: PermissionSet
) -> None:
    found = mapping("payments", read_only)
    MappingTarget.objects.bulk_create(
        MappingTarget(mapping=found, kind=kind, unit=f"Unit {number}")
        if kind == "unit"
        else MappingTarget(mapping=found, kind=kind, tag_key="team", tag_value=f"Unit {number}")
        for number in range(1200)
    )
    for number in (7, 1300):
        where = account(
            f"account-{number}",
            f"{number:012}",
            organizational_unit=f"Unit {number}",
            tags={"team": f"Unit {number}"},
        )
        offer(where, read_only)

    assert given() == [("account-7", "ReadOnly")]


def test_more_permission_sets_than_a_query_can_name_are_still_decided() -> None:
    where = account(*NAMES)
    sets = PermissionSet.objects.bulk_create(
        PermissionSet(name=f"Set{number}") for number in range(1100)
    )
    AccountRole.objects.bulk_create(
        AccountRole(account=where, permission_set=each) for each in sets
    )
    mappings = Mapping.objects.bulk_create(
        Mapping(name=f"mapping {each.name}", value="payments", permission_set=each)
        for each in sets[:1050]
    )
    MappingTarget.objects.bulk_create(
        MappingTarget(mapping=each, kind="account", account=where) for each in mappings
    )

    assert len(given()) == 1050


# Nothing planted comes out


def test_what_is_decided_shows_no_claims_and_no_external_id(
    read_only: PermissionSet,
) -> None:
    where = account(*NAMES, external_id="planted-external-id")
    offer(where, read_only)
    mapping("payments", read_only, where)
    somebody = subject("alice", secret="planted-claim")

    shown = repr(resolve(subject=somebody, now=NOON)) + repr(somebody) + str(somebody)

    assert "planted" not in shown


# The scope of a token


@pytest.mark.usefixtures("northwind")
def test_a_scope_narrows_to_accounts_permission_sets_and_kinds() -> None:
    dev, prod = "210987654321", "123456789012"

    def seen(scope: Scope | None) -> set[tuple[str, str, bool, bool]]:
        somebody = replace(subject("alice"), scope=scope)
        return {
            (one.role.account_id, one.role.role_name, one.console, one.keys)
            for one in resolve(subject=somebody, now=NOON).granted
        }

    assert seen(Scope(account_ids=frozenset({prod}))) == {(prod, "ReadOnly", True, True)}
    assert seen(Scope(permission_sets=frozenset({"Developer"}))) == {(dev, "Developer", True, True)}
    assert {row[2:] for row in seen(Scope(kinds=frozenset({Kind.KEYS})))} == {(False, True)}
    assert seen(Scope(kinds=frozenset())) == set()
    assert seen(Scope()) == seen(None) != set()


@pytest.mark.usefixtures("northwind")
def test_reasons_within_a_scope_give_no_more_than_the_scope() -> None:
    somebody = replace(subject("alice"), scope=Scope(kinds=frozenset({Kind.KEYS})))

    decided = resolve(subject=somebody, now=NOON)

    assert all(not one.because(Kind.CONSOLE) for one in decided.granted)
    assert all(one.because(Kind.KEYS) for one in decided.granted)


def test_a_mapping_that_splits_gives_by_each_part(prod: Account, read_only: PermissionSet) -> None:
    somebody = subject("alice", groups="visitors;payments")
    found = mapping("payments", read_only, prod)
    assert given(somebody) == []

    Mapping.objects.filter(pk=found.pk).update(split=";")

    assert given(somebody) == [("payments-prod", "ReadOnly")]
    assert only(somebody).reasons[0].value == "payments"
    template = {"match": "template", "value": "{account}", "claim": "groups"}
    Mapping.objects.filter(pk=found.pk).update(**template)
    assert given(somebody) == []
    assert given(subject("alice", groups="a;payments-prod")) == [("payments-prod", "ReadOnly")]
