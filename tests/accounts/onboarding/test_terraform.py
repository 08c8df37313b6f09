"""Terraform: planned and applied for real where there is one, and read back by another parser everywhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest
from pytest_django import Settings

from accounts.errors import AwsRefused
from accounts.models import Account, AccountRole, PermissionSet
from accounts.onboarding import Form, hcl
from tests import cast
from tests.accounts.onboarding import companies, portals
from tests.real_parts import Terraform, terraform
from tests.strict_aws import StrictAws, WebIssuer

pytestmark = pytest.mark.django_db

# Each account is a process of the provider, which costs seconds.
METHODS = ("hub", "portal-token")
ACCOUNT = """
provider "aws" {{
  alias                       = "account_{id}"
  region                      = "us-east-1"
  access_key                  = "{id}"
  secret_key                  = "anything"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  endpoints {{
    iam = "{url}"
    sts = "{url}"
  }}
}}
"""


class Configuration:
    """One folder with everything: the provider's schema is read once."""

    def __init__(self, folder: Path, found: Terraform) -> None:
        self.folder, self.found = folder, found
        self.run("init", f"-plugin-dir={found.plugins}", "-backend=false")

    def run(self, *words: str, expected: int = 0) -> str:
        done = subprocess.run(
            [str(self.found.path), *words, *([] if words[0] == "fmt" else ["-no-color"])],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "TF_CLI_CONFIG_FILE": os.devnull,
                "CHECKPOINT_DISABLE": "1",
                "TF_IN_AUTOMATION": "1",
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout


@pytest.mark.wire
def test_roles_that_terraform_makes_open_for_the_portal_and_a_second_plan_changes_nothing(
    strict_aws: StrictAws, web_issuer: WebIssuer, settings: Settings, tmp_path: Path
) -> None:
    found = terraform()
    portals.publish(strict_aws, web_issuer, settings)
    for what in companies.permission_sets():
        cast.mapping("payments", what, "all")
    # The emulator has none of AWS's own policies, and looks for each that is attached.
    PermissionSet.objects.filter(name="Platform+Engineer").update(
        role_policy_arns=["arn:{partition}:iam::{account_id}:policy/gatehouse/Base"]
    )
    hub, tokens = companies.account("hub"), companies.account("portal-token")
    # The provider of the people, too: the portal's address has a port here, which makes Terraform see a change.
    Account.objects.filter(pk=hub.pk).update(trust_method="user-token")
    AccountRole.objects.filter(account=hub).update(subjects=["alice"])
    people = companies.files(hub, form=Form.TERRAFORM)
    Account.objects.filter(pk=hub.pk).update(trust_method="hub")
    companies.write(people, tmp_path)
    root = people["main.tf"].partition('\nmodule "roles')[0] + "\n"
    for where in (hub, tokens):
        files = companies.files(where, form=Form.TERRAFORM)
        companies.write(files, tmp_path)
        root += files["main.tf"].partition("\nmodule")[2].join(["\nmodule", ""])
        root += ACCOUNT.format(id=where.account_id, url=strict_aws.url)
        strict_aws.iam(where.account_id).create_policy(
            PolicyName="Base", Path="/gatehouse/", PolicyDocument=json.dumps(companies.READING)
        )
    (tmp_path / "main.tf").write_text(root)
    (tmp_path / "providers.tf").unlink()

    configuration = Configuration(tmp_path, found)
    configuration.run("fmt", "-check", "-recursive", *map(companies.ACCOUNTS.__getitem__, METHODS))
    configuration.run("apply", "-auto-approve", "-input=false")
    unchanged = [f"-target=module.{name}" for name in re.findall('module "([^"]*)"', root)]
    unchanged.remove(f"-target=module.provider_{tokens.account_id}")
    configuration.run("plan", "-detailed-exitcode", "-input=false", *unchanged)

    for account_id in map(companies.ACCOUNTS.__getitem__, METHODS):
        role = strict_aws.iam(account_id).get_role(RoleName="Platform+Engineer")["Role"]
        assert role["Description"] == companies.HOSTILE
        assert role["MaxSessionDuration"] == 8 * 3600
    policy = strict_aws.iam(account_id).get_role_policy(
        RoleName="Platform+Engineer", PolicyName="Gatehouse"
    )
    assert policy["PolicyDocument"] == companies.READING
    for method in METHODS:
        for role_name in ("Platform+Engineer", "ReadOnly"):
            portals.enter(companies.ACCOUNTS[method], role_name)
    Account.objects.update(external_id="gatehouse:of-another-account")
    settings.TRUST_AUDIENCE = "another"
    for method in METHODS:
        with pytest.raises(AwsRefused):
            portals.enter(companies.ACCOUNTS[method], "ReadOnly")


def test_another_parser_reads_the_same_values(tmp_path: Path) -> None:
    companies.permission_sets()
    files = companies.files(companies.account("portal-token"), form=Form.TERRAFORM)

    for text in files.values():
        assert hcl2.loads(text)

    text = files["333333333333/roles/main.tf"]
    literals = re.findall(r'description\s+= ("(?:[^"\\]|\\.)*")', text)
    assert companies.HOSTILE in map(_unescaped, literals)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"', r'"\""'),
        ("${file(1)}", '"$${file(1)}"'),
        ("%{ if 1 }", '"%%{ if 1 }"'),
        ("\\", r'"\\"'),
        ("\b\f\\b", r'"\u0008\u000c\\b"'),
        ("a\nb", r'"a\nb"'),
    ],
)
def test_a_text_is_never_an_expression(value: str, expected: str) -> None:
    assert hcl.text(value) == expected


def test_everything_that_json_can_say_has_a_form_and_nothing_else() -> None:
    assert [hcl.value(one) for one in (True, False, None, 7, 1.5)] == [
        *("true", "false", "null", "7", "1.5")
    ]
    with pytest.raises(TypeError):
        hcl.value({1, 2})


def _unescaped(literal: str) -> Any:
    return json.loads(literal.replace("$${", "${").replace("%%{", "%{"))
