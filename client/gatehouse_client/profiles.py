"""What AWS's tools read: the output of a credential_process, and profiles for ~/.aws/config.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gatehouse_client.errors import CommandFailed

_NOT_IN_PROFILES = re.compile(r"[^A-Za-z0-9_.@+=,:/-]+")
# Words without a meaning to a shell (some SDKs run the line in one) or to AWS's files.
_HARMLESS = re.compile(r"(?!-.)[A-Za-z0-9_.@+=,:/-]+")
LONGEST_PROFILE = 128
# Other sources of keys: https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
OVERRIDING_VARIABLES = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)


def process_output(keys: dict[str, Any]) -> str:
    """Return keys in the format of a credential_process."""
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": keys["access_key_id"],
            "SecretAccessKey": keys["secret_access_key"],
            "SessionToken": keys["session_token"],
            "Expiration": _expiration(keys),
        },
        indent=2,
    )


def variables(keys: dict[str, Any]) -> dict[str, str]:
    """Return the environment variables of keys."""
    return {
        "AWS_ACCESS_KEY_ID": keys["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
        "AWS_SESSION_TOKEN": keys["session_token"],
        "AWS_CREDENTIAL_EXPIRATION": _expiration(keys),
    }


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of AWS's config file with credential_process, for one role."""

    name: str
    portal: str
    account_id: str
    role_name: str
    region: str = ""

    @property
    def points_to(self) -> tuple[str, ...]:
        """Portal, account id and role, as in the line of the file."""
        return self.portal, self.account_id, self.role_name

    @property
    def text(self) -> str:
        """The section of the file."""
        lines = [
            f"[profile {self.name}]",
            f"credential_process = gatehouse credentials --portal {' '.join(self.points_to)}",
        ]
        if self.region:
            lines.append(f"region = {self.region}")
        return "\n".join(lines)


def profiles_of(
    portal: str, entitlements: Iterable[dict[str, Any]], *, by_id: bool = False
) -> list[Profile]:
    """Return a profile for each role, no name twice; portal/pages/profile_names.py has the same rule.

    `entitlements` are all roles with keys, so that the name of one role does not depend on which
    others are asked for; `by_id` lets all names begin with the account's id.

    Raises:
        CommandFailed: the portal answered with a name that cannot be in a profile.
    """
    roles = list(entitlements)
    count = Counter(map(_name, roles))
    profiles = []
    for role in roles:
        account, name = _legible(role["account_name"]), _name(role)
        telling = account and not re.match("[0-9]{12}", account) and count[name] == 1
        if by_id or not telling or len(name) > LONGEST_PROFILE:
            name = f"{role['account_id']}_{role['role_name']}"
        region = role.get("region") or ""
        words = (name, portal, role["account_id"], role["role_name"], region or "-")
        if not all(_HARMLESS.fullmatch(word) for word in words):
            raise CommandFailed("The portal answered with a name that cannot be in a profile.")
        profiles.append(Profile(name, portal, role["account_id"], role["role_name"], region))
    return profiles


def _name(role: dict[str, Any]) -> str:
    return f"{_legible(role['account_name'])}_{role['role_name']}"


def _legible(name: str) -> str:
    return _NOT_IN_PROFILES.sub("-", name).strip("-")


def _expiration(keys: dict[str, Any]) -> str:
    """Return the expiration in UTC to the second (RFC 3339), which every SDK reads."""
    return datetime.fromisoformat(keys["expires_at"]).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
