"""Set up the embedded AWS as admins of AWS would: the portal's own user, and the roles of Northwind's accounts."""

from __future__ import annotations

import configparser
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from django.utils import timezone

from accounts.aws.limits import DEFAULT_SESSION
from accounts.aws.role_rules import REVOKER_ROLE
from accounts.errors import InvalidRequest
from accounts.models import Account, AccountRole
from accounts.models.directory import TrustMethod
from accounts.onboarding import external_ids, trust_policy
from accounts.onboarding.trust_policies import trust_of, trust_of_revoker
from accounts.types import Origin, Surface
from demo.launcher.folder import HUB, SWITCHER

_ASSUME = {
    "Effect": "Allow",
    "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    "Resource": ["arn:aws:iam::*:role/gatehouse/*", f"arn:aws:iam::*:role/{REVOKER_ROLE}"],
}


class CloudSetup:
    """The root users of accounts of the embedded AWS; an account id is the id of its root user's access key."""

    def __init__(self, cloud_url: str) -> None:
        self._url = cloud_url
        self._session = boto3.session.Session()

    def create_hub(self, credentials: Path) -> None:
        """Create the portal's own user, which may assume Gatehouse's roles, and write its keys to a file."""
        account_id, name = _parts(HUB)
        iam = self._iam(account_id)
        iam.create_user(UserName=name)
        iam.put_user_policy(
            UserName=name, PolicyName="assume-roles", PolicyDocument=_document(_ASSUME)
        )
        keys = iam.create_access_key(UserName=name)["AccessKey"]
        written = configparser.RawConfigParser()
        written["default"] = {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
        }
        credentials.touch(mode=0o600)
        with credentials.open("w") as file:
            written.write(file)

    def create_roles(self) -> list[str]:
        """Create the roles of all accounts, each with the trust policy that onboarding writes for it.

        Return what could not be created, and why: accounts that were changed in the admin may lack something.
        """
        self._create_switcher()
        external_ids.give(
            Account.objects.filter(trust_method=TrustMethod.HUB),
            origin=Origin(surface=Surface.COMMAND),
            now=timezone.now(),
            actor="demo",
        )
        return [problem for account in Account.objects.all() for problem in self._create(account)]

    def _create(self, account: Account) -> Iterator[str]:
        iam, providers = self._iam(account.account_id, account.partition), set[str]()
        for role in AccountRole.objects.filter(account=account).select_related("permission_set"):
            # The account that is at hand, so that it is not read again for each role.
            role.account = account
            try:
                trust = trust_of(account, role)
                document = trust_policy(account, role)
            except InvalidRequest as error:
                yield f"{account.name}: {error.user_message}"
                return
            if trust.provider and trust.provider.name not in providers:
                providers.add(trust.provider.name)
                iam.create_open_id_connect_provider(
                    Url=f"https://{trust.provider.name}", ClientIDList=[trust.provider.audience]
                )
            iam.create_role(
                RoleName=role.iam_role_name or role.permission_set.name,
                Path=role.permission_set.iam_path,
                AssumeRolePolicyDocument=json.dumps(document),
                MaxSessionDuration=max(DEFAULT_SESSION, role.permission_set.session_duration),
            )
        # It ends live sessions. Without an external id the account has none: see docs/revocation.md.
        if revoker := trust_of_revoker(account):
            iam.create_role(
                RoleName=REVOKER_ROLE, AssumeRolePolicyDocument=json.dumps(revoker.policy())
            )

    def _create_switcher(self) -> None:
        """Create the role that people have at AWS without the portal, and switch from."""
        account_id, name = _parts(SWITCHER)
        iam = self._iam(account_id)
        everybody = {"Effect": "Allow", "Principal": {"AWS": HUB}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(everybody))
        iam.put_role_policy(
            RoleName=name, PolicyName="assume-roles", PolicyDocument=_document(_ASSUME)
        )

    def _iam(self, account_id: str, partition: str = "aws") -> Any:
        return self._session.client(
            "iam",
            region_name=self._session.get_available_regions("sts", partition)[0],
            endpoint_url=self._url,
            aws_access_key_id=account_id,
            aws_secret_access_key="of the root user",  # noqa: S106  (not checked)
        )


def _parts(arn: str) -> tuple[str, str]:
    return arn.split(":")[4], arn.rpartition("/")[2]


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
