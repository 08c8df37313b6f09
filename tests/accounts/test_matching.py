"""The rule of a mapping: what it denies and why, then what it gives."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.matching import Miss, Rule, Targets, Verdict, unit_and_parents
from accounts.patterns import Match, render
from accounts.types import OfferedRole
from tests.accounts.strategies import READ_ONLY, roles, templates

EVERYWHERE = Targets(everything=True)
ARN = "arn:{partition}:iam::{account_id}:role/{role}"


def rule(
    value: str = "payments",
    *,
    match: Match = Match.EXACT,
    claim: str = "groups",
    role_name: str | None = "ReadOnly",
    targets: Targets = EVERYWHERE,
) -> Rule:
    return Rule(
        mapping_id=1,
        name="a mapping",
        claim=claim,
        match=match,
        value=value,
        role_name=role_name,
        targets=targets,
        console=True,
        keys=True,
    )


def template(value: str, *, role_name: str | None = None) -> Rule:
    return rule(value, match=Match.TEMPLATE, role_name=role_name)


def matched(a_rule: Rule, *values: str, role: OfferedRole = READ_ONLY) -> str | None:
    verdict = a_rule.verdict(role, frozenset(values))
    assert (verdict.value is None) == (verdict.miss is not None)
    return verdict.value


def miss(a_rule: Rule, *values: str, role: OfferedRole = READ_ONLY) -> Miss | None:
    return a_rule.verdict(role, frozenset(values)).miss


# --- what matches nobody, and why ---


def test_an_empty_value_matches_nobody() -> None:
    for match in Match:
        assert miss(rule("", match=match), "", "payments") is Miss.INCOMPLETE


def test_an_empty_claim_matches_nobody() -> None:
    assert miss(rule(claim=""), "payments") is Miss.INCOMPLETE


def test_a_rule_that_names_no_permission_set_matches_nobody() -> None:
    for match in (Match.EXACT, Match.WILDCARD):
        assert miss(rule("{role}", match=match, role_name=None), "{role}") is Miss.INCOMPLETE
    assert miss(template("admins"), "admins") is Miss.INCOMPLETE
    assert miss(template("aws-{account_id}"), "aws-123456789012") is Miss.INCOMPLETE


def test_a_rule_that_reaches_no_account_matches_nobody() -> None:
    assert miss(rule(targets=Targets()), "payments") is Miss.OTHER_ACCOUNT


def test_a_miss_is_the_first_thing_that_is_missing() -> None:
    elsewhere = Targets(accounts=frozenset({"210987654321"}))
    nowhere = replace(READ_ONLY, environment=None)
    by_environment = template("{environment}-{role}")

    assert miss(rule(role_name="Admin", targets=elsewhere)) is Miss.OTHER_ACCOUNT
    assert miss(rule(role_name="Admin")) is Miss.OTHER_PERMISSION_SET
    assert miss(by_environment, "-ReadOnly", role=nowhere) is Miss.NOT_RENDERED
    assert miss(by_environment) is miss(rule()) is Miss.NO_CLAIM
    assert miss(by_environment, "x") is miss(rule(), "x") is Miss.OTHER_VALUES
    assert rule().verdict(READ_ONLY, frozenset({"x", "payments"})) == Verdict("payments")


# --- exact values ---


def test_an_exact_value_denies_what_differs_in_any_character() -> None:
    for sent in ("Payments", "payment", "payments ", " payments", "payments\n", "payments\x00"):
        assert matched(rule("payments"), sent) is None, sent
    assert matched(rule("payments"), "payment\u017f", "") is None
    assert matched(rule("caf\u00e9"), "cafe\u0301") is None  # another Unicode form of the word


def test_an_exact_value_gives_no_character_a_meaning() -> None:
    for value in ("pay*", "pay.*", "[a-z]+", "payments|x", "{role}"):
        assert matched(rule(value), "payments", "ReadOnly") is None, value
        assert matched(rule(value), "platform", value) == value


# --- wildcards ---


def test_a_wildcard_names_the_first_value_as_its_reason() -> None:
    starred = rule("aws-*", match=Match.WILDCARD)

    assert matched(starred, "AWS-b", "x") is None
    assert matched(starred, "aws-b", "x", "aws-a") == "aws-a"


def test_hostile_values_do_not_make_patterns_slow() -> None:
    # Where people name their own groups they choose the value. A backtracking matcher needs
    # minutes for these.
    starred = rule("*a*a*a*a*a*a*a*b", match=Match.WILDCARD)
    patterned = template("{account}-{account}-{account}-{account}-{account_id}-{role}!")
    values = frozenset({"a" * 20_000, "-" * 20_000})

    started = time.process_time()
    assert starred.verdict(READ_ONLY, values).value is None
    assert patterned.relevant(values) == frozenset()

    assert time.process_time() - started < 1


# --- templates ---


@pytest.mark.parametrize(
    ("pattern", "sent"),
    [
        ("aws-{account_id}-{role}", "aws-123456789012-Admin"),
        ("aws-{account_id}-{role}", "aws-210987654321-ReadOnly"),
        ("aws-{account_id}-{role}", "aws-123456789012-readonly"),
        ("aws-{account_id}-{role}", "aws-123456789012-ReadOnly\n"),
        ("aws-{account_id}-{role}", "x-aws-123456789012-ReadOnly"),
        ("aws-{account_id}-{role}", "aws-{account_id}-{role}"),
        ("aws-{account_id}-{role}", "aws-12345678901\uff12-ReadOnly"),
        ("aws-{nope}-{role}", "aws-{nope}-ReadOnly"),
        ("aws-{nope}-{role}", "aws--ReadOnly"),
        ("aws-{}-{role}", "aws-{}-ReadOnly"),
        ("{role}.*", "ReadOnlyX"),
        # An ARN of another role, or not letter by letter its own.
        (ARN, "arn:aws:iam::123456789012:role/ReadOnly"),  # without the path
        (ARN, "arn:aws:iam::123456789012:role//gatehouse/ReadOnly"),
        (ARN, "arn:aws-cn:iam::123456789012:role/gatehouse/ReadOnly"),
        (ARN, "arn:aws:iam::210987654321:role/gatehouse/ReadOnly"),
        (ARN, "arn:aws:iam::123456789012:role/gatehouse/readonly"),
        (ARN, "arn:aws:iam::123456789012:user/gatehouse/ReadOnly"),
        (ARN, "arn:aws:iam::123456789012:role/gatehouse/*"),
    ],
)
def test_a_template_denies(pattern: str, sent: str) -> None:
    assert matched(template(pattern), sent) is None


@pytest.mark.parametrize(
    ("pattern", "sent"),
    [
        ("aws-{account_id}-{role}", "aws-123456789012-ReadOnly"),
        ("{environment}/{account}/{role}", "production/payments-prod/ReadOnly"),
        ("{partition}:{account_id}:{role}", "aws:123456789012:ReadOnly"),
        ("{role}{role}", "ReadOnlyReadOnly"),
        ("*{role}*", "*ReadOnly*"),
        (ARN, READ_ONLY.arn),
    ],
)
def test_a_template_matches_the_name_it_makes_for_the_role(pattern: str, sent: str) -> None:
    assert matched(template(pattern), "noise", sent) == sent


def test_a_template_with_a_permission_set_gives_that_one_only() -> None:
    by_account = template("aws-{account_id}", role_name="ReadOnly")
    admin = replace(READ_ONLY, role_name="Admin", iam_role_name="Admin")

    assert matched(by_account, "aws-123456789012", role=admin) is None
    assert matched(by_account, "aws-123456789012") == "aws-123456789012"


def test_a_template_reads_an_account_name_with_braces_literally() -> None:
    odd = replace(READ_ONLY, account_name="{role}")

    assert matched(template("{account}/{role}"), "ReadOnly/ReadOnly", role=odd) is None
    assert matched(template("{account}/{role}"), "{role}/ReadOnly", role=odd) == "{role}/ReadOnly"


def test_a_value_that_names_two_roles_gives_both() -> None:
    # "a-b-c" is c in a-b, and b-c in a: a convention that cannot tell them apart gives both.
    pattern = template("{account}-{role}")
    first = replace(READ_ONLY, account_name="a-b", role_name="c")
    second = replace(READ_ONLY, account_name="a", role_name="b-c")

    assert matched(pattern, "a-b-c", role=first) == "a-b-c"
    assert matched(pattern, "a-b-c", role=second) == "a-b-c"


def test_an_arn_means_the_iam_role_and_another_template_the_permission_set() -> None:
    overridden = replace(READ_ONLY, iam_role_name="LegacyReadOnly")

    assert matched(template(ARN), READ_ONLY.arn, role=overridden) is None
    assert matched(template(ARN), overridden.arn, role=overridden) == overridden.arn
    assert matched(template("aws-{role}"), "aws-LegacyReadOnly", role=overridden) is None
    assert matched(template("aws-{role}"), "aws-ReadOnly", role=overridden) == "aws-ReadOnly"


def test_an_arn_of_two_permission_sets_gives_both_since_they_are_one_role() -> None:
    billing = replace(READ_ONLY, role_name="Billing")

    assert billing.arn == READ_ONLY.arn
    assert matched(template(ARN), READ_ONLY.arn, role=billing) == READ_ONLY.arn


@given(values=st.frozensets(st.text(alphabet="ab*", max_size=4)), pattern=templates, role=roles)
def test_relevant_values_decide_as_all_of_them_do(
    values: frozenset[str], pattern: str, role: OfferedRole
) -> None:
    rendered = render(pattern, role)
    values |= {rendered} if rendered else set()
    for match in Match:
        for role_name in (None, role.role_name):
            a_rule = rule(pattern, match=match, role_name=role_name)

            assert a_rule.relevant(values) <= values
            few = a_rule.verdict(role, a_rule.relevant(values))
            assert few.value == a_rule.verdict(role, values).value


# --- targets ---


def test_a_unit_reaches_itself_and_what_is_below_it_and_nothing_else() -> None:
    others = ["Work", "Workloads/Pay", "workloads", "Payments", "EU", "Workloads/Payments/EU/1", ""]
    for unit in others:
        assert not Targets(organizational_units=frozenset({unit})).reach(READ_ONLY), unit
    for unit in ("Workloads", "Workloads/Payments", "Workloads/Payments/EU"):
        assert Targets(organizational_units=frozenset({unit})).reach(READ_ONLY), unit


def test_an_account_in_no_unit_and_no_environment_is_reached_by_none() -> None:
    bare = replace(READ_ONLY, organizational_unit="", environment=None)

    assert not Targets(organizational_units=frozenset({"", "/"})).reach(bare)
    assert not Targets(environments=frozenset({"", "production"})).reach(bare)


@pytest.mark.parametrize(
    ("targets", "reach"),
    [
        (Targets(accounts=frozenset({"210987654321"})), False),
        (Targets(environments=frozenset({"Production", "staging"})), False),
        (Targets(tags=frozenset({("team", "platform"), ("Team", "payments")})), False),
        (Targets(tags=frozenset({("team", "")})), False),
        (EVERYWHERE, True),
        (Targets(accounts=frozenset({"123456789012"})), True),
        (Targets(environments=frozenset({"production"})), True),
        (Targets(tags=frozenset({("team", "payments")})), True),
    ],
)
def test_targets_reach_what_they_name(targets: Targets, reach: bool) -> None:
    assert targets.reach(READ_ONLY) is reach


def test_a_union_reaches_what_any_part_reaches_and_no_more() -> None:
    parts = (
        Targets(accounts=frozenset({"1"})),
        Targets(environments=frozenset({"production"})),
        Targets(organizational_units=frozenset({"Sandbox"})),
        Targets(tags=frozenset({("a", "b")})),
    )

    assert Targets.union(parts) == Targets(
        accounts=frozenset({"1"}),
        environments=frozenset({"production"}),
        organizational_units=frozenset({"Sandbox"}),
        tags=frozenset({("a", "b")}),
    )
    assert Targets.union([]) == Targets()
    assert Targets.union([*parts, EVERYWHERE]).everything


def test_unit_and_parents_go_up_to_the_top() -> None:
    assert list(unit_and_parents("a/b/c")) == ["a/b/c", "a/b", "a"]
    assert list(unit_and_parents("")) == []


def test_what_reaches_accounts_one_by_one_says_which() -> None:
    some = frozenset({"1", "2"})

    assert Targets(accounts=some).accounts_alone == some
    assert Targets(accounts=some, environments=frozenset({"x"})).accounts_alone == frozenset()
    assert replace(EVERYWHERE, accounts=some).accounts_alone == frozenset()


def test_a_rule_that_splits_compares_the_parts_and_no_other_does() -> None:
    sent = frozenset({"visitors; payments ;;x"})
    whole, exact = rule(), replace(rule(), split=";")
    stars = replace(rule("pay*", match=Match.WILDCARD), split=";")
    rendered = replace(template("{account}", role_name="ReadOnly"), split=";")
    role = replace(READ_ONLY, account_name="payments")

    assert whole.verdict(role, sent).value is None
    assert replace(exact, split=",").verdict(role, sent).value is None
    for one in (exact, stars, rendered):
        assert one.verdict(role, sent).value == "payments"
        assert one.verdict(role, one.relevant(sent)).value == "payments"
