"""What an admin is told about a mapping's value: every one that could never match, and no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.mapping_values import fault
from accounts.matching import Rule, Targets
from accounts.patterns import Match, render
from tests.accounts.strategies import READ_ONLY, templates

ARN = "arn:{partition}:iam::{account_id}:role/{role}"


@pytest.mark.parametrize(
    ("match", "value", "has_permission_set", "says"),
    [
        (Match.EXACT, "", True, "empty value"),
        (Match.TEMPLATE, " \t", False, "empty value"),
        (Match.EXACT, "a ", True, "begins or ends with a space"),
        (Match.EXACT, "a", False, "Choose a permission set. Only a template"),
        (Match.WILDCARD, "a*", False, "Choose a permission set. Only a template"),
        (Match.WILDCARD, "a", True, "A wildcard needs a *"),
        (Match.EXACT, "arn:aws:iam::1:role/x", True, "“1” is not an account id"),
        (Match.TEMPLATE, "arn:aws:iam::{account}:role/{role}", True, "“{account}” is not an"),
        (Match.TEMPLATE, "aws-{nope}", True, "Unknown placeholder {nope}"),
        (Match.TEMPLATE, "aws-{}", True, "Unknown placeholder {}"),
        (Match.TEMPLATE, "aws", True, "A template needs a placeholder"),
        (Match.TEMPLATE, "{role}}", True, "brace is opened or closed on its own"),
        (Match.TEMPLATE, "{{role}}", True, "brace is opened or closed on its own"),
        (Match.TEMPLATE, "{account}{role}", True, "Two placeholders touch"),
        (Match.TEMPLATE, "arn:aws:s3:::{role}", True, "the ARN of an IAM role: arn:"),
        (Match.TEMPLATE, "arn:{account}:iam::1:role/{role}", True, "the ARN of an IAM role: arn:"),
        (Match.TEMPLATE, "arn:aws:iam::{account_id}:user/{role}", True, "it has “:role/”"),
        (Match.TEMPLATE, "arn:aws:iam::{account_id}:role/x{role}/", True, "not with a slash"),
        (Match.TEMPLATE, "aws-{account_id}", False, "name it in the template with {role}"),
    ],
)
def test_a_fault_says_what_is_wrong(
    match: Match, value: str, has_permission_set: bool, says: str
) -> None:
    assert says in fault(match=match, value=value, has_permission_set=has_permission_set)


@pytest.mark.parametrize(
    ("match", "value", "has_permission_set"),
    [
        (Match.EXACT, "payments", True),
        (Match.EXACT, "arn:aws:iam::123456789012:role/x", True),
        (Match.WILDCARD, "aws-*", True),
        (Match.WILDCARD, "arn:aws:iam::*:role/x", True),
        (Match.TEMPLATE, "aws-{account_id}-{role}", False),
        (Match.TEMPLATE, "aws-{account_id}", True),
        (Match.TEMPLATE, ARN, False),
        (Match.TEMPLATE, "arn:aws-us-gov:iam::123456789012:role/x/{role}", False),
    ],
)
def test_a_value_that_can_match_has_no_fault(
    match: Match, value: str, has_permission_set: bool
) -> None:
    assert fault(match=match, value=value, has_permission_set=has_permission_set) == ""


@given(
    match=st.sampled_from(Match),
    value=st.text() | templates | templates.map("arn:aws:iam::{}:role/".__add__),
    has_permission_set=st.booleans(),
)
def test_a_value_without_fault_can_match(
    match: Match, value: str, has_permission_set: bool
) -> None:
    if fault(match=match, value=value, has_permission_set=has_permission_set) == "":
        rule = Rule(
            mapping_id=1,
            name="a mapping",
            claim="groups",
            match=match,
            value=value,
            role_name="ReadOnly" if has_permission_set else None,
            targets=Targets(everything=True),
            console=True,
            keys=True,
        )
        sent = render(value, READ_ONLY) if match is Match.TEMPLATE else value
        assert sent
        assert rule.verdict(READ_ONLY, frozenset({sent})).value == sent
