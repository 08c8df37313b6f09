"""Session tags: what AWS takes, rule by rule."""

from __future__ import annotations

import pytest

from accounts.aws import session_tags
from accounts.errors import InvalidRequest

REFUSED_KEYS = [
    "",
    "a" * 129,
    "a,b",
    "a;b",
    "a\nb",
    "a\x00b",
    "\ud800",
    "💥",
    "aws:a",
    "AWS:a",
    "a*",
]
REFUSED_VALUES = ["a" * 257, "a,b", "a\tb", "a\x00", "\udfff", "💥", "aws:a", "Aws:", "#1"]


def test_a_key_that_aws_does_not_take_is_refused() -> None:
    for key in REFUSED_KEYS:
        with pytest.raises(InvalidRequest, match="cannot be the key") as refused:
            session_tags.check({key: "payments"})
        assert refused.value.code == "request.tags"
        assert refused.value.user_message.isprintable()


def test_a_value_that_aws_does_not_take_is_refused() -> None:
    for value in REFUSED_VALUES:
        with pytest.raises(InvalidRequest, match="“project” cannot have this value") as refused:
            session_tags.check({"project": value})
        assert refused.value.code == "request.tags"


@pytest.mark.parametrize("keys", [("Project", "project"), ("STRASSE", "straße")])
def test_keys_that_differ_in_case_only_are_refused(keys: tuple[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="does not look at case"):
        session_tags.check(dict.fromkeys(keys, "payments"))


def test_more_than_fifty_tags_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="at most 50 session tags; these are 51"):
        session_tags.check({f"tag{number}": "" for number in range(51)})


def test_what_aws_takes_passes() -> None:
    session_tags.check({})
    session_tags.check({"a" * 128: "b" * 256})
    session_tags.check({"project": ""})
    session_tags.check({"aws": "aws"})
    session_tags.check({"Kostenstelle Süd/2": "日本 ٣ a_b.c:d/e=f+g-h@i"})
    session_tags.check({f"tag{number}": "" for number in range(50)})
