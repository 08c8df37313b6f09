"""A mapping's preview: what it gives, to whom, and in plain words why not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts import entitlements, preview, signins
from accounts.models import Account, Mapping, PermissionSet, Person
from accounts.preview import Preview
from tests import cast

pytestmark = pytest.mark.usefixtures("northwind")


def look(mapping: Mapping) -> Preview:
    return preview.preview(mapping=mapping, now=cast.NOON)


def by_name(name: str) -> Mapping:
    return Mapping.objects.get(name=name)


def roles(found: Preview) -> list[tuple[str, str]]:
    return [(one.role.account_name, one.role.role_name) for one in found.given]


def people(found: Preview) -> list[str]:
    return [str(one.person).partition("@")[0] for one in found.recipients]


def test_a_mapping_without_target_gives_nothing_and_says_so() -> None:
    found = look(cast.mapping("x", PermissionSet.objects.get(name="Developer")))

    assert found.given == ()
    assert found.notes == ("It names no accounts, so it gives nothing: add a target.",)


def test_a_disabled_mapping_says_so_and_what_it_would_give() -> None:
    mapping = by_name("Developers of payments")
    mapping.enabled = False

    found = look(mapping)

    assert not found.in_force
    assert found.notes[0].startswith("It is disabled, so it gives nothing now.")
    assert roles(found) == [("payments-dev", "Developer")]


@pytest.mark.parametrize(("later", "in_force"), [(0, False), (1, True)])
def test_an_expired_mapping_says_since_when(later: int, in_force: bool) -> None:
    mapping = by_name("Developers of payments")
    mapping.expires_at = cast.NOON + timedelta(seconds=later)

    found = look(mapping)

    assert found.in_force is in_force
    assert any("It expired on 22 November 2026, 12:00 UTC" in note for note in found.notes) is (
        not in_force
    )


def test_a_set_offered_nowhere_it_reaches_says_so() -> None:
    prod = Account.objects.get(name="payments-prod")

    found = look(cast.mapping("x", PermissionSet.objects.get(name="Developer"), prod))

    assert found.given == ()
    assert "No active account among its targets offers Developer" in found.notes[0]


def test_an_account_that_is_not_active_is_not_reached() -> None:
    Account.objects.filter(name="payments-dev").update(active=False)

    assert roles(look(by_name("Developers of payments"))) == []
    assert roles(look(by_name("Payments looks at its accounts"))) == [("payments-prod", "ReadOnly")]


def test_a_set_and_a_mapping_that_exclude_each_other_say_so() -> None:
    PermissionSet.objects.filter(name="Developer").update(console=False)
    Mapping.objects.filter(name="Developers of payments").update(keys=False)

    found = look(by_name("Developers of payments"))

    assert found.given == ()
    assert "together they give nothing" in found.notes[0]


def test_nobody_seen_is_said() -> None:
    assert "Nobody has signed in yet." in look(by_name("Developers of payments")).notes


def test_a_claim_that_nobody_has_is_said() -> None:
    cast.sign_in("mallory")
    Mapping.objects.update(claim="roles")

    found = look(by_name("Developers of payments"))

    assert "Nobody who has signed in so far has values in the claim “roles”." in found.notes


def test_a_value_that_nobody_has_is_said() -> None:
    cast.sign_in("mallory")

    found = look(by_name("Developers of payments"))

    assert found.recipients == ()
    assert "Nobody who has signed in so far has a claim value that it matches." in found.notes


def test_roles_and_people_are_listed_with_the_value_that_gives() -> None:
    for name in ("alice", "bob", "mallory"):
        cast.sign_in(name)

    found = look(by_name("Payments looks at its accounts"))

    assert roles(found) == [("payments-dev", "ReadOnly"), ("payments-prod", "ReadOnly")]
    assert [one.reasons[0].value for one in found.given] == ["payments", "payments"]
    assert people(found) == ["alice"]
    assert found.recipients[0].values == ("payments",)
    assert found.recipients[0].given == found.given
    assert (found.looked_at, found.cut, found.notes) == (3, False, ())


def test_only_the_latest_sign_in_of_a_person_counts() -> None:
    cast.sign_in("alice", now=cast.NOON - timedelta(hours=2))
    cast.sign_in(cast.subject("alice", groups=["visitors"]), now=cast.NOON)

    assert people(look(by_name("Developers of payments"))) == []


def test_claims_that_arrived_incomplete_give_nothing_and_are_said() -> None:
    cast.sign_in(cast.subject("alice", groups=["payments"], _claim_names={"groups": "src1"}))

    found = look(by_name("Developers of payments"))

    assert people(found) == []
    assert found.notes[0].startswith("For 1 of the people the identity provider left “groups”")


def test_a_template_names_the_value_for_each_role() -> None:
    mapping = cast.mapping("aws-{account_id}-{role}", None, "all", match="template")
    cast.sign_in(cast.subject("alice", groups=["aws-123456789012-ReadOnly", "aws-1-ReadOnly"]))

    found = look(mapping)

    assert [one.reasons[0].value for one in found.given] == [
        "aws-210987654321-Developer",
        "aws-210987654321-ReadOnly",
        "aws-123456789012-Operator",
        "aws-123456789012-ReadOnly",
    ]
    (alice,) = found.recipients
    assert alice.values == ("aws-123456789012-ReadOnly",)
    assert [(one.role.account_name, one.role.role_name) for one in alice.given] == [
        ("payments-prod", "ReadOnly")
    ]


def test_a_role_that_lacks_what_a_template_names_is_left_out_and_said() -> None:
    Account.objects.filter(name="payments-dev").update(environment=None)
    mapping = cast.mapping("{environment}-{role}", None, "all", match="template")

    found = look(mapping)

    assert {account for account, _ in roles(found)} == {"payments-prod"}
    assert found.notes[0].startswith(
        "2 of the 4 roles among its targets lack what the template names"
    )


def test_a_wildcard_gives_everything_by_any_value_that_matches() -> None:
    mapping = cast.mapping(
        "pay*", PermissionSet.objects.get(name="ReadOnly"), "all", match="wildcard"
    )
    cast.sign_in(cast.subject("alice", groups=["payroll", "payments", "visitors"]))
    cast.sign_in("mallory")

    found = look(mapping)

    (alice,) = found.recipients
    assert alice.values == ("payments", "payroll")
    assert alice.given == found.given
    assert len(found.given) == 2


@pytest.mark.parametrize(
    ("match", "value"),
    [
        ("exact", "payments"),
        ("wildcard", "*"),
        ("wildcard", "p*"),
        ("template", "aws-{account_id}-{role}"),
        ("template", "arn:{partition}:iam::{account_id}:role/{role}"),
        ("template", "{environment}-team"),
    ],
)
def test_the_preview_says_of_each_person_what_the_door_would_give(match: str, value: str) -> None:
    Mapping.objects.all().delete()
    role = None if "{role}" in value else PermissionSet.objects.get(name="ReadOnly")
    mapping = cast.mapping(value, role, "all", match=match)
    values = [
        "payments",
        "platform",
        "aws-123456789012-ReadOnly",
        "arn:aws:iam::210987654321:role/gatehouse/Developer",
        "production-team",
        "on-call",
    ]
    for number in range(len(values) + 1):
        cast.sign_in(cast.subject(f"person-{number}", groups=values[:number]))

    found = look(mapping)

    previewed = {one.person.sub: {e.role.arn for e in one.given} for one in found.recipients}
    for person in Person.objects.all():
        sign_in = person.sign_ins.get()
        decided = entitlements.resolve(subject=signins.subject_of(sign_in), now=cast.NOON)
        assert previewed.get(person.sub, set()) == {e.role.arn for e in decided.granted}


def test_more_people_than_are_looked_at_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "PEOPLE", 2)
    for hours, name in enumerate(("alice", "bob", "mallory")):
        cast.sign_in(name, now=cast.NOON + timedelta(hours=hours))

    found = look(by_name("Developers of payments"))

    assert (found.looked_at, found.cut) == (2, True)
    assert people(found) == []


def test_the_preview_costs_the_same_queries_whatever_the_size(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    mapping = cast.mapping(
        "pay*", PermissionSet.objects.get(name="ReadOnly"), "all", match="wildcard"
    )
    for number in range(20):
        where = cast.account(f"more-{number}", f"{number:012}")
        cast.offer(where, PermissionSet.objects.get(name="ReadOnly"))
        cast.sign_in(cast.subject(f"person-{number}", groups=["payments"]))

    # The rule, the people, their latest sign-ins, the roles; who is blocked, by their claims.
    with django_assert_num_queries(6):
        look(mapping)


def test_the_preview_splits_as_the_door_does() -> None:
    cast.sign_in(cast.subject("alice", groups="visitors;payments"))
    mapping = by_name("Developers of payments")
    assert people(look(mapping)) == []

    mapping.split = ";"
    mapping.save()

    assert people(look(mapping)) == ["alice"]


def test_what_arrived_in_another_form_and_what_nearly_matches_is_said() -> None:
    mapping = by_name("Developers of payments")
    for who, groups in (
        ("alice", "Payments"),
        ("bob", "Payments"),
        ("carol", [{"name": "payments"}]),
    ):
        cast.sign_in(cast.subject(who, groups=groups))

    notes = " ".join(look(mapping).notes)

    assert "“Payments” of alice@northwind.example and 1 more is not “payments”" in notes or (
        "“Payments” of bob@northwind.example and 1 more is not “payments”" in notes
    )
    assert "they differ in upper and lower case" in notes
    assert "Of 1 person: Objects with the keys “name” arrived." in notes
    Mapping.objects.filter(pk=mapping.pk).update(match="wildcard", value="pay*")
    mapping.refresh_from_db()
    assert "is not “pay*”" in " ".join(look(mapping).notes)
