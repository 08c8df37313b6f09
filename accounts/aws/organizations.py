"""The content of one policy of an organization, read and written.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_UpdatePolicy.html
"""

from __future__ import annotations

from functools import partial
from typing import Any

from accounts.aws import clients, failures
from accounts.aws.iam import as_document
from accounts.types import Credentials


class OrganizationPolicy:
    """One policy of an organization. Each call is within the process's bounds."""

    def __init__(self, keys: Credentials, *, region: str, policy_id: str) -> None:
        self._client: Any = clients.with_keys("organizations", keys=keys, region=region)
        self._id = policy_id

    def get(self) -> Any:
        """Return its document.

        Raises:
            AwsRefused: it may not be read, or there is no such policy.
            AwsUnavailable: AWS could not be reached in time, or is throttling.
        """
        return clients.call(self._get)

    def put(self, document: str) -> None:
        """Write its document.

        Raises:
            AwsRefused: it may not be written, or there is no such policy.
            AwsUnavailable: AWS could not be reached in time, or is throttling.
        """
        clients.call(partial(self._put, document))

    def targets(self) -> list[str]:
        """Return the ids of the accounts, units and roots that it is attached to, 100 at most.

        Raises:
            AwsRefused: they may not be read.
            AwsUnavailable: AWS could not be reached in time, or is throttling.
        """
        return clients.call(self._targets)

    def _get(self) -> Any:
        with failures.translated():
            found = self._client.describe_policy(PolicyId=self._id)
        return as_document(found.get("Policy", {}).get("Content"))

    def _put(self, document: str) -> None:
        with failures.translated():
            self._client.update_policy(PolicyId=self._id, Content=document)

    def _targets(self) -> list[str]:
        with failures.translated():
            found = self._client.list_targets_for_policy(PolicyId=self._id)
        return [str(target["TargetId"]) for target in found.get("Targets", [])]
