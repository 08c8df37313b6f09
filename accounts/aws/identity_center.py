"""An instance of IAM Identity Center, read: permission sets, assignments, groups and people.

https://docs.aws.amazon.com/singlesignon/latest/APIReference/welcome.html
https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/welcome.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from accounts.aws import clients, failures
from accounts.aws.pacing import patiently


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance, and where its people and groups are."""

    arn: str
    identity_store: str


@dataclass(frozen=True, slots=True)
class CenterPermissionSet:
    """A permission set. `session_duration` is as AWS writes it (PT8H); customer managed policies by path and name.

    `boundary` is the ARN of a managed policy, or the path and name of a customer managed one.
    """

    arn: str
    name: str
    description: str
    session_duration: str
    relay_state: str
    managed_policies: tuple[str, ...]
    customer_policies: tuple[str, ...]
    inline_policy: str
    boundary: str


class IdentityCenter:
    """Asks page by page, and waits where AWS is throttling.

    `admin` and `store` give boto3's clients of sso-admin and identitystore. Each method raises AwsRefused
    where AWS says no, and AwsUnavailable where it does not answer or throttles for long.
    """

    def __init__(self, admin: Callable[[], Any], store: Callable[[], Any]) -> None:
        self._admin, self._store = admin, store

    def instances(self) -> list[Instance]:
        """Return the instances that these keys may see in the region."""
        return [
            Instance(str(one["InstanceArn"]), str(one["IdentityStoreId"]))
            for one in self._all(self._admin, "list_instances", "Instances")
        ]

    def permission_sets(self, instance: str) -> list[str]:
        """Return the ARNs of all permission sets."""
        return list(
            self._all(self._admin, "list_permission_sets", "PermissionSets", InstanceArn=instance)
        )

    def permission_set(self, instance: str, arn: str) -> CenterPermissionSet:
        """Return a permission set with its policies."""
        which = {"InstanceArn": instance, "PermissionSetArn": arn}
        said = self._ask(self._admin, "describe_permission_set", which)["PermissionSet"]
        managed = self._all(
            self._admin,
            "list_managed_policies_in_permission_set",
            "AttachedManagedPolicies",
            **which,
        )
        customers = self._all(
            self._admin,
            "list_customer_managed_policy_references_in_permission_set",
            "CustomerManagedPolicyReferences",
            **which,
        )
        inline = self._ask(self._admin, "get_inline_policy_for_permission_set", which)
        return CenterPermissionSet(
            arn=arn,
            name=str(said["Name"]),
            description=str(said.get("Description") or ""),
            session_duration=str(said.get("SessionDuration") or "PT1H"),
            relay_state=str(said.get("RelayState") or ""),
            managed_policies=tuple(str(one["Arn"]) for one in managed),
            customer_policies=tuple(map(_path_and_name, customers)),
            inline_policy=str(inline.get("InlinePolicy") or ""),
            boundary=self._boundary(which),
        )

    def accounts_with(self, instance: str, permission_set: str) -> list[str]:
        """Return the ids of the accounts where a permission set is provisioned."""
        return list(
            self._all(
                self._admin,
                "list_accounts_for_provisioned_permission_set",
                "AccountIds",
                InstanceArn=instance,
                PermissionSetArn=permission_set,
            )
        )

    def assignments(
        self, instance: str, permission_set: str, account_id: str
    ) -> list[tuple[str, str]]:
        """Return (GROUP or USER, id) of all who have a permission set in an account."""
        found = self._all(
            self._admin,
            "list_account_assignments",
            "AccountAssignments",
            InstanceArn=instance,
            PermissionSetArn=permission_set,
            AccountId=account_id,
        )
        return [(str(one["PrincipalType"]), str(one["PrincipalId"])) for one in found]

    def groups(self, store: str) -> dict[str, str]:
        """Return the display names of all groups by their ids."""
        found = self._all(self._store, "list_groups", "Groups", IdentityStoreId=store)
        return {str(one["GroupId"]): str(one.get("DisplayName") or "") for one in found}

    def users(self, store: str) -> dict[str, str]:
        """Return the e-mail address of all people by their ids, else the user name."""
        found = self._all(self._store, "list_users", "Users", IdentityStoreId=store)
        return {str(one["UserId"]): _address(one) for one in found}

    def _boundary(self, which: dict[str, str]) -> str:
        try:
            found = self._ask(self._admin, "get_permissions_boundary_for_permission_set", which)
        except _NotThere:
            return ""
        boundary = found.get("PermissionsBoundary") or {}
        if reference := boundary.get("CustomerManagedPolicyReference"):
            return _path_and_name(reference)
        return str(boundary.get("ManagedPolicyArn") or "")

    def _all(
        self, client: Callable[[], Any], operation: str, key: str, **parameters: str
    ) -> Iterator[Any]:
        token = ""
        while True:
            following = {"NextToken": token} if token else {}
            page = self._ask(client, operation, {**parameters, **following})
            yield from page.get(key, [])
            token = page.get("NextToken") or ""
            if not token:
                return

    def _ask(
        self, client: Callable[[], Any], operation: str, parameters: dict[str, str]
    ) -> dict[str, Any]:
        def once() -> dict[str, Any]:
            call = getattr(client(), operation)
            return clients.call(partial(_called, call, parameters))

        return patiently(once)


class _NotThere(Exception):
    """A permission set has no such thing."""


def _called(call: Callable[..., dict[str, Any]], parameters: dict[str, str]) -> dict[str, Any]:
    with failures.translated():
        try:
            return call(**parameters)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                raise _NotThere from None
            raise


def _path_and_name(reference: dict[str, Any]) -> str:
    return f"{reference.get('Path') or '/'}{reference['Name']}"


def _address(user: dict[str, Any]) -> str:
    emails = user.get("Emails") or []
    primary = [one for one in emails if one.get("Primary")] or emails
    return str((primary[0].get("Value") if primary else "") or user.get("UserName", ""))
