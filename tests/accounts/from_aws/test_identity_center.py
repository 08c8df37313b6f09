"""Identity Center as a file: what cannot be carried over is named.

moto knows no boundaries and not where permission sets are provisioned: these answers are as AWS documents them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.aws import pacing
from accounts.from_aws.identity_center import seconds_of
from accounts.models import Account, Mapping, PermissionSet
from tests.accounts.from_aws.organizations import THROTTLED, Door, emulated
from tests.emulators import Reply

pytestmark = pytest.mark.django_db

INLINE = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
READ = "arn:aws:iam::aws:policy/ReadOnlyAccess"
NO_BOUNDARY = Reply(
    400,
    '{"__type":"ResourceNotFoundException","message":"no boundary"}',
    {"Content-Type": "application/x-amz-json-1.1"},
)


class Center:
    """An instance with two permission sets, a group and a person."""

    def __init__(self, client: Any, door: Door) -> None:
        admin, store, org = client("sso-admin"), client("identitystore"), client("organizations")
        org.create_organization(FeatureSet="ALL")
        made = org.create_account(AccountName="Payments", Email="payments@northwind.example")
        self.account = made["CreateAccountStatus"]["AccountId"]
        instance = admin.list_instances()["Instances"][0]
        self.arn, self.store = instance["InstanceArn"], instance["IdentityStoreId"]
        self.admin, self.boundary = admin, NO_BOUNDARY
        group = store.create_group(IdentityStoreId=self.store, DisplayName="payments-team")
        person = store.create_user(
            IdentityStoreId=self.store,
            UserName="alice",
            DisplayName="Alice",
            Name={"GivenName": "Alice", "FamilyName": "A"},
            Emails=[{"Value": "alice@northwind.example", "Primary": True}],
        )
        self.operator = self._add(
            "Operator",
            SessionDuration="PT8H",
            Description="Runs it",
            RelayState="https://evil.example/",
        )
        self.read_only = self._add("ReadOnly", SessionDuration="PT1H")
        which = {"InstanceArn": self.arn, "PermissionSetArn": self.operator}
        admin.attach_managed_policy_to_permission_set(**which, ManagedPolicyArn=READ)
        admin.put_inline_policy_to_permission_set(**which, InlinePolicy=INLINE)
        admin.attach_customer_managed_policy_reference_to_permission_set(
            **which, CustomerManagedPolicyReference={"Name": "Ledger", "Path": "/pay/"}
        )
        self.assign(self.operator, "GROUP", group["GroupId"])
        self.assign(self.read_only, "USER", person["UserId"])
        door.before = self.answer
        self.throttled = False

    def answer(self, operation: str, count: int) -> Reply | None:
        if operation == "GetPermissionsBoundaryForPermissionSet":
            return self.boundary
        if operation == "ListAccountsForProvisionedPermissionSet":
            return Reply(200, json.dumps({"AccountIds": [self.account]}))
        return THROTTLED if self.throttled and count % 2 else None

    def assign(self, permission_set: str, kind: str, principal: str) -> None:
        self.admin.create_account_assignment(
            InstanceArn=self.arn,
            TargetId=self.account,
            TargetType="AWS_ACCOUNT",
            PermissionSetArn=permission_set,
            PrincipalType=kind,
            PrincipalId=principal,
        )

    def _add(self, name: str, **more: str) -> str:
        made = self.admin.create_permission_set(InstanceArn=self.arn, Name=name, **more)
        return str(made["PermissionSet"]["PermissionSetArn"])


@pytest.fixture
def center(monkeypatch: pytest.MonkeyPatch) -> Iterator[Center]:
    monkeypatch.setattr(pacing, "FIRST_PAUSE", 0.001)
    with emulated("organizations", "sso-admin", "identitystore") as (door, client):
        yield Center(client, door)


def bring(path: Path) -> str:
    said = StringIO()
    call_command(
        "import_identity_center", str(path), "--region", "us-east-1", stdout=said, stderr=said
    )
    return said.getvalue()


def test_what_cannot_be_carried_over_is_named_and_nothing_is_changed(
    center: Center, tmp_path: Path
) -> None:
    center.boundary = Reply(
        200,
        json.dumps(
            {
                "PermissionsBoundary": {
                    "CustomerManagedPolicyReference": {"Name": "Edge", "Path": "/"}
                }
            }
        ),
    )
    center.assign(center.read_only, "GROUP", "90000000-gone")
    said = bring(tmp_path / "idc.toml")

    assert 'the customer managed policy "/pay/Ledger"' in said
    assert 'the permissions boundary "/Edge"' in said
    assert 'the relay state "https://evil.example/"' in said
    assert '"alice@northwind.example" alone: this mapping is off' in said
    assert 'the group "90000000-gone", which is not there any more' in said
    text = (tmp_path / "idc.toml").read_text()
    named = [line for line in text.splitlines() if line.startswith("# NOT CARRIED OVER: ")]
    assert len(named) == 6, named  # Both permission sets have the boundary.
    assert not PermissionSet.objects.exists()


def test_the_file_applies_and_gives_groups_what_they_had(center: Center, tmp_path: Path) -> None:
    center.throttled = True
    center.boundary = Reply(
        200,
        json.dumps({"PermissionsBoundary": {"ManagedPolicyArn": "arn:aws:iam::aws:policy/Edge"}}),
    )
    path = tmp_path / "idc.toml"
    bring(path)
    call_command("apply", str(path), "--allow-lockout", stdout=StringIO(), stderr=StringIO())

    operator = PermissionSet.objects.get(name="Operator")
    assert operator.session_duration == 8 * 3600
    assert operator.role_policy_arns == [READ]
    assert json.loads(operator.role_policy) == json.loads(INLINE)
    assert operator.permissions_boundary == "arn:aws:iam::aws:policy/Edge"
    account = Account.objects.get()
    assert (account.account_id, account.name) == (center.account, "Payments")
    mapping = Mapping.objects.get(name="Operator for payments-team")
    assert (mapping.claim, mapping.value, mapping.enabled) == ("groups", "payments-team", True)
    assert [target.account for target in mapping.targets.all()] == [account]
    assert not Mapping.objects.get(claim="email").enabled


def test_an_unknown_instance_is_refused_with_those_that_are_there(center: Center) -> None:
    with pytest.raises(CommandError, match=center.arn):
        call_command("import_identity_center", "--region", "us-east-1", "--instance", "arn:aws:x")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT8H", 28800),
        ("PT1H30M", 5400),
        ("PT90M", 5400),
        ("P1DT1S", 86401),
        ("PT", None),
        ("8h", None),
    ],
)
def test_durations_are_read_as_aws_writes_them(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds
