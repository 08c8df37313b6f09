"""What AWS's tools read: the output of a credential_process, and profiles for ~/.aws/config.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from gatehouse_client.errors import CommandFailed

_NOT_IN_PROFILES = re.compile(r"[^A-Za-z0-9_.@+=,:/-]+")
# Words without a meaning to a shell (some SDKs run the line in one) or to AWS's files.
_HARMLESS = re.compile(r"(?!-.)[A-Za-z0-9_.@+=,:/-]+")
_HEADING = re.compile(r"""^\s*\[\s*profile\s+["']?([^\]"'\n]+?)["']?\s*\]""", re.MULTILINE)
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


def existing_text(file: TextIO) -> str | None:
    """Return the text of AWS's config file if `file` appends to it, else None.

    Its profiles must not be added again: AWS's tools refuse a config file with a profile that occurs twice.
    """
    path = Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        path = path.expanduser()
        if os.path.samestat(path.stat(), os.fstat(file.fileno())):
            return path.read_text(encoding="utf-8")
    return None


def names_in(text: str) -> frozenset[str]:
    """Return the names of the profiles in a config file."""
    return frozenset(_HEADING.findall(text))


def profile_texts(
    portal: str, entitlements: Iterable[dict[str, Any]], *, without: Collection[str] = ()
) -> list[str]:
    """Return a profile with credential_process for each role, except those whose names are in `without`.

    Raises:
        CommandFailed: the portal answered with a name that cannot be in a profile.
    """
    roles = list(entitlements)
    names = Counter(map(_name, roles))
    texts = []
    for role in roles:
        name = _name(role)
        if names[name] > 1:  # Several accounts have the same name.
            name = f"{role['account_id']}_{_legible(role['role_name'])}"
        if name in without:
            continue
        words = (portal, role["account_id"], role["role_name"], role.get("region") or "-")
        if not all(_HARMLESS.fullmatch(word) for word in words):
            raise CommandFailed("The portal answered with a name that cannot be in a profile.")
        lines = [
            f"[profile {name}]",
            "credential_process = gatehouse credentials "
            f"--portal {portal} {role['account_id']} {role['role_name']}",
        ]
        if role.get("region"):
            lines.append(f"region = {role['region']}")
        texts.append("\n".join(lines))
    return texts


def _name(role: dict[str, Any]) -> str:
    return f"{_legible(role['account_name'])}_{_legible(role['role_name'])}"


def _legible(name: str) -> str:
    return _NOT_IN_PROFILES.sub("-", name).strip("-")


def _expiration(keys: dict[str, Any]) -> str:
    """Return the expiration in UTC to the second (RFC 3339), which every SDK reads."""
    return datetime.fromisoformat(keys["expires_at"]).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
