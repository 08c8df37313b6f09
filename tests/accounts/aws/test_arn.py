"""ARNs of roles: what is one, and what only looks like it."""

from __future__ import annotations

import pytest

from accounts.aws.arn import RoleArn, parse_role_arn
from accounts.errors import InvalidRequest

LONGEST_PATH = "/" + "p" * 510 + "/"


REFUSED = [
    ("", "20 to 2048 characters"),
    ("arn:aws:iam::123456", "20 to 2048 characters"),
    ("arn:aws:iam::123456789012:role/" + "p/" * 1010, "20 to 2048 characters"),
    ("not an arn, though long enough", "looks like arn:aws:iam::"),
    ("ARN:aws:iam::123456789012:role/Name", "looks like arn:aws:iam::"),
    ("arn:aws:iam:123456789012:role/Name", "looks like arn:aws:iam::"),
    ("arn:azure:iam::123456789012:role/Name", "not a partition"),
    ("arn:aws-:iam::123456789012:role/Name", "not a partition"),
    ("arn:aws:sts::123456789012:assumed-role/Name/alice", "service of a role's ARN is iam"),
    ("arn:aws:iam:eu-west-1:123456789012:role/Name", "has no region"),
    ("arn:aws:iam::12345678901:role/Name", "12 digits"),
    ("arn:aws:iam::1234567890123:role/Name", "12 digits"),
    ("arn:aws:iam::12345678901२:role/Name", "12 digits"),
    ("arn:aws:iam::aws:role/SomeLongName", "12 digits"),
    ("arn:aws:iam::123456789012:user/Name", "after the account id"),
    ("arn:aws:iam::123456789012:role", "after the account id"),
    ("arn:aws:iam::123456789012:roles/Name", "after the account id"),
    ("arn:aws:iam::123456789012:role/", "name is 1 to 64"),
    ("arn:aws:iam::123456789012:role/path/", "name is 1 to 64"),
    ("arn:aws:iam::123456789012:role/" + "n" * 65, "name is 1 to 64"),
    ("arn:aws:iam::123456789012:role/Élise", "name is 1 to 64"),
    ("arn:aws:iam::123456789012:role/Name\n", "name is 1 to 64"),
    ("arn:aws:iam::123456789012:role/two words", "name is 1 to 64"),
    ("arn:aws:iam::123456789012:role/*", "name is 1 to 64"),
    ("arn:aws:iam::123456789012:role/a b/Name", "a role's path"),
    (f"arn:aws:iam::123456789012:role{LONGEST_PATH}x/Name", "a role's path"),
]


def test_parse_role_arn_refuses_and_says_why() -> None:
    for text, rule in REFUSED:
        with pytest.raises(InvalidRequest, match=rule) as refused:
            parse_role_arn(text)
        assert refused.value.code == "request.arn"


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        (
            "arn:aws:iam::123456789012:role/Developer",
            RoleArn("aws", "123456789012", "/", "Developer"),
        ),
        (
            "arn:aws-us-gov:iam::000000000001:role/gatehouse/team=a/ReadOnly",
            RoleArn("aws-us-gov", "000000000001", "/gatehouse/team=a/", "ReadOnly"),
        ),
        (
            "arn:aws-cn:iam::123456789012:role/a_+=,.@-Z",
            RoleArn("aws-cn", "123456789012", "/", "a_+=,.@-Z"),
        ),
        (
            f"arn:aws:iam::123456789012:role{LONGEST_PATH}{'n' * 64}",
            RoleArn("aws", "123456789012", LONGEST_PATH, "n" * 64),
        ),
    ],
)
def test_parse_role_arn_takes_apart_what_str_puts_together(text: str, parsed: RoleArn) -> None:
    assert parse_role_arn(text) == parsed
    assert str(parsed) == text
