"""The revoker role: what it may do, whom it trusts, and that nobody is given it."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from accounts import access
from accounts.errors import AwsRefused
from accounts.models import Account, AccountRole, PermissionSet
from accounts.onboarding import external_ids
from accounts.onboarding.roles import revoker_of, roles_of
from accounts.onboarding.trust_policies import trust_of_revoker
from accounts.types import RoleRef
from tests import cast
from tests.accounts.onboarding import companies
from tests.accounts.revocation.companies import DEV

pytestmark = pytest.mark.usefixtures("northwind")


def test_a_revoker_may_write_policies_of_the_offered_roles_and_nothing_else() -> None:
    account = Account.objects.get(account_id=DEV)
    external_ids.give([account], origin=cast.ORIGIN, now=timezone.now())

    revoker = revoker_of(account, roles_of(account))

    assert revoker is not None
    assert revoker.policy is not None
    assert revoker.policy["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["iam:GetRolePolicy", "iam:PutRolePolicy"],
            "Resource": [
                f"arn:aws:iam::{DEV}:role/gatehouse/Developer",
                f"arn:aws:iam::{DEV}:role/ReadOnly",
            ],
        }
    ]


@pytest.mark.parametrize("method", ["hub", "portal-token", "user-token", "switch-role"])
def test_it_trusts_the_portal_by_what_opens_no_other_role(method: str, settings: Settings) -> None:
    settings.TRUST_ISSUER = companies.PORTAL
    account = Account.objects.get(account_id=DEV)
    account.trust_method = method
    account.save()
    external_ids.give([account], origin=cast.ORIGIN, now=timezone.now())

    trust = trust_of_revoker(account)

    assert trust is not None
    if method == "portal-token":
        assert trust.subjects == f"account:{DEV}:revoker"
    else:
        assert trust.principal == settings.AWS_HUB_PRINCIPALS["aws"]
        assert trust.external_id == account.revoker_external_id != ""
        assert trust.external_id != account.external_id
    assert trust.extras == ()


def test_without_a_hub_an_account_of_other_methods_has_no_revoker(settings: Settings) -> None:
    settings.AWS_HUB_PRINCIPALS = {}
    account = Account.objects.get(account_id=DEV)
    account.trust_method = "user-token"
    account.save()
    external_ids.give([account], origin=cast.ORIGIN, now=timezone.now())

    assert trust_of_revoker(account) is None


@pytest.mark.parametrize(("method", "trusted"), [("hub", True), ("user-token", False)])
def test_abroad_aws_vouches_for_the_portal_to_the_method_hub_alone(
    method: str, trusted: bool, settings: Settings
) -> None:
    settings.AWS_WEB_IDENTITY_PARTITIONS = ["aws-cn"]
    settings.AWS_WEB_IDENTITY_ISSUER = "https://0123-issuer.tokens.sts.global.api.aws"
    settings.AWS_HUB_PRINCIPALS = {"aws": "arn:aws:iam::999999999999:role/gatehouse"}
    account = Account.objects.get(account_id=DEV)
    account.partition, account.trust_method = "aws-cn", method
    account.revoker_external_id = "gatehouse-revoker-1"

    assert (trust_of_revoker(account) is not None) is trusted


@pytest.mark.parametrize("name", ["GatehouseRevoker", "gatehouserevoker"])
def test_nobody_is_given_the_revokers_role(name: str) -> None:
    with pytest.raises(ValidationError):
        PermissionSet(name=name).full_clean()
    role = AccountRole.objects.get(account__account_id=DEV, permission_set__name="Developer")
    role.iam_role_name = name
    with pytest.raises(ValidationError):
        role.full_clean()

    role.save()
    with pytest.raises(AwsRefused) as refused:
        access.issue_keys(
            subject=cast.as_subject("alice"),
            role=RoleRef(DEV, "Developer"),
            duration=None,
            origin=cast.ORIGIN,
            now=timezone.now(),
        )
    assert refused.value.code == "trust.role_name"
