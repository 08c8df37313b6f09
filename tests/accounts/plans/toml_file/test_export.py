"""What export writes, apply takes: into the database it came from, and into an empty one."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import assume, given, settings

from accounts.models import Environment, Mapping, MappingTarget
from accounts.plans.changes import Change
from accounts.plans.entries import AccountEntry, Directory, Entry, IssuerEntry, identity_of
from accounts.plans.stored import load
from accounts.plans.toml_file.apply import apply_file
from accounts.plans.toml_file.export import export
from accounts.plans.toml_file.parse import parse
from tests import cast
from tests.accounts.plans.companies import companies
from tests.examples import examples


def apply_text(text: str) -> tuple[Change, ...]:
    return apply_file(
        text=text, name="a.toml", actor="carol", origin=cast.ORIGIN, now=timezone.now()
    )


@given(companies())
@settings(max_examples=examples(50))
def test_export_is_read_back_as_it_was_each_key_on_its_line(company: Directory) -> None:
    text = export(company)

    file = parse(text)

    assert not file.complaints
    assert {identity_of(entry): entry for entry in file.entries} == company
    lines = ["", *text.split("\n")]
    for path, line in file.lines.items():
        if len(path) == 3:
            assert re.match(rf"{path[2]}[ .]", lines[line])


@pytest.mark.django_db
@given(companies())
@settings(max_examples=examples(20))
def test_apply_of_an_export_fills_an_empty_database_with_the_same(company: Directory) -> None:
    text = export(company)

    with transaction.atomic():
        apply_text(text)
        applied, exported, again = load(), export(load()), apply_text(text)
        transaction.set_rollback(True)

    assert applied == company
    assert exported == text
    assert again == ()


@pytest.mark.django_db
@given(companies(), companies())
@settings(max_examples=examples(20))
def test_apply_leaves_what_a_file_does_not_name_and_replaces_what_it_does(
    before: Directory, after: Directory
) -> None:
    after = {
        identity: _without_roles_of(before, entry)
        for identity, entry in after.items()
        if identity[0] != "permission_set" or identity not in before
    }

    assume(not _share_an_issuer(before, after))

    with transaction.atomic():
        apply_text(export(before))
        apply_text(export(after))
        applied = load()
        transaction.set_rollback(True)

    kept = {
        identity: entry.model_copy(update={"external_id": known.external_id})
        for identity, entry in after.items()
        if isinstance(entry, AccountEntry)
        and isinstance(known := before.get(identity), AccountEntry)
        and not entry.external_id
    }
    assert applied == {**before, **after, **kept}


def _share_an_issuer(one: Directory, other: Directory) -> bool:
    """Whether an address has one name here and another there, which is refused."""
    named = {entry.url: entry.name for entry in one.values() if isinstance(entry, IssuerEntry)}
    return any(
        named.get(entry.url, entry.name) != entry.name
        for entry in other.values()
        if isinstance(entry, IssuerEntry)
    )


def _without_roles_of(company: Directory, entry: Entry) -> Entry:
    """Drop roles of permission sets that this company has: elsewhere they could have one ARN."""
    if not isinstance(entry, AccountEntry):
        return entry
    roles = [role for role in entry.roles if ("permission_set", role.permission_set) not in company]
    return entry.model_copy(update={"roles": roles})


def test_export_of_what_the_admin_pages_made_changes_nothing(northwind: None) -> None:
    payments = Mapping.objects.get(name="Developers of payments")
    environment = Environment.objects.get(name="production")
    # Twice the same, and beside "all": no two targets of an exported file say the same.
    for _ in range(2):
        MappingTarget.objects.create(mapping=payments, kind="environment", environment=environment)
    everywhere = cast.mapping("x-{role}", None, "all", match="template")
    MappingTarget.objects.create(mapping=everywhere, kind="unit", unit="Workloads")
    cast.mapping("nobody", payments.permission_set)

    assert apply_text(export(load())) == ()


def test_export_is_as_people_would_write_it(northwind: None) -> None:
    assert export(load()) == NORTHWIND


NORTHWIND = """\
# The directory and the mappings of this portal, as `manage.py export` writes them.
# Change it and load it with `manage.py apply FILE`; --dry-run shows what that would change.

[[environment]]
name = "development"
label = "Development"
colour = "grey"

[[environment]]
name = "production"
label = "Production"
colour = "grey"

[[account]]
account_id = "210987654321"
name = "payments-dev"
environment = "development"
organizational_unit = "Workloads/Payments"
roles = ["Developer", "ReadOnly"]

[[account]]
account_id = "123456789012"
name = "payments-prod"
environment = "production"
organizational_unit = "Workloads/Payments"
roles = ["Operator", "ReadOnly"]

[[permission_set]]
name = "Developer"
iam_path = "/gatehouse/"
session_duration = "1h"

[[permission_set]]
name = "Operator"
session_duration = "1h"
privileged = true

[[permission_set]]
name = "ReadOnly"
session_duration = "8h"

[[mapping]]
name = "Developers of payments"
claim = "groups"
value = "payments"
permission_set = "Developer"
accounts = { ids = ["210987654321"] }

[[mapping]]
name = "On call operates production"
claim = "groups"
value = "on-call"
permission_set = "Operator"
accounts = { ids = ["123456789012"] }

[[mapping]]
name = "Payments looks at its accounts"
claim = "groups"
value = "payments"
permission_set = "ReadOnly"
accounts = { ids = ["123456789012", "210987654321"] }
"""
