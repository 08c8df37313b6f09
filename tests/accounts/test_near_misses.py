"""Texts that only look alike, and the mappings that a person nearly matches."""

from __future__ import annotations

import pytest

from accounts.models import Mapping, PermissionSet
from accounts.near_misses import difference
from accounts.rules import near_misses_of
from tests import cast


@pytest.mark.parametrize(
    ("value", "wanted", "way"),
    [
        ("payments", "payments", ""),
        ("payments", "platform", ""),
        ("Payments", "payments", "upper and lower case"),
        ("payments ", "payments", "spaces at its ends"),
        ("cafe\u0301", "café", "the Unicode form of its letters"),
        ("\uff30ayments", "Payments", "the Unicode form of its letters"),
        (" PAYMENTS", "payments", "case, spaces and Unicode form"),
    ],
)
def test_what_makes_two_texts_differ_that_look_alike_is_said(
    value: str, wanted: str, way: str
) -> None:
    assert difference(value, wanted) == way


@pytest.mark.usefixtures("northwind")
def test_values_that_nearly_match_a_mapping_in_force_are_found() -> None:
    def found(groups: object) -> list[tuple[str, str, str]]:
        misses = near_misses_of(cast.subject("alice", groups=groups), now=cast.NOON)
        return [(one.mapping, one.value, one.wanted) for one in misses]

    assert found(["payments", "on call"]) == []
    assert found(["On-Call", "payments"]) == [("On call operates production", "On-Call", "on-call")]
    assert found("a; ON-CALL") == []
    Mapping.objects.filter(value="on-call").update(split=";")
    assert found("a; ON-CALL") == [("On call operates production", "ON-CALL", "on-call")]
    Mapping.objects.filter(value="on-call").update(enabled=False)
    assert found("a; ON-CALL") == []
    cast.mapping("a@x", PermissionSet.objects.get(name="ReadOnly"), "all", claim="email")
    unverified = cast.subject("alice", email="A@x")
    assert near_misses_of(unverified, now=cast.NOON) == []
