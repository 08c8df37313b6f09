"""The rule of a mapping: what it denies first, then what it gives."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.matching import (
    PLACEHOLDERS,
    MatchKind,
    Rule,
    Targets,
    account_ids,
    complaint,
    render,
    unit_and_parents,
    wildcard,
)
from accounts.types import Environment, OfferedRole

EVERYWHERE = Targets(everything=True)
PRODUCTION = Environment("production", "Production", "red")
READ_ONLY = OfferedRole(
    id=1,
    account_id="123456789012",
    account_name="payments-prod",
    partition="aws",
    environment=PRODUCTION,
    organizational_unit="Workloads/Payments/EU",
    tags=(("team", "payments"),),
    region="eu-west-1",
    role_name="ReadOnly",
    iam_path="/gatehouse/",
    iam_role_name="ReadOnly",
    description="",
    session_duration=3600,
    destination="",
    privileged=False,
    console=True,
    keys=True,
)


def rule(
    value: str = "payments",
    *,
    match: MatchKind = MatchKind.EXACT,
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


def matched(a_rule: Rule, *values: str, role: OfferedRole = READ_ONLY) -> str | None:
    return a_rule.matched_value(role, frozenset(values))


def template(value: str, *, role_name: str | None = None) -> Rule:
    return rule(value, match=MatchKind.TEMPLATE, role_name=role_name)


# Exact values


@pytest.mark.parametrize(
    "sent",
    [
        "Payments",
        "payment",
        "payments ",
        " payments",
        "payments\n",
        "payments\x00",
        "payment\u017f",
        "",
    ],
)
def test_an_exact_value_denies_what_differs_in_any_character(sent: str) -> None:
    assert matched(rule("payments"), sent) is None


def test_an_exact_value_denies_another_unicode_form_of_the_same_word() -> None:
    assert matched(rule("caf\u00e9"), "cafe\u0301") is None


@pytest.mark.parametrize("value", ["pay*", "pay.*", "[a-z]+", "payments|x", "{role}"])
def test_an_exact_value_gives_no_character_a_meaning(value: str) -> None:
    assert matched(rule(value), "payments", "ReadOnly") is None
    assert matched(rule(value), value) == value


def test_an_exact_value_matches_itself() -> None:
    assert matched(rule("payments"), "platform", "payments") == "payments"


# What matches nobody


def test_an_empty_value_matches_nobody() -> None:
    for kind in MatchKind:
        assert matched(rule("", match=kind), "", "payments") is None


def test_an_empty_claim_matches_nobody() -> None:
    assert matched(rule(claim=""), "payments") is None


def test_a_mapping_that_reaches_no_account_matches_nobody() -> None:
    assert matched(rule(targets=Targets()), "payments") is None


def test_a_mapping_gives_no_other_permission_set() -> None:
    assert matched(rule(role_name="Admin"), "payments") is None


@pytest.mark.parametrize("kind", [MatchKind.EXACT, MatchKind.WILDCARD])
def test_a_mapping_without_a_permission_set_gives_none(kind: MatchKind) -> None:
    assert matched(rule("payments", match=kind, role_name=None), "payments") is None


# Wildcards


@pytest.mark.parametrize(
    ("pattern", "sent"),
    [
        ("aws-*", "AWS-payments"),
        ("aws-*", "my-aws-payments"),
        ("*-admins", "payments-admins-former"),
        ("aws-*-admins", "aws-admins"),
        ("aws-*-*", "aws-payments"),
        ("a*a", "a"),
        ("*pay*pay*", "payments"),
        ("ab*ba", "aba"),
        ("aws.*", "aws-payments"),
        ("[ab]*", "a"),
        ("aws-payments", "aws-payments-x"),
    ],
)
def test_a_wildcard_denies(pattern: str, sent: str) -> None:
    assert matched(rule(pattern, match=MatchKind.WILDCARD), sent) is None


@pytest.mark.parametrize(
    ("pattern", "sent"),
    [
        ("aws-*", "aws-payments"),
        ("aws-*", "aws-"),
        ("*", "anything"),
        ("a**b", "ab"),
        ("aws-*-admins", "aws-line\nbreak-admins"),
        ("*-pay-*", "x-pay-pay-y"),
        ("aws.*", "aws.payments"),
        ("aws-payments", "aws-payments"),
    ],
)
def test_a_wildcard_matches(pattern: str, sent: str) -> None:
    assert matched(rule(pattern, match=MatchKind.WILDCARD), sent) == sent


def test_a_wildcard_names_the_first_value_as_its_reason() -> None:
    assert matched(rule("aws-*", match=MatchKind.WILDCARD), "aws-b", "x", "aws-a") == "aws-a"


@given(
    pattern=st.text(alphabet="ab*.\n", max_size=8),
    value=st.text(alphabet="ab.\n", max_size=12),
)
@example(pattern="a*ba*b", value="abab")
def test_a_wildcard_means_what_the_regular_expression_means(pattern: str, value: str) -> None:
    meant = ".*".join(map(re.escape, pattern.split("*")))

    assert wildcard(pattern, value) is (re.fullmatch(meant, value, re.DOTALL) is not None)


def test_hostile_values_do_not_make_patterns_slow() -> None:
    # Where people name their own groups they choose the value; a backtracking matcher
    # needs minutes for these.
    starred = rule("*a*a*a*a*a*a*a*b", match=MatchKind.WILDCARD)
    patterned = template("{account}-{account}-{account}-{account}-{account_id}-{role}!")
    values = frozenset({"a" * 20_000, "-" * 20_000})

    started = time.process_time()
    assert starred.matched_value(READ_ONLY, values) is None
    assert account_ids(patterned.value, values) == frozenset()

    assert time.process_time() - started < 1


# Templates


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
    ],
)
def test_a_template_matches_the_name_it_makes_for_the_role(pattern: str, sent: str) -> None:
    assert matched(template(pattern), "noise", sent) == sent


def test_a_template_without_role_and_permission_set_gives_nothing() -> None:
    assert matched(template("admins"), "admins") is None
    assert matched(template("aws-{account_id}"), "aws-123456789012") is None


def test_a_template_with_a_permission_set_gives_that_one_only() -> None:
    by_account = template("aws-{account_id}", role_name="ReadOnly")
    admin = replace(READ_ONLY, role_name="Admin", iam_role_name="Admin")

    assert matched(by_account, "aws-123456789012", role=admin) is None
    assert matched(by_account, "aws-123456789012") == "aws-123456789012"


def test_a_template_that_names_the_environment_denies_an_account_in_none() -> None:
    nowhere = replace(READ_ONLY, environment=None)

    assert matched(template("aws-{environment}-{role}"), "aws--ReadOnly", role=nowhere) is None


def test_a_template_reads_an_account_name_with_braces_literally() -> None:
    odd = replace(READ_ONLY, account_name="{role}")

    assert matched(template("{account}/{role}"), "ReadOnly/ReadOnly", role=odd) is None
    assert matched(template("{account}/{role}"), "{role}/ReadOnly", role=odd) == "{role}/ReadOnly"


def test_a_value_that_names_two_roles_gives_both() -> None:
    # "a-b-c" is c in a-b and b-c in a: a convention that cannot tell them apart gives both,
    # and takes neither away depending on the other.
    pattern = template("{account}-{role}")
    first = replace(READ_ONLY, account_name="a-b", role_name="c")
    second = replace(READ_ONLY, account_name="a", role_name="b-c")

    assert matched(pattern, "a-b-c", role=first) == "a-b-c"
    assert matched(pattern, "a-b-c", role=second) == "a-b-c"


# ARNs in the claim

ARN = "arn:{partition}:iam::{account_id}:role/{role}"


@pytest.mark.parametrize(
    "sent",
    [
        "arn:aws:iam::123456789012:role/ReadOnly",  # without the path it is another role
        "arn:aws:iam::123456789012:role//gatehouse/ReadOnly",
        "arn:aws-cn:iam::123456789012:role/gatehouse/ReadOnly",
        "arn:aws:iam::210987654321:role/gatehouse/ReadOnly",
        "arn:aws:iam::123456789012:role/gatehouse/readonly",
        "arn:aws:iam::123456789012:user/gatehouse/ReadOnly",
        "arn:aws:iam::123456789012:role/gatehouse/*",
    ],
)
def test_an_arn_in_the_claim_denies_every_other_role(sent: str) -> None:
    assert matched(template(ARN), sent) is None


def test_an_arn_in_the_claim_means_exactly_that_role() -> None:
    assert matched(template(ARN), READ_ONLY.arn) == READ_ONLY.arn


def test_an_arn_in_the_claim_means_the_role_as_it_is_named_in_iam() -> None:
    overridden = replace(READ_ONLY, iam_role_name="LegacyReadOnly")

    assert matched(template(ARN), READ_ONLY.arn, role=overridden) is None
    assert matched(template(ARN), overridden.arn, role=overridden) == overridden.arn


def test_an_arn_of_two_permission_sets_gives_both_since_they_are_one_role() -> None:
    billing = replace(READ_ONLY, role_name="Billing")

    assert billing.arn == READ_ONLY.arn
    assert matched(template(ARN), READ_ONLY.arn, role=billing) == READ_ONLY.arn


def test_a_template_that_is_no_arn_means_the_name_of_the_permission_set() -> None:
    overridden = replace(READ_ONLY, iam_role_name="LegacyReadOnly")

    assert matched(template("aws-{role}"), "aws-LegacyReadOnly", role=overridden) is None
    assert matched(template("aws-{role}"), "aws-ReadOnly", role=overridden) == "aws-ReadOnly"


# Targets


@pytest.mark.parametrize(
    "unit", ["Work", "Workloads/Pay", "workloads", "Payments", "EU", "Workloads/Payments/EU/1", ""]
)
def test_a_unit_does_not_reach_what_is_not_below_it(unit: str) -> None:
    assert not Targets(organizational_units=frozenset({unit})).reach(READ_ONLY)


@pytest.mark.parametrize("unit", ["Workloads", "Workloads/Payments", "Workloads/Payments/EU"])
def test_a_unit_reaches_itself_and_what_is_below_it(unit: str) -> None:
    assert Targets(organizational_units=frozenset({unit})).reach(READ_ONLY)


def test_an_account_in_no_unit_is_reached_by_none() -> None:
    homeless = replace(READ_ONLY, organizational_unit="")

    assert not Targets(organizational_units=frozenset({"", "/"})).reach(homeless)


def test_an_account_in_no_environment_is_reached_by_none() -> None:
    nowhere = replace(READ_ONLY, environment=None)

    assert not Targets(environments=frozenset({"", "production"})).reach(nowhere)


@pytest.mark.parametrize(
    "targets",
    [
        Targets(accounts=frozenset({"210987654321"})),
        Targets(environments=frozenset({"Production", "staging"})),
        Targets(tags=frozenset({("team", "platform"), ("Team", "payments"), ("team", "")})),
    ],
)
def test_other_targets_do_not_reach(targets: Targets) -> None:
    assert not targets.reach(READ_ONLY)


@pytest.mark.parametrize(
    "targets",
    [
        EVERYWHERE,
        Targets(accounts=frozenset({"123456789012"})),
        Targets(environments=frozenset({"production"})),
        Targets(tags=frozenset({("team", "payments")})),
    ],
)
def test_targets_reach_what_they_name(targets: Targets) -> None:
    assert targets.reach(READ_ONLY)


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


# Narrowing: what a query may leave out


def test_account_ids_cannot_narrow_where_the_template_names_none() -> None:
    assert account_ids("aws-{role}", ["aws-123456789012"]) is None


def test_account_ids_of_values_that_do_not_fit_are_left_out() -> None:
    values = ["123456789012", "gcp-123456789012-x", "aws-12345678901-x", "aws-123456789012"]

    assert account_ids("aws-{account_id}-{role}", values) == frozenset()


def test_account_ids_are_every_twelve_digits_that_fit() -> None:
    found = account_ids("aws-{account_id}-{role}", ["aws-1234567890123-x", "x"])

    assert found == frozenset({"123456789012", "234567890123"})


def test_account_ids_survive_a_placeholder_nobody_knows() -> None:
    assert render("aws-{account_id}-{nope}", READ_ONLY) is None
    assert account_ids("aws-{account_id}-{nope}", ["aws-123456789012-x"]) == frozenset(
        {"123456789012"}
    )


roles = st.builds(
    replace,
    st.just(READ_ONLY),
    account_id=st.text(alphabet="0123456789", min_size=12, max_size=12),
    account_name=st.text(min_size=1, max_size=8),
    environment=st.none() | st.builds(Environment, st.text(max_size=5), st.just(""), st.just("")),
    role_name=st.text(min_size=1, max_size=8),
    iam_path=st.just("/") | st.from_regex(r"\A/[!-~]{1,6}/\Z"),
    iam_role_name=st.text(min_size=1, max_size=8),
)
pieces = st.sampled_from([f"{{{name}}}" for name in PLACEHOLDERS]) | st.text(
    alphabet="ar-/*:{}", max_size=3
)
patterns = st.lists(pieces, min_size=1, max_size=6).map("".join)


@given(pattern=patterns, role=roles)
def test_account_ids_never_leave_out_the_account_a_value_is_made_for(
    pattern: str, role: OfferedRole
) -> None:
    rendered = render(pattern, role)
    named = account_ids(pattern, [rendered] if rendered else [])

    if named is not None and rendered is not None:
        assert role.account_id in named


@given(values=st.frozensets(st.text(alphabet="ab*", max_size=4)), pattern=patterns, role=roles)
def test_relevant_values_decide_as_all_of_them_do(
    values: frozenset[str], pattern: str, role: OfferedRole
) -> None:
    rendered = render(pattern, role)
    values |= {rendered} if rendered else set()
    for kind in MatchKind:
        for role_name in (None, role.role_name):
            a_rule = rule(pattern, match=kind, role_name=role_name)

            assert a_rule.relevant(values) <= values
            assert a_rule.matched_value(role, a_rule.relevant(values)) == a_rule.matched_value(
                role, values
            )


# What an admin is told


@pytest.mark.parametrize(
    ("match", "value", "has_role", "says"),
    [
        (MatchKind.EXACT, "", True, "empty value"),
        (MatchKind.TEMPLATE, " \t", False, "empty value"),
        (MatchKind.EXACT, " a", True, "begins or ends with a space"),
        (MatchKind.TEMPLATE, "{role} ", False, "begins or ends with a space"),
        (MatchKind.EXACT, "a", False, "Choose a permission set; only a template"),
        (MatchKind.WILDCARD, "a*", False, "Choose a permission set; only a template"),
        (MatchKind.WILDCARD, "a", True, "A wildcard needs a *"),
        (MatchKind.TEMPLATE, "aws-{nope}", True, "Unknown placeholder {nope}"),
        (MatchKind.TEMPLATE, "aws-{}", True, "Unknown placeholder {}"),
        (MatchKind.TEMPLATE, "aws", True, "A template needs a placeholder"),
        (MatchKind.TEMPLATE, "{role}}", True, "brace is open or closed on its own"),
        (MatchKind.TEMPLATE, "{{role}}", True, "brace is open or closed on its own"),
        (MatchKind.TEMPLATE, "{account}{role}", True, "Two placeholders touch"),
        (MatchKind.TEMPLATE, "arn:aws:s3:::{role}", True, "that of an IAM role: arn:"),
        (MatchKind.TEMPLATE, "arn:{account}:iam::1:role/{role}", True, "that of an IAM role: arn:"),
        (MatchKind.TEMPLATE, "arn:aws:iam::{account_id}:user/{role}", True, "it has “:role/”"),
        (MatchKind.TEMPLATE, "aws-{account_id}", False, "name it in the template with {role}"),
    ],
)
def test_a_complaint_says_what_is_wrong(
    match: MatchKind, value: str, has_role: bool, says: str
) -> None:
    assert says in complaint(match=match, value=value, has_role=has_role)


@pytest.mark.parametrize(
    ("match", "value", "has_role"),
    [
        (MatchKind.EXACT, "payments", True),
        (MatchKind.WILDCARD, "aws-*", True),
        (MatchKind.TEMPLATE, "aws-{account_id}-{role}", False),
        (MatchKind.TEMPLATE, "aws-{account_id}", True),
        (MatchKind.TEMPLATE, ARN, False),
        (MatchKind.TEMPLATE, "arn:aws-us-gov:iam::123456789012:role/x/{role}", False),
    ],
)
def test_no_complaint_about_a_value_that_works(
    match: MatchKind, value: str, has_role: bool
) -> None:
    assert complaint(match=match, value=value, has_role=has_role) == ""


@given(
    match=st.sampled_from(MatchKind),
    value=st.text() | patterns | patterns.map("arn:aws:iam::{}:role/".__add__),
    has_role=st.booleans(),
)
def test_what_nobody_complains_about_can_match(
    match: MatchKind, value: str, has_role: bool
) -> None:
    a_rule = rule(value, match=match, role_name="ReadOnly" if has_role else None)

    if complaint(match=match, value=value, has_role=has_role) == "":
        sent = render(value, READ_ONLY) if match is MatchKind.TEMPLATE else value
        assert sent
        assert matched(a_rule, sent) == sent
