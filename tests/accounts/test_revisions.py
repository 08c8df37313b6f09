"""The revision changes with everything entitlements are decided from, whatever way it was written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import revisions
from accounts.entitlements import resolve
from accounts.models import (
    Account,
    AccountRole,
    Environment,
    Mapping,
    MappingTarget,
    PermissionSet,
    Revision,
    TrustCheck,
)
from accounts.plans.toml_file.apply import apply_file
from accounts.types import Origin, Surface
from tests import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]


def typed_by_hand() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_account SET name = 'renamed' WHERE name = 'payments-dev'")


def a_file_is_applied() -> None:
    apply_file(
        text='[[environment]]\nname = "production"\nlabel = "PROD"\ncolour = "red"\n',
        name="gatehouse.toml",
        actor="carol",
        origin=Origin(surface=Surface.COMMAND),
        now=cast.NOON,
    )


CHANGES: dict[str, Callable[[], object]] = {
    "an account is added": lambda: cast.account("new", "111111111111"),
    "an account is saved": lambda: Account.objects.get(name="payments-dev").save(),
    "an account is deleted": lambda: Account.objects.get(name="payments-dev").delete(),
    "accounts are updated at once": lambda: Account.objects.update(active=False),
    "roles are written at once": lambda: AccountRole.objects.bulk_create(
        [
            AccountRole(
                account=Account.objects.get(name="payments-dev"),
                permission_set=PermissionSet.objects.get(name="Operator"),
            )
        ]
    ),
    "roles are deleted at once": lambda: AccountRole.objects.all().delete(),
    "a permission set is updated": lambda: PermissionSet.objects.update(privileged=True),
    "an environment is updated": lambda: Environment.objects.update(colour="red"),
    "a mapping is disabled": lambda: Mapping.objects.update(enabled=False),
    "a mapping is deleted": lambda: Mapping.objects.all().delete(),
    "a target is deleted": lambda: MappingTarget.objects.all().delete(),
    "a file is applied": a_file_is_applied,
    "a test of a role ends": lambda: TrustCheck.objects.create(
        account_role=AccountRole.objects.all()[0], outcome="broken", tested_at=cast.NOON
    ),
    "somebody types SQL": typed_by_hand,
}


def test_every_change_gives_another_revision() -> None:
    seen = {revisions.current()}
    for change, make in CHANGES.items():
        with transaction.atomic():
            make()
            current = revisions.current()
            assert current is not None, change
            assert current not in seen, change
            seen.add(current)
            transaction.set_rollback(True)


def test_revision_stays_while_nothing_it_stands_for_changes() -> None:
    before = revisions.current()

    cast.sign_in("alice")

    assert revisions.current() == before


def test_revision_goes_back_with_the_change_that_was_taken_back() -> None:
    before = revisions.current()

    with transaction.atomic():
        Mapping.objects.all().delete()
        transaction.set_rollback(True)

    assert revisions.current() == before


def test_revision_is_never_one_that_stood_for_something_else() -> None:
    seen = set()
    for name in ("one", "two", "one"):
        Account.objects.filter(account_id="210987654321").update(name=name)
        seen.add(revisions.current())

    assert len(seen) == 3


def test_every_table_a_decision_reads_is_watched() -> None:
    with CaptureQueriesContext(connection) as queries:
        resolve(subject=cast.subject("alice"), now=cast.NOON)
        resolve(subject=replace(cast.subject("alice"), workload=True), now=cast.NOON)

    read = " ".join(query["sql"] for query in queries)
    tables = set(re.findall(r"\baccounts_[a-z]+\b", read))
    assert tables == {model._meta.db_table for model in revisions.WATCHED}


def test_without_a_revision_nothing_may_be_remembered() -> None:
    Revision.objects.all().delete()

    assert revisions.current() is None


@pytest.mark.skipif("sqlite" not in connection.vendor, reason="SQLite makes tables anew")
def test_watching_begins_again_after_a_migration_dropped_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER accounts_account_update_renews_revision")
    before = revisions.current()

    call_command("migrate", verbosity=0)
    Account.objects.update(active=False)

    assert revisions.current() != before
