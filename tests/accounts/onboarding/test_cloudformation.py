"""CloudFormation: templates that cfn-lint accepts, deployed to ministack, whose roles are then entered."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from django.utils import timezone
from pytest_django import Settings

from accounts import access
from accounts.errors import AwsRefused, InvalidRequest
from accounts.models import Account, AccountRole, PermissionSet
from accounts.onboarding import Form
from accounts.types import IssuedKeys, RoleRef
from tests import cast
from tests.accounts.onboarding import companies
from tests.emulators import aws_environment, whose_keys

pytestmark = pytest.mark.django_db

HUB_ACCOUNT = "777777777777"
ONBOARDED, UNNAMED = "111122220001", "111122220002"
FILLED = {"DateLessThan": {"aws:TokenIssueTime": "2026-11-30T12:00:00Z"}}


def cfn_lint(folder: Path) -> subprocess.CompletedProcess[str]:
    templates = sorted(map(str, folder.rglob("*.json")))
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--", *templates]
    return subprocess.run(command, capture_output=True, text=True)


def test_cfn_lint_finds_nothing_in_any_template(tmp_path: Path, settings: Settings) -> None:
    companies.permission_sets()
    every = [companies.account(method) for method in companies.ACCOUNTS]
    units = {"organizational_units": ("r-abcd",)}
    for form, options in ((Form.CLOUDFORMATION, {}), (Form.STACK_SET, units)):
        companies.write(companies.files(*every, form=form, **options), tmp_path / form)
    china = companies.account("portal-token", "555555555555", partition="aws-cn", region="")
    companies.write(companies.files(china, form=Form.CLOUDFORMATION), tmp_path / "china")
    some = companies.account("user-token", "666666666666")
    some.roles.get(permission_set__name="ReadOnly").delete()
    both = companies.files(every[1], some, form=Form.STACK_SET, **units)
    companies.write(both, tmp_path / "some")
    assert '"Fn::Not"' in both["gatehouse-roles.json"]

    judged = cfn_lint(tmp_path)
    assert (judged.returncode, judged.stdout) == (0, "")

    wrong = both["gatehouse-roles.json"].replace("RoleName", "Name")
    assert cfn_lint(companies.write({"wrong.json": wrong}, tmp_path / "wrong")).returncode != 0


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("description", "{{resolve:ssm:/secret}}", "onboarding.dynamic_reference"),
        (
            "role_policy",
            json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {
                        "Effect": "Allow",
                        "Action": "*",
                        "Resource": "*",
                        "Condition": {"Fn::ImportValue": "secret"},
                    },
                }
            ),
            "onboarding.template_function",
        ),
    ],
)
def test_a_value_that_cloudformation_would_not_leave_alone_is_refused(
    column: str, value: str, code: str
) -> None:
    cast.permission_set("ReadOnly", **{column: value})
    where = companies.account("hub")

    with pytest.raises(InvalidRequest) as refused:
        companies.files(where, form=Form.CLOUDFORMATION)

    assert refused.value.code == code


def test_free_text_stands_in_the_template_as_it_is() -> None:
    companies.permission_sets()
    template = json.loads(
        companies.files(companies.account("hub"), form=Form.CLOUDFORMATION)[
            "111111111111/gatehouse-roles.json"
        ]
    )

    (role,) = [
        resource["Properties"]
        for key, resource in template["Resources"].items()
        if key.startswith("RolePlatform")
    ]
    assert role["Description"] == companies.HOSTILE
    assert role["Policies"] == [{"PolicyName": "Gatehouse", "PolicyDocument": companies.READING}]


class Ministack:
    """Ministack as the admin of an account uses it."""

    def __init__(self, url: str, account_id: str) -> None:
        self.options: dict[str, Any] = {
            "endpoint_url": url,
            "region_name": "us-east-1",
            "aws_access_key_id": account_id,
            "aws_secret_access_key": "anything",
        }
        self.iam: Any = boto3.client("iam", **self.options)
        self.cfn: Any = boto3.client("cloudformation", **self.options)

    def deploy(self, template: str, *, capable: bool = True) -> str:
        """Create a stack, and return how it ends."""
        name = f"gatehouse-{uuid.uuid4().hex[:8]}"
        capabilities = ["CAPABILITY_NAMED_IAM"] if capable else []
        self.cfn.create_stack(StackName=name, TemplateBody=template, Capabilities=capabilities)
        self.stack = name
        return self.status()

    def status(self) -> str:
        status = "IN_PROGRESS"
        while status.endswith("IN_PROGRESS"):
            status = self.cfn.describe_stacks(StackName=self.stack)["Stacks"][0]["StackStatus"]
        return status

    def change(self, template: str) -> set[tuple[str, str]]:
        """Change the stack by a change set; return what it changed."""
        asked = {"StackName": self.stack, "ChangeSetName": "change"}
        self.cfn.create_change_set(
            **asked, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        changes = self.cfn.describe_change_set(**asked)["Changes"]
        self.cfn.execute_change_set(**asked)
        assert self.status() == "UPDATE_COMPLETE"
        return {
            (one["ResourceChange"]["Action"], one["ResourceChange"]["LogicalResourceId"])
            for one in changes
        }

    def drifted(self) -> set[str]:
        """Return which resources of the stack are not as the template says."""
        self.cfn.detect_stack_drift(StackName=self.stack)
        found = self.cfn.describe_stack_resource_drifts(StackName=self.stack)
        return {
            one["LogicalResourceId"]
            for one in found["StackResourceDrifts"]
            if one["StackResourceDriftStatus"] != "IN_SYNC"
        }


@pytest.fixture(scope="module")
def hub(ministack: str) -> dict[str, str]:
    """The keys of the hub, an IAM user that may assume roles as far as they let it."""
    iam = Ministack(ministack, HUB_ACCOUNT).iam
    iam.create_user(UserName="onboarding-hub")
    every = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
                "Resource": "*",
            }
        ],
    }
    iam.put_user_policy(
        UserName="onboarding-hub", PolicyName="own", PolicyDocument=json.dumps(every)
    )
    keys = iam.create_access_key(UserName="onboarding-hub")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_ENDPOINT_URL_STS": ministack,
    }


@pytest.fixture
def onboarded(
    ministack: str, hub: dict[str, str], settings: Settings
) -> Iterator[tuple[Account, Ministack]]:
    """An account whose roles have been deployed, and which alice may enter."""
    settings.AWS_HUB_PRINCIPALS = {"aws": f"arn:aws:iam::{HUB_ACCOUNT}:user/onboarding-hub"}
    read = cast.permission_set("ReadOnly", iam_path="/gatehouse/", session_duration=7200)
    tagged = cast.permission_set("Tagged", session_tags=["team"])
    where = companies.account("hub", ONBOARDED, external_id="gatehouse:of-this-account")
    for what in (read, tagged):
        cast.mapping("payments", what, where)
    admin = Ministack(ministack, ONBOARDED)
    assert admin.deploy(template_of(where)) == "CREATE_COMPLETE"
    with aws_environment(AWS_SESSION_TOKEN=None, **hub):
        yield where, admin
    admin.cfn.delete_stack(StackName=admin.stack)


def template_of(where: Account) -> str:
    files = companies.files(where, form=Form.CLOUDFORMATION)
    return files[f"{where.account_id}/gatehouse-roles.json"]


def enter(role_name: str) -> IssuedKeys:
    return access.issue_keys(
        subject=cast.as_subject("alice"),
        role=RoleRef(ONBOARDED, role_name),
        duration=900,
        origin=cast.ORIGIN,
        now=timezone.now(),
        tags={"team": "payments"} if role_name == "Tagged" else {},
    )


@pytest.mark.wire
def test_a_stack_asks_for_its_capability_and_is_refused_in_an_account_it_does_not_name(
    ministack: str,
) -> None:
    cast.permission_set("ReadOnly")
    template = template_of(companies.account("hub", ONBOARDED))
    admin = Ministack(ministack, UNNAMED)

    with pytest.raises(ClientError, match="CAPABILITY_NAMED_IAM"):
        admin.deploy(template, capable=False)
    with suppress(ClientError):
        assert admin.deploy(template) != "CREATE_COMPLETE"
    assert admin.iam.list_roles()["Roles"] == []


@pytest.mark.wire
def test_deployed_roles_open_for_the_portal_with_the_accounts_own_external_id_only(
    onboarded: tuple[Account, Ministack], hub: dict[str, str]
) -> None:
    where, _ = onboarded
    for wrong in ("", "gatehouse:of-another-account"):
        Account.objects.filter(pk=where.pk).update(external_id=wrong)
        with pytest.raises(AwsRefused) as refused:
            enter("ReadOnly")
        assert refused.value.code == "aws.access_denied"

    Account.objects.filter(pk=where.pk).update(external_id=where.external_id)
    for role_name in ("ReadOnly", "Tagged"):
        keys = enter(role_name).credentials
        arn = whose_keys(
            hub["AWS_ENDPOINT_URL_STS"],
            access_key_id=keys.access_key_id,
            secret_access_key=keys.secret_access_key,
            session_token=keys.session_token,
        )
        assert arn.startswith(f"arn:aws:sts::{ONBOARDED}:assumed-role/{role_name}/alice")


@pytest.mark.wire
def test_a_role_whose_trust_lacks_tag_session_refuses_the_tags(
    onboarded: tuple[Account, Ministack],
) -> None:
    _, admin = onboarded
    trust = admin.iam.get_role(RoleName="Tagged")["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"] = [one for one in trust["Statement"] if one["Action"] == "sts:AssumeRole"]
    admin.iam.update_assume_role_policy(RoleName="Tagged", PolicyDocument=json.dumps(trust))

    with pytest.raises(AwsRefused):
        enter("Tagged")
    assert admin.drifted() == {"RoleTagged"}


@pytest.mark.wire
def test_an_update_changes_the_role_and_leaves_the_policy_that_ends_sessions_filled(
    onboarded: tuple[Account, Ministack],
) -> None:
    where, admin = onboarded
    assert admin.drifted() == set()
    name = {"RoleName": "ReadOnly", "PolicyName": "GatehouseDenyOlderSessions"}
    policy = admin.iam.get_role_policy(**name)["PolicyDocument"]
    policy["Statement"][0]["Condition"] = FILLED
    admin.iam.put_role_policy(**name, PolicyDocument=json.dumps(policy))

    PermissionSet.objects.filter(name="ReadOnly").update(session_duration=4 * 3600)
    AccountRole.objects.filter(permission_set__name="Tagged").delete()
    changed = admin.change(template_of(where))

    assert ("Modify", "RoleReadOnly") in changed
    assert ("Remove", "RoleTagged") in changed
    assert not any(resource == "DenyReadOnly" for _, resource in changed)
    assert admin.iam.get_role(RoleName="ReadOnly")["Role"]["MaxSessionDuration"] == 4 * 3600
    kept = admin.iam.get_role_policy(**name)["PolicyDocument"]
    assert kept["Statement"][0]["Condition"] == FILLED
