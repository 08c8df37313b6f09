"""The tables refuse by themselves what the forms refuse with words."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, models, transaction
from django.db.models import ProtectedError

from accounts.models import (
    Account,
    AccountRole,
    AuditEvent,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
    Person,
    SignIn,
    TrustedIssuer,
)
from accounts.models.directory import EXTERNAL_ID, PartitionName
from accounts.models.mappings import TargetKind
from accounts.models.permission_sets import IAM_PATH
from tests.cast import NOON, account, mapping, offer, permission_set, sign_in

pytestmark = pytest.mark.django_db


def refused(constraint: str, row: models.Model) -> None:
    """Check that the database itself refuses a row, whichever way it is written, and says why."""
    with pytest.raises(IntegrityError) as one, transaction.atomic():
        type(row)._base_manager.bulk_create([row])

    assert constraint in str(one.value)


def complaints(row: models.Model) -> str:
    with pytest.raises(ValidationError) as wrong:
        row.full_clean()
    return " ".join(wrong.value.messages)


# What the database refuses


def test_the_database_refuses_an_account_id_without_12_digits() -> None:
    for account_id in ("", "12345678901", "12345678901a", "12345678901\n", "\uff11" * 12):
        refused("account_id_has_12_digits", Account(account_id=account_id, name="x"))


def test_the_database_refuses_a_line_break_after_an_account_id() -> None:
    # PostgreSQL says that it is too long, SQLite that it is no account id.
    with pytest.raises(DatabaseError), transaction.atomic():
        Account.objects.create(account_id="123456789012\n", name="x")


def test_the_database_refuses_an_account() -> None:
    refusals: list[tuple[str, dict[str, Any]]] = [
        ("account_partition_is_known", {"partition": "aws-moon"}),
        ("account_trust_method_is_known", {"trust_method": "trust-me"}),
        ("account_has_a_name", {"name": ""}),
        ("account_unit_is_a_path", {"organizational_unit": "/Workloads"}),
        ("account_unit_is_a_path", {"organizational_unit": "Workloads//Payments"}),
        ("account_region_is_one", {"region": "nowhere"}),
        ("account_external_id_fits_sts", {"external_id": "x"}),
        ("account_external_id_fits_sts", {"external_id": "two words"}),
    ]
    for constraint, columns in refusals:
        refused(constraint, Account(**{"account_id": "123456789012", "name": "x", **columns}))


def test_the_database_refuses_a_second_account_of_one_id() -> None:
    account("one", "123456789012")

    refused("account_id", Account(account_id="123456789012", name="two"))


def test_the_database_refuses_a_permission_set() -> None:
    refusals: list[tuple[str, dict[str, Any]]] = [
        ("permission_set_duration_in_bounds", {"session_duration": 899}),
        ("permission_set_duration_in_bounds", {"session_duration": 43201}),
        ("permission_set_path_fits_iam", {"iam_path": ""}),
        ("permission_set_path_fits_iam", {"iam_path": "/x"}),
        ("permission_set_path_fits_iam", {"iam_path": "x/"}),
        ("permission_set_path_fits_iam", {"iam_path": "/x y/"}),
        ("permission_set_path_fits_iam", {"iam_path": "/é/"}),
        ("permission_set_name_fits_iam", {"name": ""}),
        ("permission_set_name_fits_iam", {"name": "x/y"}),
        ("permission_set_name_fits_iam", {"name": "é"}),
    ]
    for constraint, columns in refusals:
        refused(constraint, PermissionSet(**{"name": "x", **columns}))


def test_the_database_refuses_a_permission_set_twice_in_an_account() -> None:
    where, what = account("x", "123456789012"), permission_set("x")
    offer(where, what)

    with pytest.raises(IntegrityError):
        offer(where, what, iam_role_name="another")


def test_the_database_refuses_a_role_name_that_would_be_another_arn() -> None:
    where, what = account("x", "123456789012"), permission_set("x")
    for name in ("x/y", "two words", "é", "x\n"):
        row = AccountRole(account=where, permission_set=what, iam_role_name=name)

        refused("account_role_name_fits_iam", row)


def test_the_database_refuses_an_environment() -> None:
    refused("environment_name_is_plain", Environment(name="", label="X"))
    refused("environment_name_is_plain", Environment(name="Two Words", label="X"))
    refused("environment_has_a_label", Environment(name="x", label=""))
    refused("environment_colour_is_known", Environment(name="x", label="X", colour="pink"))


def test_the_database_refuses_names_that_are_taken() -> None:
    permission_set("x")
    mapping("x", permission_set("y"), name="x")
    Environment.objects.create(name="x", label="X")

    refused("name", PermissionSet(name="x"))
    refused("name", Environment(name="x", label="Y"))
    refused("name", Mapping(name="x", value="y", permission_set=PermissionSet.objects.first()))


def test_the_database_refuses_an_empty_mapping() -> None:
    row = {"name": "x", "value": "x", "permission_set": permission_set("x")}
    for column in ("claim", "value", "name"):
        refused("mapping_is_not_empty", Mapping(**{**row, column: ""}))


def test_the_database_refuses_a_target_unit_that_is_no_path() -> None:
    found = mapping("x", permission_set("x"))
    for unit in ("/Workloads", "Workloads/", "Workloads//Payments"):
        row = MappingTarget(mapping=found, kind="unit", unit=unit)

        refused("mapping_target_unit_is_a_path", row)


def test_the_database_refuses_an_algorithm_nobody_knows() -> None:
    row = TrustedIssuer(name="x", url="https://x.example", audiences=["x"], algorithm="none")

    refused("trusted_issuer_algorithm_is_known", row)


def test_the_database_refuses_a_match_nobody_knows() -> None:
    refused(
        "mapping_match_is_known",
        Mapping(name="x", value="x", match="regex", permission_set=permission_set("x")),
    )


def test_the_database_refuses_a_mapping_without_a_permission_set() -> None:
    values = [("exact", "{role}"), ("wildcard", "{role}*"), ("template", "admins")]
    for match, value in (*values, ("template", "{account}")):
        refused("mapping_has_a_permission_set", Mapping(name="x", value=value, match=match))


def test_the_database_refuses_a_target_that_names_not_one_thing() -> None:
    found = mapping("x", permission_set("x"))
    rows: list[dict[str, str]] = [
        {"kind": "nobody"},
        {"kind": ""},
        {"kind": "account"},
        {"kind": "environment"},
        {"kind": "unit"},
        {"kind": "tag"},
        {"kind": "tag", "tag_value": "x"},
        {"kind": "all", "unit": "x"},
        {"kind": "all", "tag_key": "x"},
        {"kind": "unit", "unit": "x", "tag_key": "y"},
        {"kind": "unit", "unit": "x", "tag_value": "y"},
        {"kind": "tag", "tag_key": "x", "unit": "y"},
    ]
    for columns in rows:
        refused("mapping_target_names_one_thing", MappingTarget(mapping=found, **columns))


@pytest.mark.parametrize("kind", TargetKind.values)
def test_the_database_refuses_a_target_with_a_thing_of_another_kind(kind: str) -> None:
    found = mapping("x", permission_set("x"))
    where = account("x", "123456789012", environment="production")
    own: dict[str, Any] = {
        "all": {},
        "account": {"account": where},
        "environment": {"environment": where.environment},
        "unit": {"unit": "x"},
        "tag": {"tag_key": "x", "tag_value": ""},
    }
    for other in own.keys() - {kind, "all"}:
        refused(
            "mapping_target_names_one_thing",
            MappingTarget(mapping=found, kind=kind, **own[kind], **own[other]),
        )

    MappingTarget.objects.create(mapping=found, kind=kind, **own[kind])


def test_the_database_refuses_a_person_without_issuer_and_sub() -> None:
    refused("person_has_issuer_and_sub", Person(issuer="", sub="s"))
    refused("person_has_issuer_and_sub", Person(issuer="i", sub=""))


def test_the_database_refuses_a_person_twice() -> None:
    Person.objects.create(issuer="i", sub="s")
    Person.objects.create(issuer="i", sub="S")
    Person.objects.create(issuer="I", sub="s")

    with pytest.raises(IntegrityError):
        Person.objects.create(issuer="i", sub="s", email="other@northwind.example")


# What goes with what


def test_an_environment_in_use_stays() -> None:
    where = account("x", "123456789012", environment="production")

    with pytest.raises(ProtectedError):
        Environment.objects.all().delete()

    assert where.environment is not None


def test_a_deleted_permission_set_leaves_no_mapping_without_one() -> None:
    what = permission_set("x")
    offer(account("x", "123456789012"), what)
    mapping("x", what, "all")

    what.delete()

    assert not Mapping.objects.exists()
    assert not MappingTarget.objects.exists()
    assert not AccountRole.objects.exists()


def test_a_deleted_account_leaves_its_mapping_reaching_less() -> None:
    where = account("x", "123456789012")
    mapping("x", permission_set("x"), where)

    where.delete()

    assert Mapping.objects.exists()
    assert not MappingTarget.objects.exists()


def test_a_deleted_person_leaves_the_record() -> None:
    row = sign_in("alice", now=NOON)

    row.person.delete()

    assert not SignIn.objects.exists()
    assert AuditEvent.objects.filter(sub="sub-alice").exists()


# What the forms say


def test_an_account_says_what_is_wrong() -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"account_id": "12345678901"}, "exactly 12 digits"),
        ({"account_id": "123456789012\n"}, "at most 12 characters"),
        ({"name": ""}, "cannot be blank"),
        ({"partition": "aws-moon"}, "not a valid choice"),
        ({"organizational_unit": "/Workloads"}, "Write units as a path"),
        ({"organizational_unit": "Workloads/"}, "Write units as a path"),
        ({"organizational_unit": "a//b"}, "Write units as a path"),
        ({"region": "eu-west"}, "A region looks like"),
        ({"region": "EU-WEST-1"}, "A region looks like"),
        ({"external_id": "a b"}, "STS takes 2 to 1224"),
        ({"external_id": "x"}, "STS takes 2 to 1224"),
        ({"tags": []}, "Tags are pairs of text"),
        ({"tags": "team"}, "Tags are pairs of text"),
        ({"tags": {"team": 1}}, "Tags are pairs of text"),
        ({"tags": {"": "x"}}, "Tags are pairs of text"),
        ({"tags": {"k" * 129: "x"}}, "Tags are pairs of text"),
        ({"tags": {"team": "x" * 257}}, "Tags are pairs of text"),
    ]
    for columns, says in wrong:
        row = Account(**{"account_id": "123456789012", "name": "payments", **columns})

        assert says in complaints(row), columns


def test_an_account_that_is_right_is_taken() -> None:
    Account(
        account_id="012345678901",
        name="payments",
        partition=PartitionName.GOVCLOUD,
        organizational_unit="Workloads/Payments EU",
        tags={"team": "", "aws:x": "y"},
        region="us-gov-west-1",
        external_id="Gatehouse:x/y=1",
    ).full_clean()
    europe = Account(
        account_id="012345678902",
        name="payments-eu",
        partition=PartitionName.EUROPE,
        region="eusc-de-east-1",
    )
    europe.full_clean()
    europe.save()


def test_a_permission_set_says_what_is_wrong() -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"name": "Read Only"}, "A role name has at most 64"),
        ({"name": "a/b"}, "A role name has at most 64"),
        ({"name": "ReadOnly\n"}, "A role name has at most 64"),
        ({"iam_path": "gatehouse"}, "An IAM path begins and ends"),
        ({"iam_path": "//"}, "An IAM path begins and ends"),
        ({"iam_path": "/a b/"}, "An IAM path begins and ends"),
        ({"session_duration": 60}, "greater than or equal to 900"),
        ({"session_duration": 10**9}, "less than or equal to 43200"),
        ({"console": False, "keys": False}, "with neither can never be used"),
        ({"session_tags": {"project": "x"}}, "a list of keys, each as text"),
        ({"session_tags": ["project", 7]}, "a list of keys, each as text"),
        ({"session_tags": ["a,b"]}, "cannot be the key of a session tag"),
        ({"session_tags": ["Project", "project"]}, "does not look at case"),
        ({"session_tags": [f"tag{n}" for n in range(51)]}, "at most 50 session tags"),
    ]
    for columns, says in wrong:
        assert says in complaints(PermissionSet(**{"name": "ReadOnly", **columns})), columns


def test_a_mapping_says_what_is_wrong() -> None:
    row = {"name": "x", "value": "x", "permission_set": permission_set("ReadOnly")}
    # What is wrong with a value is accounts.mapping_values' matter.
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"match": "template", "value": "aws-{nope}"}, "Unknown placeholder {nope}"),
        ({"match": "exact", "permission_set": None}, "Choose a permission set"),
        ({"match": "regex"}, "not a valid choice"),
        ({"value": " "}, "matches nobody"),
        ({"claim": ""}, "cannot be blank"),
        ({"console": False, "keys": False}, "with neither gives nothing"),
    ]
    for columns, says in wrong:
        assert says in complaints(Mapping(**{**row, **columns})), columns


def test_a_mapping_that_is_right_is_taken() -> None:
    Mapping(name="x", match="template", value="aws-{account_id}-{role}").full_clean()
    Mapping(name="x", match="wildcard", value="a*", permission_set=permission_set("x")).full_clean()


def test_a_target_says_what_is_wrong() -> None:
    found = mapping("x", permission_set("x"))
    wrong: list[tuple[dict[str, str], str]] = [
        ({"kind": "account"}, "Say which"),
        ({"kind": "environment"}, "Say which"),
        ({"kind": "unit"}, "Say which"),
        ({"kind": "tag", "tag_value": "x"}, "Say which"),
        ({"kind": "all", "unit": "x"}, "Fill in only what"),
        ({"kind": "unit", "unit": "x", "tag_value": "y"}, "Fill in only what"),
        ({"kind": "unit", "unit": "Workloads/"}, "Write units as a path"),
        ({"kind": "unit", "unit": "/Workloads"}, "Write units as a path"),
        ({"kind": "everyone"}, "not a valid choice"),
    ]
    for columns, says in wrong:
        assert says in complaints(MappingTarget(mapping=found, **columns)), columns


def test_a_target_says_what_it_reaches() -> None:
    found = mapping("x", permission_set("x"))
    targets = [
        MappingTarget(mapping=found, kind="all"),
        MappingTarget(mapping=found, kind="unit", unit="Workloads/x"),
        MappingTarget(mapping=found, kind="tag", tag_key="team", tag_value="x"),
    ]
    for target in targets:
        target.full_clean()

    assert list(map(str, targets)) == ["all accounts", "unit Workloads/x", "tag team=x"]


def test_rows_are_shown_as_people_call_them() -> None:
    where = account("payments", "123456789012", environment="production")
    role = offer(where, permission_set("ReadOnly", iam_path="/x/"))
    found = mapping("x", role.permission_set, name="Payments looks")

    assert str(where) == "payments (123456789012)"
    assert str(role) == "ReadOnly in payments (123456789012)"
    assert role.arn == "arn:aws:iam::123456789012:role/x/ReadOnly"
    assert str(found) == "Payments looks"
    assert str(where.environment) == "Production"
    assert str(MappingTarget(mapping=found, kind="account", account=where)) == str(where)
    assert str(MappingTarget(kind="environment", environment=where.environment)) == (
        "environment Production"
    )
    assert str(sign_in("alice", now=NOON)) == "alice@northwind.example, 22 November 2026, 12:00 UTC"


def test_patterns_take_no_line_break_at_the_end() -> None:
    assert EXTERNAL_ID.endswith(r"\Z")
    assert IAM_PATH.endswith(r"\Z")


# Rights in the admin


@pytest.mark.parametrize(
    ("rights", "opens", "changes", "views"),
    [
        ({}, False, False, False),
        ({"is_auditor": True}, True, False, True),
        ({"is_admin": True}, True, True, True),
    ],
)
def test_only_admins_change_and_auditors_look(
    rights: dict[str, bool], opens: bool, changes: bool, views: bool
) -> None:
    person = Person(issuer="i", sub="s", **rights)

    assert person.is_staff is opens
    assert person.has_module_perms("accounts") is opens
    assert person.has_perm("accounts.change_account") is changes
    assert person.has_perms(["accounts.view_mapping", "accounts.view_auditevent"]) is views


def test_nobody_edits_the_record() -> None:
    admin = Person(issuer="i", sub="s", is_admin=True)
    for perm in (
        "accounts.change_auditevent",
        "accounts.delete_auditevent",
        "accounts.add_auditevent",
        "accounts.change_signin",
        "accounts.delete_person",
        "accounts.add_person",
        "auth.change_user",
        "change_account",
        "",
    ):
        assert not admin.has_perm(perm), perm


def test_a_person_is_shown_by_email_else_name_else_sub() -> None:
    assert str(Person(sub="s", name="Alice", email="a@x", email_verified=True)) == "a@x"
    assert str(Person(sub="s", name="Alice", email="a@x")) == "a@x (unverified)"
    assert str(Person(sub="s", name="Alice")) == "Alice"
    assert str(Person(sub="s")) == "s"
