"""The roles of the demo's company work, as a test by the portal finds: the portal is set up as the demo sets it up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from pytest_django import Settings

from accounts.models import Account, AccountRole, TrustCheck
from demo.launcher.cloud_setup import CloudSetup
from demo.launcher.folder import HUB, SWITCHER
from tests.emulators import aws_environment
from tests.strict_aws import StrictAws

pytestmark = [pytest.mark.wire, pytest.mark.django_db]


def remove_roles(iam: Any) -> None:
    """Remove what another test of this process may have set up for the same company."""
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


def test_roles_of_the_company_that_trust_the_hub_work(
    strict_aws: StrictAws, settings: Settings, tmp_path: Path
) -> None:
    call_command("apply", str(Path(django_settings.BASE_DIR) / "demo" / "northwind.toml"))
    settings.AWS_HUB_PRINCIPALS = {"aws": HUB}
    settings.SWITCH_ROLE_PRINCIPALS = [SWITCHER]
    setup, credentials = CloudSetup(strict_aws.url), tmp_path / "credentials"
    setup.create_hub(credentials)
    Account.objects.exclude(trust_method="hub").delete()
    Account.objects.exclude(partition="aws").delete()
    for account in Account.objects.all():
        remove_roles(strict_aws.iam(account.account_id))
    setup.create_roles()
    accounts = Account.objects.values_list("account_id", flat=True)[:3]

    with aws_environment(
        AWS_ENDPOINT_URL_STS=strict_aws.url,
        AWS_ENDPOINT_URL_IAM=strict_aws.url,
        AWS_ACCESS_KEY_ID=None,
        AWS_SECRET_ACCESS_KEY=None,
        AWS_SHARED_CREDENTIALS_FILE=str(credentials),
    ):
        call_command("check_trust", *accounts)

    tested = TrustCheck.objects.all()
    assert tested.count() == AccountRole.objects.filter(account__account_id__in=accounts).count()
    assert {check.outcome for check in tested} == {"works"}
    assert [check.warnings for check in tested if check.warnings] == []
