"""A company at the strict AWS whose accounts were onboarded by the portal's own commands, revoker roles included."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError
from django.utils import timezone

from accounts import access
from accounts.aws.revocation_policies import DENY_OLDER_SESSIONS
from accounts.models import Account, AccountRole
from accounts.onboarding import external_ids
from accounts.onboarding.creation import with_roles
from accounts.onboarding.roles import NO_OLDER_SESSIONS, Role, revoker_of, roles_of
from accounts.types import IssuedKeys, RoleRef
from tests import cast
from tests.strict_aws import StrictAws

DEV, PROD = "210987654321", "123456789012"


def onboard(aws: StrictAws) -> None:
    """Do at AWS what the templates of every account say."""
    rows = list(with_roles(Account.objects.exclude(trust_method="switch-role")))
    external_ids.give(rows, origin=cast.ORIGIN, now=timezone.now())
    for account in rows:
        roles = roles_of(account)
        revoker = revoker_of(account, roles)
        if provider := roles[0].trust.provider:
            aws.create_provider(account.account_id, provider.url, [provider.audience])
        for role in (*roles, *([revoker] if revoker else [])):
            create(aws, role)
            if role is not revoker:
                put(aws, role.account_id, role.name, NO_OLDER_SESSIONS)
        if revoker:
            aws.iam(account.account_id).put_role_policy(
                RoleName=revoker.name,
                PolicyName="Gatehouse",
                PolicyDocument=json.dumps(revoker.policy),
            )


def create(aws: StrictAws, role: Role) -> None:
    """Create a role, or replace it."""
    aws.create_role(
        role.account_id,
        role.name,
        role.trust.policy(),
        path=role.path,
        max_session=role.max_session,
    )


def put(aws: StrictAws, account_id: str, role_name: str, document: dict[str, Any]) -> None:
    """Write the policy that ends sessions, as an AWS admin can."""
    aws.iam(account_id).put_role_policy(
        RoleName=role_name, PolicyName=DENY_OLDER_SESSIONS, PolicyDocument=json.dumps(document)
    )


def placed(aws: StrictAws, account_id: str, role_name: str) -> Any:
    """Return the policy that ends sessions, as it is at AWS."""
    found = aws.iam(account_id).get_role_policy(RoleName=role_name, PolicyName=DENY_OLDER_SESSIONS)
    return found["PolicyDocument"]


def enter(who: str, account_id: str, role_name: str) -> IssuedKeys:
    """Return keys for a role, as the door gives them to somebody of the cast."""
    return access.issue_keys(
        subject=cast.as_subject(who),
        role=RoleRef(account_id, role_name),
        duration=900,
        origin=cast.ORIGIN,
        now=timezone.now(),
    )


def role_id(account_id: str, role_name: str) -> int:
    """Return the id of an account role."""
    found = AccountRole.objects.get(account__account_id=account_id, permission_set__name=role_name)
    return found.pk


def works(aws: StrictAws, keys: IssuedKeys) -> bool:
    """Whether AWS lets these keys do something, as the next call of whoever has them would be."""
    secret = keys.credentials
    client = boto3.client(
        "s3",
        endpoint_url=aws.url,
        region_name="eu-west-1",
        aws_access_key_id=secret.access_key_id,
        aws_secret_access_key=secret.secret_access_key,
        aws_session_token=secret.session_token,
    )
    try:
        client.list_buckets()
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            return False
        raise
    return True
