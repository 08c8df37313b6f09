"""Session policies are refused before AWS would, and a read-only session never gets more than a full one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.aws import session_policies
from accounts.aws.policy_documents import BadPolicy
from accounts.aws.session_policies import READ_ONLY_ACCESS, SessionPolicies

READ = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}
NO_WRITING = {"Effect": "Deny", "NotAction": ["s3:Get*", "s3:List*"], "Resource": "*"}


def policy(*statements: Any, **keys: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **keys})


def inline(*statements: Any) -> SessionPolicies:
    return SessionPolicies(policy(*statements))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "This is not JSON: Expecting value, line 1."),
        ('{"Version":\n', "This is not JSON: Expecting value, line 2."),
        ("[]", "A policy is a JSON object."),
        ("[" * 9000, "It is nested too deep."),
        (" " * 10_001, "Write it with fewer than 10,000 characters."),
        ('{"Version": "a", "Version": "b"}', "A key is there twice in one object."),
        ('{"Version": NaN}', "JSON has no NaN."),
        (policy(READ, Version="2008-10-17"), "Write “Version”: “2012-10-17”."),
        (policy(READ, Principal="*"), "A policy has no “Principal”."),
        (policy(), "“Statement” is empty."),
        ('{"Version": "2012-10-17"}', "“Statement” is an object, or a list of objects."),
        (policy("Allow"), "“Statement” is an object, or a list of objects."),
        (
            policy({**READ, "Principal": "*"}),
            "Statement 1 has “Principal”, which the policy of a role cannot have.",
        ),
        (policy(READ, {**READ, "Effect": "allow"}), "Statement 2: “Effect” is “Allow” or “Deny”."),
        (policy({**READ, "Effect": ["Allow"]}), "Statement 1: “Effect” is “Allow” or “Deny”."),
        (policy({**READ, "Sid": "a b"}), "Statement 1: a “Sid” has letters and digits only."),
        (policy({**READ, "Sid": 7}), "Statement 1: a “Sid” has letters and digits only."),
        (policy({**READ, "Sid": "A"}, {**READ, "Sid": "A"}), "Two statements have the same “Sid”."),
        (policy({**READ, "NotAction": "*"}), "Statement 1: give “Action” or “NotAction”."),
        (
            policy({"Effect": "Allow", "Action": "*"}),
            "Statement 1: give “Resource” or “NotResource”.",
        ),
        (
            policy({**READ, "Action": []}),
            "Statement 1: “Action” is “*”, or texts such as “s3:GetObject”.",
        ),
        (
            policy({**READ, "Action": ["s3:Get*", "GetObject"]}),
            "Statement 1: “Action” is “*”, or texts such as “s3:GetObject”.",
        ),
        (
            policy({**READ, "Resource": "bucket"}),
            "Statement 1: “Resource” is “*”, or texts such as “arn:aws:s3:::bucket/*”.",
        ),
        (policy({**READ, "Condition": []}), "Statement 1: “Condition” is an object."),
    ],
)
def test_a_text_that_aws_would_not_take_is_refused_with_what_to_do(text: str, reason: str) -> None:
    assert session_policies.fault_of_inline(text) == reason


def test_a_policy_that_aws_takes_is_taken_and_sent_without_spaces_in_ascii() -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "Süd 東"}}
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Id": "x",
            "Statement": {**READ, "Sid": "A1", "Condition": condition},
        },
        indent=4,
        ensure_ascii=False,
    )

    assert session_policies.fault_of_inline(text) == ""
    sent = SessionPolicies(text).sent(partition="aws", account_id="123456789012").inline

    assert sent.isascii()
    assert "\n" not in sent
    assert json.loads(sent)["Statement"] == [{**READ, "Sid": "A1", "Condition": condition}]


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "ReadOnlyAccess",
        "arn:aws:iam::aws:role/ReadOnlyAccess",
        "arn:aws:iam::12345678901:policy/Read",
        "arn:aws:iam::{account}:policy/Read",
        "arn:aws:iam::aws:policy/",
        "arn:aws:iam::aws:policy//Read",
        "arn:aws:iam::aws:policy/Read\n",
        "arn:aws:iam::aws:policy/Réad",
        "arn:aws:iam::aws:policy/" + "a" * 129,
        "arn:aws:iam::aws:policy/" + "a/" * 350 + "Read",
    ],
)
def test_what_is_not_the_arn_of_a_managed_policy_is_refused(arn: str) -> None:
    assert session_policies.fault_of_arns([READ_ONLY_ACCESS, arn]).startswith(
        f"“{arn[:200]}” is not"
    )


def test_managed_policies_are_in_the_account_and_partition_of_the_role() -> None:
    arns = [READ_ONLY_ACCESS, "arn:{partition}:iam::{account_id}:policy/gatehouse/Read"]

    assert session_policies.fault_of_arns(arns) == ""
    assert SessionPolicies(arns=tuple(arns)).sent(
        partition="aws-us-gov", account_id="123456789012"
    ).arns == (
        "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess",
        "arn:aws-us-gov:iam::123456789012:policy/gatehouse/Read",
    )


def test_managed_policies_are_a_list_of_at_most_ten_different_ones() -> None:
    arns = [f"arn:aws:iam::aws:policy/Policy{number}" for number in range(11)]

    assert session_policies.fault_of_arns(arns[:10]) == ""
    assert session_policies.fault_of_arns(arns) == (
        "AWS takes at most 10 managed policies; these are 11."
    )
    assert session_policies.fault_of_arns(arns[:1] * 2) == "An ARN is there twice."
    for wrong in (arns[0], [7], None):
        assert (
            session_policies.fault_of_arns(wrong) == "ARNs of managed policies are a list of texts."
        )


def test_all_policies_together_have_2048_characters_at_most() -> None:
    arn = "arn:aws:iam::aws:policy/Read"
    bare = SessionPolicies(policy({**READ, "Sid": ""}).replace(" ", ""), (arn,))
    room = 2048 - len(bare.inline) - len(arn)
    fits = SessionPolicies(policy({**READ, "Sid": "a" * room}), (arn,))
    over = SessionPolicies(policy({**READ, "Sid": "a" * (room + 1)}), (arn,))

    assert session_policies.fault_together(fits) == ""
    assert session_policies.fault_together(over).startswith(
        "AWS takes 2,048 characters of session policies, ARNs included; these are 2,049, spaces not counted."
    )


def test_policies_that_allow_nothing_are_refused() -> None:
    assert session_policies.fault_together(inline(NO_WRITING)).startswith("It allows nothing")
    assert session_policies.fault_of_narrowing(SessionPolicies(), inline(NO_WRITING)).startswith(
        "It allows nothing"
    )
    assert session_policies.fault_together(
        SessionPolicies(policy(NO_WRITING), (READ_ONLY_ACCESS,))
    ) == ("")
    assert session_policies.fault_together(SessionPolicies()) == ""


def test_without_a_session_policy_the_read_only_policy_is_it() -> None:
    for less in (inline(READ), SessionPolicies(arns=(READ_ONLY_ACCESS,))):
        assert session_policies.fault_of_narrowing(SessionPolicies(), less) == ""
        assert session_policies.narrowed(SessionPolicies(), less) == less


@pytest.mark.parametrize(
    "less",
    [
        inline(READ),
        inline(NO_WRITING, READ),
        SessionPolicies(policy(NO_WRITING), (READ_ONLY_ACCESS,)),
    ],
)
def test_next_to_a_session_policy_what_allows_something_would_give_more_and_is_refused(
    less: SessionPolicies,
) -> None:
    base = inline({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})

    assert "this one would give more, not less" in session_policies.fault_of_narrowing(base, less)
    with pytest.raises(BadPolicy, match="would give more"):
        session_policies.narrowed(base, less)


def test_next_to_a_session_policy_what_denies_is_added_to_it() -> None:
    base = SessionPolicies(policy(READ), (READ_ONLY_ACCESS,))

    assert session_policies.fault_of_narrowing(base, inline(NO_WRITING)) == ""
    together = session_policies.narrowed(base, inline(NO_WRITING))

    assert json.loads(together.inline)["Statement"] == [READ, NO_WRITING]
    assert together.arns == (READ_ONLY_ACCESS,)
    only_managed = SessionPolicies(arns=(READ_ONLY_ACCESS,))
    narrowed = session_policies.narrowed(only_managed, inline(NO_WRITING))
    assert (narrowed.inline, narrowed.arns) == (
        policy(NO_WRITING).replace(", ", ",").replace(": ", ":"),
        (READ_ONLY_ACCESS,),
    )


def test_a_read_only_policy_must_fit_in_beside_the_session_policy() -> None:
    base = inline({**READ, "Sid": "A"})

    assert session_policies.fault_of_narrowing(base, inline({**NO_WRITING, "Sid": "A"})) == (
        "Together with the session policy: Two statements have the same “Sid”."
    )
    assert "these are 2," in session_policies.fault_of_narrowing(
        base, inline({**NO_WRITING, "Sid": "B" * 1900})
    )
    assert session_policies.fault_of_narrowing(base, SessionPolicies()) == ""


@pytest.mark.parametrize(
    ("statement", "leaves"),
    [
        (READ, False),
        ({**READ, "Action": "*"}, True),
        ({**READ, "Action": ["s3:*", "STS:assume*"]}, True),
        ({**READ, "Action": "sts:Get*"}, False),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, True),
        ({"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}, False),
        (NO_WRITING, False),
    ],
)
def test_a_policy_with_which_people_can_enter_other_roles_is_noticed(
    statement: dict[str, Any], leaves: bool
) -> None:
    assert session_policies.lets_assume_roles(inline(statement)) is leaves


def test_no_inline_policy_lets_nobody_leave() -> None:
    assert not session_policies.lets_assume_roles(SessionPolicies(arns=(READ_ONLY_ACCESS,)))
