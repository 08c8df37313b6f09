"""Accounts of an organization become a plan: what must not happen first. Against moto."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.aws import pacing
from accounts.from_aws import organization_sync
from accounts.jobs import Postponed
from accounts.models import Account, AuditEvent, OrganizationReading, UploadedPlan
from accounts.models.audit import Action
from tests.accounts.from_aws.organizations import THROTTLED, Door, emulated
from tests.emulators import Reply

pytestmark = pytest.mark.django_db

ACCOUNTS = 22  # Two pages, with the management account.


class Organization:
    """Northwind's organization: a unit below a unit, and accounts in it."""

    def __init__(self, client: Any, door: Door) -> None:
        self.client, self.door = client, door
        self.id = client.create_organization(FeatureSet="ALL")["Organization"]["Id"]
        self.root = client.list_roots()["Roots"][0]["Id"]
        workloads = self._unit(self.root, "Workloads")
        self.unit = self._unit(workloads, "Payments")
        self.accounts = [self.add(f"payments-{number:02}") for number in range(ACCOUNTS)]

    def add(self, name: str) -> str:
        made = self.client.create_account(
            AccountName=name,
            Email=f"{name}@northwind.example",
            Tags=[{"Key": "team", "Value": "pay"}],
        )
        account: str = made["CreateAccountStatus"]["AccountId"]
        self.client.move_account(
            AccountId=account, SourceParentId=self.root, DestinationParentId=self.unit
        )
        return account

    def _unit(self, parent: str, name: str) -> str:
        made = self.client.create_organizational_unit(ParentId=parent, Name=name)
        return str(made["OrganizationalUnit"]["Id"])


@pytest.fixture
def organization(monkeypatch: pytest.MonkeyPatch) -> Iterator[Organization]:
    monkeypatch.setattr(pacing, "FIRST_PAUSE", 0.001)
    with emulated("organizations") as (door, client):
        yield Organization(client("organizations"), door)


def sync(*options: str) -> str:
    output = StringIO()
    call_command("sync", "organizations", *options, stdout=output, stderr=output)
    return output.getvalue()


def test_a_plan_is_shown_before_anything_changes_and_applied_when_asked(
    organization: Organization,
) -> None:
    shown = sync()
    assert f'+ account "payments-00" ({organization.accounts[0]})' in shown
    assert "Nothing was changed" in shown
    assert not Account.objects.exists()

    # The management account is one of the organization's.
    assert f"Applied: {ACCOUNTS + 1} added" in sync("--apply")
    account = Account.objects.get(account_id=organization.accounts[0])
    assert account.organizational_unit == "Workloads/Payments"
    assert account.tags == {"team": "pay"}
    assert (account.email, account.state) == ("payments-00@northwind.example", "ACTIVE")
    assert account.organization == organization.id
    assert account.active
    event = AuditEvent.objects.get(action=Action.PLAN_APPLIED)
    assert event.detail["organization"] == organization.id
    assert "No changes." in sync("--apply")


def test_a_closed_account_is_deactivated_and_what_the_portal_knows_of_it_stays(
    organization: Organization,
) -> None:
    sync("--apply")
    closed = organization.accounts[3]
    Account.objects.filter(account_id=closed).update(name="Ours", region="eu-west-1")
    organization.client.close_account(AccountId=closed)

    assert "1 changed" in sync("--apply")
    account = Account.objects.get(account_id=closed)
    assert not account.active
    assert account.state != "ACTIVE"
    assert (account.name, account.region) == ("Ours", "eu-west-1")


def test_an_inactive_account_is_not_activated_by_aws(organization: Organization) -> None:
    sync("--apply")
    Account.objects.filter(account_id=organization.accounts[0]).update(active=False)
    sync("--apply")
    assert not Account.objects.get(account_id=organization.accounts[0]).active


def test_accounts_that_left_are_deactivated_up_to_the_guard_and_others_are_left_alone(
    organization: Organization,
) -> None:
    sync("--apply")
    Account.objects.create(account_id="999999999999", name="elsewhere")
    for account in organization.accounts[:2]:
        organization.client.remove_account_from_organization(AccountId=account)
    sync("--apply")
    assert set(Account.objects.filter(active=False).values_list("account_id", flat=True)) == set(
        organization.accounts[:2]
    )

    for account in organization.accounts[2:10]:
        organization.client.remove_account_from_organization(AccountId=account)
    with pytest.raises(CommandError, match="8 of 23 accounts would become inactive"):
        sync("--apply", "--anew")
    assert Account.objects.filter(active=False).count() == 2
    sync("--apply", "--allow-going", "8")
    assert Account.objects.filter(active=False).count() == 10
    assert Account.objects.count() == ACCOUNTS + 2


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("ListAccounts", '{"Accounts": []}'),
        ("ListAccountsForParent", '{"Accounts": []}'),
        ("ListOrganizationalUnitsForParent", '{"OrganizationalUnits": []}'),
    ],
)
def test_an_answer_that_is_empty_or_partial_changes_nothing(
    organization: Organization, operation: str, body: str
) -> None:
    sync("--apply")
    rows = list(Account.objects.values())
    organization.door.before = lambda asked, _: Reply(200, body) if asked == operation else None

    with pytest.raises(CommandError, match="at least one is not whole"):
        sync("--apply")
    assert list(Account.objects.values()) == rows


def test_throttled_and_interrupted_it_goes_on_where_it_was(organization: Organization) -> None:
    """Every second call is throttled; then all are, in the middle of the tags."""
    door = organization.door
    tagged: list[int] = []

    def interrupting(operation: str, count: int) -> Reply | None:
        if operation == "ListTagsForResource":
            tagged.append(count)
            if len(tagged) > 20:
                return THROTTLED
        return THROTTLED if count % 2 else None

    door.before = interrupting
    with pytest.raises(CommandError, match="goes on where it was"):
        sync("--apply")
    assert not Account.objects.exists()
    row = OrganizationReading.objects.get()
    assert (row.step, row.total) == ("tags", ACCOUNTS + 1)
    assert 0 < row.done < row.total

    asked: list[str] = []

    def counting(operation: str, _: int) -> Reply | None:
        asked.append(operation)
        return None

    door.before = counting
    sync("--apply")
    assert asked == ["ListTagsForResource"] * (row.total - row.done)
    assert Account.objects.count() == ACCOUNTS + 1


def test_what_a_file_manages_is_named_and_left_alone(organization: Organization) -> None:
    sync("--apply")
    account = Account.objects.filter(account_id=organization.accounts[0])
    account.update(managed_by="payments.toml", organizational_unit="Elsewhere")

    assert f'Note: {organization.accounts[0]} is managed by "payments.toml"' in sync("--apply")
    assert account.get().organizational_unit == "Elsewhere"


def test_a_slash_in_a_units_name_gives_no_account_the_place_of_another(
    organization: Organization,
) -> None:
    made = organization.client.create_organizational_unit(
        ParentId=organization.root, Name="Workloads/Payments"
    )
    account = organization.client.create_account(AccountName="sly", Email="sly@northwind.example")
    account_id = account["CreateAccountStatus"]["AccountId"]
    organization.client.move_account(
        AccountId=account_id,
        SourceParentId=organization.root,
        DestinationParentId=made["OrganizationalUnit"]["Id"],
    )
    assert "unit whose path cannot be written" in sync("--apply")
    assert Account.objects.get(account_id=account_id).organizational_unit == ""


def test_the_worker_puts_up_a_plan_and_changes_nothing(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(organization_sync, "_STRETCH", 0.0)
    stretches = 0
    while True:
        try:
            organization_sync.go_on(now=timezone.now())
            break
        except Postponed:
            stretches += 1
    assert stretches > ACCOUNTS
    assert not Account.objects.exists()
    row = OrganizationReading.objects.get()
    assert row.outcome.startswith(f"Plan: {ACCOUNTS + 1} added")
    assert UploadedPlan.objects.get().pk == row.plan
