"""AWS CLI commands: run for real, twice, with values that try to get out of the shell."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import PermissionSet
from accounts.onboarding import Form
from tests import cast
from tests.accounts.onboarding import companies, portals
from tests.real_parts import aws_cli_path
from tests.strict_aws import StrictAws, WebIssuer

pytestmark = pytest.mark.django_db

POLICY = {"RoleName": "Platform+Engineer", "PolicyName": "GatehouseDenyOlderSessions"}


def run(
    script: str, folder: Path, *, url: str, account_id: str
) -> subprocess.CompletedProcess[str]:
    path = f"{aws_cli_path().parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env={
            "PATH": path,
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": account_id,
            "AWS_SECRET_ACCESS_KEY": "anything",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        capture_output=True,
        text=True,
    )


@pytest.mark.wire
def test_the_commands_make_a_role_that_opens_and_can_be_run_again(
    strict_aws: StrictAws, web_issuer: WebIssuer, settings: Settings, tmp_path: Path
) -> None:
    portals.publish(strict_aws, web_issuer, settings)
    full, plain = companies.permission_sets()
    plain.delete()
    cast.mapping("payments", full, "all")
    # The emulator has none of AWS's own policies, and looks for each that is attached.
    PermissionSet.objects.update(role_policy_arns=[])
    account_id = "333333330001"
    where = companies.account("portal-token", account_id)
    script = companies.files(where, form=Form.AWS_CLI)[f"{account_id}.sh"]
    iam = strict_aws.iam(account_id)

    elsewhere = run(script, tmp_path, url=strict_aws.url, account_id="333333330002")
    assert elsewhere.returncode == 1
    assert "Nothing was changed" in elsewhere.stderr

    first = run(script, tmp_path, url=strict_aws.url, account_id=account_id)
    assert (first.returncode, first.stderr) == (0, "")
    role = iam.get_role(RoleName="Platform+Engineer")["Role"]
    assert role["Description"] == companies.HOSTILE
    assert role["Path"] == "/gatehouse/"
    made = iam.get_role_policy(RoleName="Platform+Engineer", PolicyName="Gatehouse")
    assert made["PolicyDocument"] == companies.READING
    assert not list(tmp_path.glob("**/broken"))
    portals.enter(account_id, "Platform+Engineer")

    iam.put_role_policy(**POLICY, PolicyDocument=json.dumps(companies.READING))
    PermissionSet.objects.update(session_duration=3600)
    script = companies.files(where, form=Form.AWS_CLI)[f"{account_id}.sh"]
    again = run(script, tmp_path, url=strict_aws.url, account_id=account_id)

    assert (again.returncode, again.stderr) == (0, "")
    assert iam.get_role(RoleName="Platform+Engineer")["Role"]["MaxSessionDuration"] == 3600
    assert iam.get_role_policy(**POLICY)["PolicyDocument"] == companies.READING


def test_a_context_provider_is_written_only_where_it_is_asked_for_and_is_said_to_be_unproven() -> (
    None
):
    companies.permission_sets()
    where = companies.account("portal-token")

    (usual,) = companies.files(where, form=Form.AWS_CLI).values()
    (asked,) = companies.files(where, form=Form.AWS_CLI, context_provider=True).values()

    assert "ContextProvider" not in usual
    assert '"SourceKey": "sign_in"' in asked
    assert "NOT PROVEN" in asked


def test_a_provider_that_is_there_is_left_alone() -> None:
    companies.permission_sets()
    where = companies.account("portal-token")

    (script,) = companies.files(where, form=Form.AWS_CLI, reuse_provider=True).values()

    assert "open-id-connect-provider" not in script
