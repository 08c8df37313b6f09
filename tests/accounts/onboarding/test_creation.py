"""The files for accounts of the directory: folders, external ids, StackSets, and what is refused."""

from __future__ import annotations

import json
import re
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.errors import InvalidRequest
from accounts.models import Account, AuditEvent, PermissionSet
from accounts.onboarding import Form, external_ids
from accounts.types import Origin, Surface
from tests import cast
from tests.accounts.onboarding import companies

pytestmark = pytest.mark.django_db

ROOT = {"organizational_units": ("r-abcd",)}
ORIGIN = Origin(surface=Surface.COMMAND)


def command(*words: str) -> str:
    out = StringIO()
    call_command("onboarding", *words, stdout=out)
    return out.getvalue()


def refusal(*accounts: Account, **options: Any) -> str:
    with pytest.raises(InvalidRequest) as refused:
        companies.files(*accounts, **options)
    return refused.value.code


def test_an_account_of_the_hub_gets_an_external_id_that_stays_and_is_recorded_without_its_value() -> (
    None
):
    cast.permission_set("ReadOnly")
    hub, other = (cast.account(name, f"11111111111{name[-1]}") for name in ("hub1", "hub2"))
    switched = cast.account("switched", "222222222222", trust_method="switch-role")
    given = [hub, other, switched]

    external_ids.give(given, origin=ORIGIN, now=cast.NOON, actor="root")
    first = [account.external_id for account in given]
    external_ids.give(Account.objects.all(), origin=ORIGIN, now=cast.NOON, actor="root")

    assert (
        list(Account.objects.order_by("account_id").values_list("external_id", flat=True)) == first
    )
    assert len(set(first)) == 3
    assert first[2] == ""
    assert re.fullmatch(r"gatehouse:[A-Za-z0-9_-]{32}", first[0])
    # Of their revoker roles too, wherever a hub could enter one.
    of_revokers = [account.revoker_external_id for account in given]
    assert len({*first, *of_revokers}) == 6
    rows = AuditEvent.objects.all()
    assert {row.account_id for row in rows} == {account.account_id for account in given}
    values = [*first[:2], *of_revokers]
    assert not any(one in json.dumps(row.detail) for row in rows for one in values)


def test_accounts_of_one_trust_method_are_in_one_folder_and_others_apart() -> None:
    companies.permission_sets()
    hub, tokens = companies.account("hub"), companies.account("portal-token")
    china = companies.account("hub", "555555555555", partition="aws-cn")

    alone = companies.files(hub, form=Form.CLOUDFORMATION)
    together = companies.files(hub, tokens, form=Form.CLOUDFORMATION)

    assert set(alone) == {
        "111111111111/gatehouse-roles.json",
        "111111111111/deploy.sh",
    }
    assert set(together) == {
        "aws-hub/111111111111/gatehouse-roles.json",
        "aws-hub/111111111111/deploy.sh",
        "aws-portal-token/333333333333/gatehouse-provider.json",
        "aws-portal-token/333333333333/gatehouse-roles.json",
        "aws-portal-token/333333333333/deploy.sh",
    }
    assert refusal(china, form=Form.CLOUDFORMATION) == "onboarding.hub_principal"


def test_account_without_roles_and_no_account_are_refused() -> None:
    assert refusal(cast.account("empty", "1" * 12), form=Form.TERRAFORM) == "onboarding.no_roles"
    assert refusal(form=Form.TERRAFORM) == "onboarding.no_accounts"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"form": Form.STACK_SET}, "onboarding.organizational_unit"),
        (
            {"form": Form.STACK_SET, "organizational_units": ("$(id)",)},
            "onboarding.organizational_unit",
        ),
        (
            {"form": Form.STACK_SET, **ROOT, "management_account": "x'; id"},
            "onboarding.management_account",
        ),
        ({"form": Form.CLOUDFORMATION, "region": "cn-north-1"}, "onboarding.region"),
        ({"form": Form.CLOUDFORMATION, "region": "; id"}, "onboarding.region"),
        ({"form": Form.TERRAFORM, "context_provider": True}, "onboarding.context_provider"),
        ({"form": Form.AWS_CLI, "context_provider": True}, "onboarding.context_provider"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], code: str) -> None:
    companies.permission_sets()

    assert refusal(companies.account("hub"), **options) == code


def test_a_policy_of_another_account_or_partition_is_refused() -> None:
    for arn in (
        "arn:aws:iam::999988887777:policy/Theirs",
        "arn:aws-cn:iam::aws:policy/ReadOnlyAccess",
    ):
        PermissionSet.objects.all().delete()
        Account.objects.all().delete()
        cast.permission_set("ReadOnly", permissions_boundary=arn)
        code = refusal(companies.account("hub"), form=Form.CLOUDFORMATION)
        assert code == "onboarding.policy_elsewhere"


def test_there_is_no_stack_set_in_china(settings: Any) -> None:
    companies.permission_sets()
    china = companies.account("portal-token", partition="aws-cn")

    assert refusal(china, form=Form.STACK_SET, **ROOT) == "onboarding.stack_set_partition"


def test_the_management_account_gets_a_plain_stack_of_the_same_template() -> None:
    companies.permission_sets()
    members = [companies.account("hub", f"{number:012d}") for number in (1, 2)]

    files = companies.files(
        *members,
        form=Form.STACK_SET,
        **ROOT,
        delegated_admin=True,
        management_account="000000000001",
    )

    commands = files["deploy.sh"].splitlines()
    (instances,) = [line for line in commands if "create-stack-instances" in line]
    assert '"Accounts": ["000000000002"]' in instances
    assert '"Regions": ["us-east-1"]' in instances
    assert all("--call-as DELEGATED_ADMIN" in line for line in commands if line.startswith("aws "))
    (plain,) = [line for line in commands if "cloudformation deploy" in line]
    assert "--template-file gatehouse-roles.json" in plain
    accounts = json.loads(files["gatehouse-roles.json"])["Mappings"]["Accounts"]
    assert set(accounts) == {"000000000001", "000000000002"}
    for caveat in ("exactly one region", "at most 50", "DELEGATED_ADMIN", "management account"):
        assert caveat in files["deploy.sh"]


def test_a_large_organization_is_cut_to_what_aws_takes() -> None:
    companies.permission_sets()
    many = [companies.account("hub", f"{number:012d}") for number in range(205)]
    units = tuple(f"ou-abcd-{number:08d}" for number in range(120))

    files = companies.files(*many, form=Form.STACK_SET, organizational_units=units)

    templates = {path: json.loads(text) for path, text in files.items() if path.endswith(".json")}
    named = [set(template["Mappings"]["Accounts"]) for template in templates.values()]
    assert len(set.union(*named)) == sum(map(len, named)) == 205
    assert all(len(ids) <= 200 for ids in named)
    assert all(len(files[path].encode()) <= 51_200 for path in templates)
    calls = re.findall(r'"OrganizationalUnitIds": \[([^\]]*)\]', files["deploy.sh"])
    assert [call.count(",") + 1 for call in calls] == [50, 50, 20] * len(templates)


def test_names_that_differ_only_in_signs_are_two_roles() -> None:
    for name in ("Read.Only", "Read-Only", "ReadOnly"):
        cast.permission_set(name)

    files = companies.files(companies.account("hub"), form=Form.CLOUDFORMATION)

    template = json.loads(files["111111111111/gatehouse-roles.json"])
    roles = [key for key in template["Resources"] if key.startswith("Role")]
    assert len(roles) == 3
    assert all(key.isalnum() for key in roles)


def test_the_command_writes_files_and_gives_external_ids(tmp_path: Path) -> None:
    companies.permission_sets()
    hub = companies.account("hub")
    Account.objects.update(external_id="")

    command("aws-cli", "--account", hub.account_id, "--output", str(tmp_path / "out"))

    hub.refresh_from_db()
    script = tmp_path / "out" / "111111111111.sh"
    assert hub.external_id in script.read_text()
    assert script.stat().st_mode & stat.S_IXUSR


def test_the_command_prints_one_file_as_it_is_and_several_with_their_names() -> None:
    companies.permission_sets()
    companies.account("hub")
    cast.account("without-roles", "777777777777")
    companies.account("hub", "888888888888", active=False)

    assert command("aws-cli", "--all").startswith("#!/bin/sh")
    assert command("cloudformation", "--all").startswith(
        "==> 111111111111/gatehouse-roles.json <=="
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("terraform", "--account", "12"), "is no account id"),
        (("terraform", "--account", "999999999999"), "There is no account 999999999999"),
        (("stack-set", "--all"), "Name the organizational units"),
        (("terraform", "--all", "--output", "/dev/null/here"), "cannot be written"),
    ],
)
def test_the_command_says_what_is_wrong(words: tuple[str, ...], told: str) -> None:
    companies.permission_sets()
    companies.account("hub")

    with pytest.raises(CommandError, match=told):
        command(*words)
