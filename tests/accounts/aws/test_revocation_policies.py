"""Policies that end sessions: merged, never replaced, never back in time, and no longer than AWS takes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.aws.limits import LONGEST_INLINE_POLICIES
from accounts.aws.revocation_policies import OUTLIVED, Cut, RevocationPolicy
from accounts.errors import AwsRefused
from demo.cloud import policies
from demo.cloud.conditions import key_name
from demo.cloud.policies import Request, Verdict
from tests import cast

NOW = cast.NOON
ALICE, BOB = "abcdefghij22", "abcdefghij33"
ROLES = ("arn:aws:iam::*:role/gatehouse/Developer",)


def written(*cuts: Cut, into: Any = None, now: datetime = NOW, longest: int = 10_240) -> Any:
    text = RevocationPolicy.read(into).merged(cuts, now=now).written(longest)
    return json.loads(text)


def denies(document: Any, *, issued: datetime, name: str, source: str = "", role: str = "") -> bool:
    """Whether the policy denies a session, as the embedded AWS decides it."""
    keys = {
        "aws:userid": f"AROAEXAMPLE:{name}",
        "aws:TokenIssueTime": str(int(issued.timestamp())),
        "aws:PrincipalArn": role or "arn:aws:iam::123456789012:role/gatehouse/Developer",
        **({"aws:SourceIdentity": source} if source else {}),
    }
    context = {key_name(key): (value,) for key, value in keys.items()}
    request = Request(action="s3:GetObject", resource="*", context=context)
    return policies.of_identity([json.dumps(document)], request) is Verdict.DENIES


def test_everybody_is_cut_who_came_before_and_nobody_after() -> None:
    document = written(Cut(NOW))

    assert not denies(document, issued=NOW, name=f"alice-{ALICE}")
    assert denies(document, issued=NOW - timedelta(seconds=1), name=f"alice-{ALICE}")


def test_one_person_is_cut_by_whatever_name_and_nobody_else() -> None:
    document = written(Cut(NOW, ALICE))
    before = NOW - timedelta(seconds=1)

    assert not denies(document, issued=before, name=f"bob-{BOB}")
    assert not denies(document, issued=before, name=f"{ALICE}-{BOB}")
    assert not denies(document, issued=NOW, name=f"alice-{ALICE}")
    assert denies(document, issued=before, name=f"alice@northwind.example-{ALICE}")
    assert denies(document, issued=before, name=f"alice.renamed-{ALICE}")
    # A session with another role, entered from here, has a name of its own and the same source identity.
    assert denies(document, issued=before, name="anything", source=f"alice-{ALICE}")


def test_a_policy_of_the_organization_cuts_in_the_named_roles_only() -> None:
    document = written(Cut(NOW, roles=ROLES), Cut(NOW, ALICE))
    before = NOW - timedelta(seconds=1)

    other = "arn:aws:iam::123456789012:role/Other"
    assert denies(document, issued=before, name=f"bob-{BOB}")
    assert not denies(document, issued=before, name=f"bob-{BOB}", role=other)
    assert denies(document, issued=before, name=f"alice-{ALICE}", role=other)


def test_cuts_are_merged_and_never_move_back() -> None:
    first = written(Cut(NOW), Cut(NOW, ALICE))
    later = NOW + timedelta(hours=1)
    second = written(Cut(NOW - timedelta(days=9)), Cut(later, BOB), into=first)

    assert RevocationPolicy.read(second).cuts == {Cut(NOW), Cut(later, BOB)}
    third = written(Cut(NOW, BOB), Cut(later, ALICE), into=second)
    assert RevocationPolicy.read(third).cuts == {Cut(NOW), Cut(later, BOB), Cut(later, ALICE)}


def test_what_no_session_outlives_goes_but_the_moment_for_everybody_stays() -> None:
    document = written(Cut(NOW - timedelta(hours=1)), Cut(NOW, ALICE))

    shrunk = written(into=document, now=NOW + OUTLIVED)

    assert RevocationPolicy.read(shrunk).cuts == {Cut(NOW - timedelta(hours=1))}
    still = written(into=document, now=NOW + OUTLIVED - timedelta(seconds=1))
    assert Cut(NOW, ALICE) in RevocationPolicy.read(still).cuts


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a": "b"}}},
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"},
                "StringLike": {"aws:userid": "*:bob@northwind.example"},
            },
        },
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "DateLessThan": {
                    "aws:TokenIssueTime": "2026-01-01T00:00:00Z",
                    "aws:CurrentTime": "x",
                }
            },
        },
    ],
)
def test_statements_of_others_stay_as_they_are(statement: dict[str, Any]) -> None:
    document = written(Cut(NOW), into={"Version": "2012-10-17", "Statement": statement})

    assert document["Statement"][0] == statement
    assert RevocationPolicy.read(document).cuts == {Cut(NOW)}


@pytest.mark.parametrize("document", ["", [], {}, {"Version": "2012-10-17"}])
def test_what_is_no_policy_is_not_written_over(document: Any) -> None:
    with pytest.raises(AwsRefused) as refused:
        RevocationPolicy.read(document)

    assert refused.value.code == "revocation.policy_not_understood"


def _marks(number: int) -> list[str]:
    digits = "abcdefghijklmnop"
    return [
        f"aaaaaaaaa{digits[n // 256]}{digits[n // 16 % 16]}{digits[n % 16]}" for n in range(number)
    ]


def test_a_full_policy_takes_the_latest_moment_for_all_and_then_refuses() -> None:
    at_many_moments = [Cut(NOW + timedelta(seconds=n), mark) for n, mark in enumerate(_marks(200))]

    document = written(*at_many_moments, longest=LONGEST_INLINE_POLICIES)

    latest = NOW + timedelta(seconds=199)
    assert RevocationPolicy.read(document).cuts >= {Cut(latest, mark) for mark in _marks(200)}
    assert RevocationPolicy.read(document).has(at_many_moments, now=NOW)
    with pytest.raises(AwsRefused) as refused:
        written(*(Cut(NOW, mark) for mark in _marks(600)), longest=LONGEST_INLINE_POLICIES)
    assert refused.value.code == "revocation.policy_full"


_CUTS = st.lists(
    st.builds(
        Cut,
        st.integers(-60, 60).map(lambda n: NOW + timedelta(minutes=n)),
        st.sampled_from(["", ALICE, BOB]),
        st.sampled_from([(), ROLES]),
    )
)


@given(_CUTS, _CUTS)
def test_what_is_written_holds_all_that_was_asked(first: list[Cut], second: list[Cut]) -> None:
    document = written(*second, into=written(*first))

    assert RevocationPolicy.read(document).has([*first, *second], now=NOW)
