"""Policies and their conditions as the demo's STS reads them: as AWS documents it, absent keys included."""

from __future__ import annotations

import json
from typing import Any

import pytest

from demo.cloud import policies
from demo.cloud.conditions import PolicyNotUnderstood, hold, key_name, like
from demo.cloud.policies import Request, Verdict

ARN = "arn:aws:iam::123456789012:role/gatehouse/Admin"
CONTEXT = {
    key_name(name): values
    for name, values in {
        "aws:PrincipalArn": (ARN,),
        "aws:TokenIssueTime": ("1764500000",),  # 2025-11-30T10:53:20Z
        "aws:MultiFactorAuthPresent": ("false",),
        "aws:SourceIp": ("192.0.2.7",),
        "aws:TagKeys": ("team", "ticket"),
        "aws:RequestTag/team": ("pay*ments",),
        "aws:username": ("pay*ments",),
        "sts:DurationSeconds": ("3600",),
        "login.example/x:sub": ("Alice",),
    }.items()
}


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "expected"),
    [
        ("StringEquals", "login.example/x:sub", "alice", False),
        ("StringEquals", "login.example/X:sub", "Alice", False),
        ("StringEquals", "login.example/x:sub", ["Bob", "Alice"], True),
        ("StringEqualsIgnoreCase", "login.example/x:sub", "alice", True),
        ("StringNotEquals", "login.example/x:sub", ["Bob", "Alice"], False),
        ("StringNotEqualsIgnoreCase", "login.example/x:sub", "bob", True),
        ("StringLike", "login.example/x:sub", "al*", False),
        ("StringLike", "login.example/x:sub", "A?ice", True),
        ("StringNotLike", "login.example/x:sub", "A*", False),
        ("StringEquals", "AWS:requesttag/TEAM", "pay*ments", True),
        ("StringLike", "aws:RequestTag/team", "pay${*}ments", True),
        ("StringLike", "aws:RequestTag/team", "pay${?}ments", False),
        ("StringLike", "aws:RequestTag/team", "${aws:username}", True),
        ("StringEquals", "aws:RequestTag/team", "${aws:username}", True),
        ("StringLike", "aws:RequestTag/team", "${aws:userid}", False),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/gatehouse/*", True),
        ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*", False),
        ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/gatehouse/*", False),
        ("Bool", "aws:MultiFactorAuthPresent", True, False),
        ("Bool", "aws:MultiFactorAuthPresent", "False", True),
        ("DateLessThan", "aws:TokenIssueTime", "2025-11-30T10:53:21Z", True),
        ("DateLessThan", "aws:TokenIssueTime", "2025-11-30T10:53:20Z", False),
        ("DateGreaterThanEquals", "aws:TokenIssueTime", "1764500000", True),
        ("DateLessThan", "aws:TokenIssueTime", "no date", False),
        ("NumericLessThanEquals", "sts:DurationSeconds", "3600", True),
        ("NumericGreaterThan", "sts:DurationSeconds", "3600", False),
        ("IpAddress", "aws:SourceIp", "192.0.2.0/24", True),
        ("NotIpAddress", "aws:SourceIp", "192.0.2.0/24", False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["team"], False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["team", "ticket", "x"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["team"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["x"], False),
        ("Null", "aws:TagKeys", "true", False),
        ("Null", "aws:TagKeys", "false", True),
        # Keys that are absent from the request.
        ("StringEquals", "login.example/x:groups", "admins", False),
        ("StringLike", "login.example/x:groups", "*", False),
        ("ForAnyValue:StringEquals", "login.example/x:groups", "admins", False),
        ("ForAnyValue:StringNotEquals", "login.example/x:groups", "admins", False),
        ("Bool", "aws:ViaAWSService", "false", False),
        ("Null", "login.example/x:groups", False, False),
        ("Null", "login.example/x:groups", True, True),
        ("StringNotEquals", "login.example/x:groups", "admins", True),
        ("StringEqualsIfExists", "login.example/x:groups", "admins", True),
        ("ForAllValues:StringEquals", "login.example/x:groups", "admins", True),
    ],
)
def test_condition(operator: str, key: str, wanted: Any, expected: bool) -> None:
    assert hold({operator: {key: wanted}}, CONTEXT) is expected


def test_conditions_must_all_hold() -> None:
    good, bad = {"aws:SourceIp": "192.0.2.7"}, {"aws:TagKeys": "x"}

    assert hold({"StringEquals": good}, CONTEXT)
    assert not hold({"StringEquals": {**good, **bad}}, CONTEXT)
    assert not hold({"StringEquals": good, "StringLike": bad}, CONTEXT)


def test_operator_that_is_unknown_is_said_so() -> None:
    with pytest.raises(PolicyNotUnderstood, match="StringMatches"):
        hold({"StringMatches": {"aws:SourceIp": "*"}}, CONTEXT)


def test_wildcards_match_whole_texts_only() -> None:
    assert like("a\nb", "a*")
    assert not like("xab", "ab")
    assert like("a*b", r"a\*b")
    assert not like("axb", r"a\*b")


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    if "NotAction" in elements:
        return {"Effect": effect, **elements}
    return {"Effect": effect, "Action": "sts:AssumeRole", "Resource": "*", **elements}


REQUEST = Request(
    action="sts:AssumeRole",
    resource=ARN,
    context={},
    names=frozenset({("AWS", "arn:aws:iam::111111111111:user/hub"), ("AWS", "*")}),
)


def verdict(*statements: dict[str, Any]) -> Verdict:
    return policies.of_identity([json.dumps({"Statement": list(statements)})], REQUEST)


def test_deny_wins_and_silence_is_no_permission() -> None:
    assert verdict() is Verdict.SILENT
    assert verdict(statement()) is Verdict.ALLOWS
    assert verdict(statement(), statement("Deny")) is Verdict.DENIES
    assert verdict(statement(Action="sts:TagSession")) is Verdict.SILENT
    assert verdict(statement(Action=["STS:assume*"])) is Verdict.ALLOWS
    assert verdict(statement(Resource="arn:aws:iam::*:role/other/*")) is Verdict.SILENT
    assert verdict(statement(NotAction="iam:*", NotResource="x")) is Verdict.ALLOWS
    assert verdict(statement(NotAction="sts:*", NotResource="x")) is Verdict.SILENT


def trust(principal: Any, effect: str = "Allow", element: str = "Principal") -> Verdict:
    document = {"Statement": {"Effect": effect, "Action": "sts:AssumeRole", element: principal}}
    return policies.of_trust(json.dumps(document), REQUEST)


def test_trust_policy_names_its_principals_exactly() -> None:
    hub = "arn:aws:iam::111111111111:user/hub"
    for principal, expected in (
        ({"AWS": hub}, Verdict.ALLOWS),
        ({"AWS": ["x", hub]}, Verdict.ALLOWS),
        ("*", Verdict.ALLOWS),
        ({"AWS": "*"}, Verdict.ALLOWS),
        ({"AWS": "arn:aws:iam::111111111111:user/*"}, Verdict.SILENT),
        ({"Federated": hub}, Verdict.SILENT),
        ({"Service": "ec2.amazonaws.com"}, Verdict.SILENT),
        ({}, Verdict.SILENT),
    ):
        assert trust(principal) is expected, principal
    assert trust({"AWS": hub}, "Deny", "NotPrincipal") is Verdict.SILENT
    assert trust({"AWS": "x"}, "Deny", "NotPrincipal") is Verdict.DENIES
    web = Request(
        action="sts:AssumeRole", resource=ARN, context={}, names=frozenset({("Federated", "p")})
    )
    for effect, expected in (("Allow", Verdict.SILENT), ("Deny", Verdict.DENIES)):
        everybody = {"Effect": effect, "Action": "sts:*", "Principal": "*"}
        assert policies.of_trust(json.dumps({"Statement": everybody}), web) is expected


@pytest.mark.parametrize(
    "document",
    [
        "no JSON",
        "[]",
        "{}",
        '{"Statement": [{"Effect": "allow"}]}',
        '{"Statement": [7]}',
        '{"Statement": {"Effect": "Allow", "Principal": "x", "Action": "*"}}',
        '{"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "Action": "*"}}',
        '{"Statement": {"Effect": "Allow", "Principal": "*"}}',
    ],
)
def test_policy_that_is_none_is_not_understood(document: str) -> None:
    with pytest.raises(PolicyNotUnderstood):
        policies.of_trust(document, REQUEST)
