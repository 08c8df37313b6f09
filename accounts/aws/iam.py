"""The inline policies of roles, read and written with the keys of an account's revoker role.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from accounts.aws import clients, failures
from accounts.types import Credentials


class RolePolicies:
    """One inline policy of each role of an account. Each call is within the process's bounds."""

    def __init__(self, keys: Credentials, *, region: str, policy_name: str) -> None:
        self._client: Any = clients.with_keys("iam", keys=keys, region=region)
        self._name = policy_name

    def get(self, role_name: str) -> Any:
        """Return the policy of a role as a document; None if it has none of this name.

        Raises:
            AwsRefused: it may not be read, or there is no such role.
            AwsUnavailable: AWS could not be reached in time, or is throttling.
        """
        return clients.call(partial(self._get, role_name))

    def put(self, role_name: str, document: str) -> None:
        """Write the policy of a role.

        Raises:
            AwsRefused: it may not be written, there is no such role, or its policies are too long together.
            AwsUnavailable: AWS could not be reached in time, or is throttling.
        """
        clients.call(partial(self._put, role_name, document))

    def _get(self, role_name: str) -> Any:
        with failures.translated():
            try:
                found = self._client.get_role_policy(RoleName=role_name, PolicyName=self._name)
            except ClientError as error:
                # AWS says the same of a missing role and of a missing policy. Writing tells them apart.
                if error.response.get("Error", {}).get("Code") == "NoSuchEntity":
                    return None
                raise
        return as_document(found.get("PolicyDocument"))

    def _put(self, role_name: str, document: str) -> None:
        with failures.translated():
            self._client.put_role_policy(
                RoleName=role_name, PolicyName=self._name, PolicyDocument=document
            )


def as_document(found: Any) -> Any:
    """Return a policy document that AWS, or botocore for it, gives as text or as an object."""
    if not isinstance(found, str):
        return found
    try:
        return json.loads(found)
    except ValueError:
        return found
