"""The trust of a role at the embedded AWS, changed for a moment by the root user of its account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from demo.launcher.folder import SWITCHER


@contextmanager
def other_trust(cloud_url: str, *, account_id: str, role_name: str) -> Iterator[None]:
    """Have a role trust another external id, another subject or other people, until the block ends."""
    iam = boto3.session.Session().client(
        "iam",
        region_name="eu-west-1",
        endpoint_url=cloud_url,
        aws_access_key_id=account_id,
        aws_secret_access_key="of the root user",  # noqa: S106  (not checked)
    )
    right = iam.get_role(RoleName=role_name)["Role"]["AssumeRolePolicyDocument"]
    _put(iam, role_name, _another(json.dumps(right)))
    try:
        yield
    finally:
        _put(iam, role_name, json.dumps(right))


def _put(iam: Any, role_name: str, document: str) -> None:
    iam.update_assume_role_policy(RoleName=role_name, PolicyDocument=document)


def _another(document: str) -> str:
    policy = json.loads(document)
    for statement in policy["Statement"]:
        if statement["Principal"].get("AWS") == SWITCHER:
            statement["Principal"]["AWS"] = f"{SWITCHER}-of-others"
        for wanted in statement.get("Condition", {}).values():
            for key, value in wanted.items():
                if key.endswith((":ExternalId", ":sub")):
                    wanted[key] = f"{value}-of-another"
    return json.dumps(policy)
