"""What a permission set says of its sessions fits together, or is refused where it is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.aws.session_policies import READ_ONLY_ACCESS
from accounts.aws.session_rules import faults_of_policies, faults_of_tags

ALLOWS = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)
DENIES = ALLOWS.replace("Allow", "Deny")


def of_tags(**values: Any) -> dict[str, str]:
    return dict(
        faults_of_tags(**{"session_tags": [], "claim_tags": {}, "transitive_tags": [], **values})
    )


def of_policies(**values: Any) -> dict[str, str]:
    given = {
        "session_policy": "",
        "session_policy_arns": [],
        "read_only_policy": "",
        "read_only_policy_arns": [],
    }
    return dict(faults_of_policies(**{**given, **values}))


@pytest.mark.parametrize("wrong", ["team", [7], None, {"team": "x"}])
def test_keys_that_people_may_set_are_a_list_of_texts(wrong: object) -> None:
    assert list(of_tags(session_tags=wrong)) == ["session_tags"]


@pytest.mark.parametrize(
    "wrong", [["team"], {"team": ""}, {"team": 7}, {"team": " department"}, {"team": "x" * 256}]
)
def test_a_tag_from_a_claim_needs_the_name_of_one(wrong: object) -> None:
    assert list(of_tags(claim_tags=wrong)) == ["claim_tags"]


def test_a_tag_from_a_claim_cannot_be_one_that_people_set_in_whatever_case() -> None:
    for key in ("team", "Team"):
        assert "one session tag to AWS" in of_tags(
            session_tags=["team"], claim_tags={key: "department"}
        ).get("claim_tags", "")


def test_keys_of_both_are_at_most_fifty() -> None:
    keys = [f"key{number}" for number in range(25)]
    claims = {f"claim{number}": "department" for number in range(26)}

    assert of_tags(session_tags=keys[:24], claim_tags=claims) == {}
    assert of_tags(session_tags=keys, claim_tags=claims) == {
        "claim_tags": "AWS takes at most 50 session tags; these are 51."
    }


def test_a_wrong_key_is_complained_of_once() -> None:
    assert list(of_tags(session_tags=["aws:x"], claim_tags={"team": "department"})) == [
        "session_tags"
    ]
    assert list(of_tags(claim_tags={"aws:x": "department"})) == ["claim_tags"]


def test_only_tags_from_claims_are_transitive_each_once() -> None:
    tags = {"team": "department"}

    assert of_tags(claim_tags=tags, transitive_tags=["team"]) == {}
    assert "not among the tags from claims" in of_tags(
        session_tags=["ticket"], claim_tags=tags, transitive_tags=["ticket"]
    ).get("transitive_tags", "")
    for wrong in (["Team"], ["team", "team"], "team", [7]):
        assert list(of_tags(claim_tags=tags, transitive_tags=wrong)) == ["transitive_tags"], wrong


def test_each_policy_is_complained_of_where_it_is_wrong() -> None:
    assert of_policies() == {}
    assert list(
        of_policies(
            session_policy="{",
            session_policy_arns=["x"],
            read_only_policy="{",
            read_only_policy_arns=["x"],
        )
    ) == ["session_policy", "session_policy_arns", "read_only_policy", "read_only_policy_arns"]


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"session_policy": DENIES}, "session_policy"),
        ({"session_policy": ALLOWS, "read_only_policy": ALLOWS}, "read_only_policy"),
        (
            {
                "session_policy_arns": [READ_ONLY_ACCESS],
                "read_only_policy_arns": [READ_ONLY_ACCESS],
            },
            "read_only_policy_arns",
        ),
        (
            {
                "session_policy_arns": [
                    "arn:aws:iam::aws:policy/" + "a/" * 300 + str(i) for i in range(4)
                ]
            },
            "session_policy_arns",
        ),
    ],
)
def test_policies_that_do_not_fit_together_are_refused(values: dict[str, Any], wrong: str) -> None:
    assert list(of_policies(**values)) == [wrong]


def test_policies_that_fit_together_are_taken() -> None:
    assert of_policies(session_policy=ALLOWS, read_only_policy=DENIES) == {}
    assert of_policies(read_only_policy_arns=[READ_ONLY_ACCESS]) == {}
