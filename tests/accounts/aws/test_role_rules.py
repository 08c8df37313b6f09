"""What a permission set may say of its IAM roles."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.aws.role_rules import faults_of_permissions

GOOD: dict[str, Any] = {
    "role_policy": '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}',
    "role_policy_arns": ["arn:{partition}:iam::aws:policy/job-function/ViewOnlyAccess"],
    "permissions_boundary": "arn:{partition}:iam::{account_id}:policy/Boundary",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("role_policy", "{}"),
        ("role_policy", "not JSON"),
        ("role_policy", GOOD["role_policy"].replace('"Action"', '"Principal": "*", "Action"')),
        ("role_policy_arns", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("role_policy_arns", ["ReadOnlyAccess"]),
        ("role_policy_arns", [f"arn:aws:iam::aws:policy/P{number}" for number in range(11)]),
        ("permissions_boundary", "Boundary"),
        ("permissions_boundary", "arn:aws:iam::aws:policy/${aws:username}"),
    ],
)
def test_what_iam_would_refuse_is_refused_by_its_name(name: str, value: Any) -> None:
    assert [fault[0] for fault in faults_of_permissions(**{**GOOD, name: value})] == [name]
    assert list(faults_of_permissions(**GOOD)) == []
