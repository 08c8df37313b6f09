"""Wildcards and templates mean what they say, for any text; and what they let a query leave out."""

from __future__ import annotations

import re
import time

from hypothesis import example, given
from hypothesis import strategies as st

from accounts.patterns import Searchable, account_ids, render, wildcard
from accounts.types import OfferedRole
from tests.accounts.strategies import READ_ONLY, roles, templates

DENIED = [
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
]
MATCHED = [
    ("aws-*", "aws-payments"),
    ("aws-*", "aws-"),
    ("*", "anything"),
    ("a**b", "ab"),
    ("aws-*-admins", "aws-line\nbreak-admins"),
    ("*-pay-*", "x-pay-pay-y"),
    ("aws.*", "aws.payments"),
    ("aws-payments", "aws-payments"),
]


def test_wildcards_match_what_they_should() -> None:
    assert [pair for pair in DENIED if wildcard(*pair)] == []
    assert [pair for pair in MATCHED if not wildcard(*pair)] == []


@given(
    pattern=st.text(alphabet="ab*.\n", max_size=8),
    value=st.text(alphabet="ab.\n", max_size=12),
)
@example(pattern="a*ba*b", value="abab")
def test_a_wildcard_means_what_the_regular_expression_means(pattern: str, value: str) -> None:
    meant = ".*".join(map(re.escape, pattern.split("*")))

    assert wildcard(pattern, value) is (re.fullmatch(meant, value, re.DOTALL) is not None)


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
    found = account_ids("aws-{account_id}-{nope}", ["aws-123456789012-x"])
    assert found == frozenset({"123456789012"})


@given(template=templates, role=roles)
def test_account_ids_never_leave_out_the_account_a_value_is_made_for(
    template: str, role: OfferedRole
) -> None:
    rendered = render(template, role)
    named = account_ids(template, [rendered] if rendered else [])

    if named is not None and rendered is not None:
        assert role.account_id in named


@given(
    st.frozensets(st.text(alphabet="ab-", max_size=6), max_size=12),
    st.text(alphabet="ab-*", max_size=6),
)
def test_a_search_in_all_values_finds_what_a_comparison_of_each_finds(
    values: frozenset[str], pattern: str
) -> None:
    found = list(Searchable(values).matching(pattern))

    assert found == sorted(value for value in values if wildcard(pattern, value))


def test_thousands_of_groups_and_hundreds_of_patterns_take_a_moment() -> None:
    groups = Searchable(f"aws-team-{number:05}-developers-of-northwind" for number in range(9000))
    begun = time.process_time()
    for number in range(400):
        assert not list(groups.matching(f"aws-*-{number:03}-admins"))
    found = [list(groups.matching(f"*-{number:05}-*")) for number in range(0, 9000, 90)]

    assert all(len(each) == 1 for each in found)
    assert time.process_time() - begun < 2.5  # Compared one by one: 3,600,000 comparisons.
