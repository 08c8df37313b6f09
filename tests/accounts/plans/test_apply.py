"""Applying a file: refusals first, then what it changes, what it leaves, and what it records."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit, entitlements
from accounts.models import (
    Account,
    AccountRole,
    AuditEvent,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
)
from accounts.models.audit import Action
from accounts.plans.apply import apply
from accounts.plans.changes import Change
from accounts.plans.complaints import InvalidPlan
from accounts.plans.entries import Entry
from accounts.plans.stored import load
from accounts.plans.toml_file.apply import apply_file
from accounts.types import Origin, Surface
from tests import cast

pytestmark = pytest.mark.django_db

PAYMENTS_PROD = """
[[account]]
account_id = "123456789012"
name = "payments-prod"
environment = "production"
organizational_unit = "Workloads/Payments"
"""


def apply_text(text: str, *, dry_run: bool = False) -> tuple[Change, ...]:
    return apply_file(
        text=text,
        name="northwind.toml",
        actor="carol",
        origin=Origin(surface=Surface.COMMAND),
        now=cast.NOON,
        dry_run=dry_run,
    )


def refusal(text: str) -> list[str]:
    with pytest.raises(InvalidPlan) as refused:
        apply_text(text)
    return [f"{one.line}: {one}" for one in refused.value.complaints]


def lines(text: str) -> list[str]:
    return [line for change in apply_text(text) for line in change.lines()]


def roles_of(account_id: str) -> dict[str, str]:
    return dict(
        AccountRole.objects.filter(account__account_id=account_id).values_list(
            "permission_set__name", "iam_role_name"
        )
    )


def test_apply_refuses_names_that_are_nowhere(northwind: None) -> None:
    assert refusal("""\
[[account]]
account_id = "345678901234"
name = "storefront"
environment = "producton"
roles = [
    "ReadOnly",
    "Operatr",
    { permission_set = "Billing" },
]
[[mapping]]
name = "New"
value = "x"
permission_set = "Develope"
accounts = { ids = ["123456789013"], environments = ["staging"] }
""") == [
        '4: account "storefront": environment: There is no environment "producton", '
        'neither here nor in the database. Did you mean "production"?',
        '7: account "storefront": roles: There is no permission_set "Operatr", '
        'neither here nor in the database. Did you mean "Operator"?',
        '8: account "storefront": roles.permission_set: There is no permission_set "Billing", '
        "neither here nor in the database.",
        '13: mapping "New": permission_set: There is no permission_set "Develope", '
        'neither here nor in the database. Did you mean "Developer"?',
        '14: mapping "New": accounts.ids: There is no account "123456789013", '
        "neither here nor in the database.",
        '14: mapping "New": accounts.environments: There is no environment "staging", '
        "neither here nor in the database.",
    ]


def test_apply_refuses_two_roles_with_one_arn_in_an_account(northwind: None) -> None:
    text = PAYMENTS_PROD + (
        'roles = ["ReadOnly", { permission_set = "Operator", iam_role_name = "ReadOnly" }]\n'
    )

    assert refusal(text) == [
        '7: account "payments-prod": roles: In payments-prod (123456789012), “Operator” and '
        "“ReadOnly” would both be arn:aws:iam::123456789012:role/ReadOnly. Give one of them another "
        "IAM role name or path."
    ]


def test_apply_refuses_a_role_with_keys_alone_in_an_account_that_gives_none(
    northwind: None,
) -> None:
    text = PAYMENTS_PROD + 'roles = ["Robot"]\ntrust_method = "switch-role"\n'
    text += '[[permission_set]]\nname = "Robot"\nconsole = false\n'

    assert refusal(text) == [
        '7: account "payments-prod": roles: “Robot” offers only keys, and payments-prod (123456789012) gives none: its '
        "trust method is switch-role. Leave this permission set out, or choose another trust method."
    ]


def test_apply_refuses_a_path_that_gives_two_stored_roles_one_arn(northwind: None) -> None:
    names = {"Developer": "ReadOnly", "Operator": "ReadOnly"}
    for permission_set, name in names.items():
        AccountRole.objects.filter(permission_set__name=permission_set).update(iam_role_name=name)

    text = '[[permission_set]]\nname = "Developer"\niam_path = "{}"\n'

    # Two stored roles with one ARN are not the file's fault.
    assert apply_text(text.format("/elsewhere/"))
    assert refusal(text.format("/")) == [
        '3: permission_set "Developer": iam_path: In payments-dev (210987654321), “Developer” and '
        "“ReadOnly” would both be arn:aws:iam::210987654321:role/ReadOnly. Give one of them another "
        "IAM role name or path."
    ]


def test_apply_changes_nothing_when_one_entry_is_wrong(northwind: None) -> None:
    good = '[[environment]]\nname = "staging"\nlabel = "Staging"\n'

    refusal(good + '[[account]]\naccount_id = "12"\nname = "wrong"\n')

    assert not Environment.objects.filter(name="staging").exists()
    assert not AuditEvent.objects.exists()


def test_apply_changes_nothing_when_the_record_cannot_be_written(
    northwind: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(audit, "record_all", fail)

    with pytest.raises(DatabaseError):
        apply_text(PAYMENTS_PROD.replace("payments-prod", "renamed"))

    assert not Account.objects.filter(name="renamed").exists()
    assert roles_of("123456789012") == {"ReadOnly": "", "Operator": ""}


def test_apply_of_a_dry_run_changes_and_records_nothing(northwind: None) -> None:
    (change,) = apply_text(PAYMENTS_PROD, dry_run=True)

    assert list(change.lines()) == [
        '~ account "payments-prod" (123456789012)',
        '    roles: - "Operator", - "ReadOnly"',
    ]
    assert roles_of("123456789012") == {"ReadOnly": "", "Operator": ""}
    assert not AuditEvent.objects.exists()


def test_apply_leaves_alone_what_the_file_does_not_name_and_again_changes_nothing(
    northwind: None,
) -> None:
    apply_text(PAYMENTS_PROD)
    recorded = AuditEvent.objects.count()

    assert apply_text(PAYMENTS_PROD) == ()
    assert AuditEvent.objects.count() == recorded
    assert Account.objects.count() == 2
    assert roles_of("210987654321") == {"ReadOnly": "", "Developer": ""}
    assert Mapping.objects.count() == 3


def test_apply_makes_an_account_exactly_what_the_file_says(northwind: None) -> None:
    before = dict(
        AccountRole.objects.filter(account__account_id="123456789012").values_list(
            "permission_set__name", "pk"
        )
    )
    Account.objects.filter(account_id="123456789012").update(
        region="eu-west-1", active=False, tags={"team": "payments"}
    )

    assert lines(
        PAYMENTS_PROD + 'tags = { tier = "1" }\n'
        'roles = [{ permission_set = "ReadOnly", iam_role_name = "Viewer" }, "Developer"]\n'
    ) == [
        '~ account "payments-prod" (123456789012)',
        '    region: "eu-west-1" -> ""',
        '    tags: + tier "1", - team "payments"',
        "    active: false -> true",
        '    roles: + "Developer", + { permission_set = "ReadOnly", iam_role_name = "Viewer" }, '
        '- "Operator", - "ReadOnly"',
    ]

    account = Account.objects.get(account_id="123456789012")
    assert (account.region, account.active, account.tags) == ("", True, {"tier": "1"})
    assert roles_of("123456789012") == {"ReadOnly": "Viewer", "Developer": ""}
    role = AccountRole.objects.get(account=account, permission_set__name="ReadOnly")
    assert role.pk == before["ReadOnly"]


def test_apply_aims_a_mapping_exactly_where_the_file_says(northwind: None) -> None:
    assert lines("""
[[mapping]]
name = "Developers of payments"
wildcard = "pay*"
permission_set = "Developer"
keys = false
expires_at = 2027-01-01T00:00:00Z
accounts = { environments = ["development"], tags = { team = ["payments", "billing"] } }
""") == [
        '~ mapping "Developers of payments"',
        '    value: "payments" -> none',
        '    wildcard: none -> "pay*"',
        "    keys: true -> false",
        "    expires_at: none -> 2027-01-01T00:00:00Z",
        '    accounts: + environments "development", + tags team "billing", '
        '+ tags team "payments", - ids "210987654321"',
    ]
    targets = MappingTarget.objects.filter(mapping__name="Developers of payments")
    assert {str(target) for target in targets} == {
        "environment Development",
        "tag team=payments",
        "tag team=billing",
    }


def test_apply_gives_people_what_the_file_maps() -> None:
    apply_text("""
[[account]]
account_id = "123456789012"
name = "payments-prod"
roles = ["ReadOnly", "Operator"]
[[permission_set]]
name = "ReadOnly"
[[permission_set]]
name = "Operator"
[[mapping]]
name = "Payments"
value = "payments"
permission_set = "ReadOnly"
accounts = "all"
[[mapping]]
name = "Nowhere"
value = "payments"
permission_set = "Operator"
accounts = {}
""")

    found = entitlements.resolve(subject=cast.subject("alice"), now=timezone.now())

    assert [(one.role.role_name, str(one.reasons[0])) for one in found.granted] == [
        ("ReadOnly", "Payments: groups = payments")
    ]


def test_apply_records_every_change_with_who_and_what_it_was(northwind: None) -> None:
    apply_text(
        '[[permission_set]]\nname = "Billing"\nsession_duration = "2h"\n'
        + PAYMENTS_PROD
        + 'external_id = "northwind-secret"\nroles = ["ReadOnly", "Billing"]\n'
    )

    rows = {row.action: row for row in AuditEvent.objects.all()}
    assert set(rows) == {Action.ADMIN_ADDED, Action.ADMIN_CHANGED, Action.PLAN_APPLIED}
    assert {(row.actor, row.surface, row.at) for row in rows.values()} == {
        ("carol", "command", cast.NOON)
    }
    changed = rows[Action.ADMIN_CHANGED]
    assert changed.account_id == "123456789012"
    assert changed.detail == {
        "id": str(Account.objects.get(account_id="123456789012").pk),
        "object": "account payments-prod (123456789012)",
        "model": "account",
        "before": {"external_id": "", "roles": ["Operator", "ReadOnly"]},
        "after": {"external_id": "(not shown)", "roles": ["Billing", "ReadOnly"]},
    }
    added = rows[Action.ADMIN_ADDED]
    assert added.detail["id"] == str(PermissionSet.objects.get(name="Billing").pk)
    assert added.detail["object"] == "permission set Billing"
    assert added.detail["before"] == {}
    assert added.detail["after"]["session_duration"] == "2h"
    summary = rows[Action.PLAN_APPLIED].detail
    assert (summary["file"], summary["added"], summary["changed"]) == ("northwind.toml", 1, 1)
    assert len(summary["sha256"]) == 64


def test_apply_neither_shows_nor_records_an_external_id(northwind: None) -> None:
    shown = lines(PAYMENTS_PROD + 'external_id = "northwind-secret"\n')
    shown += lines(PAYMENTS_PROD + 'external_id = "another-secret"\n')

    recorded = str(list(AuditEvent.objects.values_list("detail", flat=True)))
    assert "    external_id: (not shown)" in shown
    assert "(not shown)" in recorded
    assert "secret" not in "\n".join(shown) + recorded


def test_an_external_id_that_a_file_does_not_name_stays_and_an_empty_one_removes_it(
    northwind: None,
) -> None:
    account = Account.objects.filter(account_id="123456789012")
    account.update(external_id="made-by-the-portal")

    apply_text(PAYMENTS_PROD)
    assert account.get().external_id == "made-by-the-portal"

    apply_text(PAYMENTS_PROD + 'external_id = ""\n')
    assert account.get().external_id == ""


def test_apply_loads_hundreds_of_accounts_in_a_bounded_number_of_queries() -> None:
    names = ["ReadOnly", "Developer", "Operator", "Billing"]
    company = "".join(f'[[permission_set]]\nname = "{name}"\n' for name in names)
    company += "".join(
        f'[[account]]\naccount_id = "{number:012d}"\nname = "account-{number}"\n'
        f"roles = {names}\ntags = {{ number = '{number}' }}\n"
        for number in range(600)
    )
    changed = company.replace("number = ", "n = ").replace("'Operator', ", "")

    taken = []
    for text in (company, company, changed):
        with CaptureQueriesContext(connection) as queries:
            apply_text(text)
        taken.append(len(queries))

    assert AccountRole.objects.count() == 1800
    first, same, other = taken
    # Statements of SQLite hold few values, so even these are some; a query per account would be 600.
    assert first < 60
    assert same <= 14
    assert other < 60


def test_apply_takes_entries_from_any_source(northwind: None) -> None:
    def apply_entries(*entries: Entry) -> tuple[Change, ...]:
        return apply(
            entries,
            source={"organization": "o-northwind"},
            actor="carol",
            origin=Origin(surface=Surface.COMMAND),
            now=cast.NOON,
        )

    account = load()["account", "123456789012"]
    moved = account.model_copy(update={"organizational_unit": "Workloads/Moved", "region": "mars"})
    with pytest.raises(InvalidPlan) as invalid:
        apply_entries(moved, moved)
    assert list(map(str, invalid.value.complaints)) == [
        'account "payments-prod": region: A region looks like eu-west-1.',
        'account "payments-prod": account_id: This entry is here twice.',
        'account "payments-prod": region: A region looks like eu-west-1.',
    ]

    assert len(apply_entries(moved.model_copy(update={"region": ""}))) == 1

    assert Account.objects.get(account_id="123456789012").organizational_unit == "Workloads/Moved"
    assert roles_of("123456789012") == {"ReadOnly": "", "Operator": ""}
    assert AuditEvent.objects.get(action=Action.PLAN_APPLIED).detail == {
        "organization": "o-northwind",
        "added": 0,
        "changed": 1,
    }
