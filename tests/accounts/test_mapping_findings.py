"""What there is to look at among mappings: never what is as it should be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.mapping_findings import Finding, findings
from accounts.models import Mapping, PermissionSet, SignIn
from accounts.rules import all_rules_in_force
from tests import cast

pytestmark = pytest.mark.usefixtures("northwind")


def found(kind: Finding) -> list[tuple[str, str]]:
    rules = all_rules_in_force(now=cast.NOON)
    return [
        (one.mapping, one.words) for one in findings(rules, now=cast.NOON) if one.finding is kind
    ]


def read_only() -> PermissionSet:
    return PermissionSet.objects.get(name="ReadOnly")


def test_what_everybody_uses_in_its_own_way_is_not_listed() -> None:
    cast.sign_in("alice", now=cast.NOON)
    cast.sign_in("bob", now=cast.NOON)

    assert findings(all_rules_in_force(now=cast.NOON), now=cast.NOON) == []


def test_an_exact_value_with_a_star_is_listed_and_a_wildcard_is_not() -> None:
    cast.mapping("pay*", read_only(), "all", name="Literal")
    cast.mapping("pay*", read_only(), "all", name="Pattern", match="wildcard")

    ((name, words),) = found(Finding.LITERAL)
    assert name == "Literal"
    assert "compared letter by letter" in words


@pytest.mark.parametrize(
    ("match", "value", "dead"),
    [
        ("exact", "payments", False),
        ("wildcard", "pay*", False),
        ("template", "{tags.team}", False),
        ("exact", "Payments", True),
        ("wildcard", "paid*", True),
        ("template", "aws-{account_name}", True),
    ],
)
def test_a_mapping_is_dead_if_no_sign_in_brought_such_a_value(
    match: str, value: str, dead: bool
) -> None:
    cast.sign_in("alice", now=cast.NOON)
    cast.mapping(value, read_only(), "all", name="Asked about", match=match)

    assert ("Asked about" in dict(found(Finding.DEAD))) is dead


def test_a_value_of_long_ago_is_dead_and_one_that_somebody_lost_lately_is_not() -> None:
    alice = cast.sign_in("alice", now=cast.NOON)
    SignIn.objects.filter(pk=alice.pk).update(verified_at=cast.NOON - timedelta(days=91))
    assert "Developers of payments" in dict(found(Finding.DEAD))

    SignIn.objects.filter(pk=alice.pk).update(verified_at=cast.NOON - timedelta(days=89))
    cast.sign_in(cast.subject("alice", groups=["other"]), now=cast.NOON)
    assert "Developers of payments" not in dict(found(Finding.DEAD))


def test_a_double_is_listed_once_with_the_mapping_it_repeats() -> None:
    cast.mapping("staff", read_only(), "all", name="A")
    cast.mapping("staff", read_only(), "all", name="B")
    cast.mapping("staff", read_only(), "all", name="C", keys=False)

    assert found(Finding.DOUBLE) == [("B", "“A” gives the same to the same people")]
    assert [name for name, _ in found(Finding.SHADOWED)] == ["C"]


@pytest.mark.parametrize(
    ("columns", "shadowed"),
    [
        ({"match": "wildcard", "value": "st*"}, True),
        ({"match": "wildcard", "value": "*"}, True),
        ({"match": "wildcard", "value": "sta*ing"}, False),
        ({"value": "stuff"}, False),
        ({"value": "staff", "keys": False}, False),
        ({"value": "staff", "claim": "roles"}, False),
    ],
)
def test_a_mapping_is_shadowed_only_by_one_that_gives_all_of_it(
    columns: dict[str, str], shadowed: bool
) -> None:
    account = cast.account("data", "555566667777")
    cast.mapping("staff", read_only(), account, name="Narrow")
    wide = cast.mapping("staff", read_only(), "all", name="Wide")
    Mapping.objects.filter(pk=wide.pk).update(**columns)

    assert ("Narrow" in dict(found(Finding.SHADOWED))) is shadowed


def test_all_accounts_are_not_shadowed_by_one() -> None:
    account = cast.account("data", "555566667777")
    cast.mapping("st*", read_only(), account, name="Wide pattern", match="wildcard")
    cast.mapping("staff", read_only(), "all", name="Everywhere")

    assert found(Finding.SHADOWED) == []
