"""What AWS's tools read: the answer of a credential_process, and lines for ~/.aws/config.

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

from gatehouse_client.errors import Failed

_NOT_IN_PROFILES = re.compile(r"[^A-Za-z0-9_.@+=,:/-]+")
# What no shell and no file of AWS reads anything into: some SDKs hand the line to a shell.
_HARMLESS = re.compile(r"(?!-.)[A-Za-z0-9_.@+=,:/-]+")
_HEADING = re.compile(r"""^\s*\[\s*profile\s+["']?([^\]"'\n]+?)["']?\s*\]""", re.MULTILINE)
# https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html: where else keys could come from.
CONTRADICTING = (
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
    """Write the keys as a credential_process does."""
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": keys["access_key_id"],
            "SecretAccessKey": keys["secret_access_key"],
            "SessionToken": keys["session_token"],
            "Expiration": _moment(keys),
        },
        indent=2,
    )


def variables(keys: dict[str, Any]) -> dict[str, str]:
    """Return the variables that hold the keys."""
    return {
        "AWS_ACCESS_KEY_ID": keys["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
        "AWS_SESSION_TOKEN": keys["session_token"],
        "AWS_CREDENTIAL_EXPIRATION": _moment(keys),
    }


def added_to(file: TextIO) -> str | None:
    """Return what AWS's file of profiles holds, if it is this one that is written to; else None.

    AWS's tools read nothing at all of a file in which a profile stands twice.
    """
    path = Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        path = path.expanduser()
        if os.path.samestat(path.stat(), os.fstat(file.fileno())):
            return path.read_text(encoding="utf-8")
    return None


def names_in(text: str) -> frozenset[str]:
    """Return the names of the profiles in such a file."""
    return frozenset(_HEADING.findall(text))


def blocks(portal: str, roles: Iterable[dict[str, Any]], *, but: Collection[str] = ()) -> list[str]:
    """Return a profile for each role, with credential_process and no keys in it; `but` are left out.

    Raises:
        Failed: the portal answered with a name that no such line can hold.
    """
    wanted = list(roles)
    names = Counter(map(_name, wanted))
    found = []
    for role in wanted:
        name = _name(role)
        if names[name] > 1:  # Accounts may share a name, never an id.
            name = f"{role['account_id']}_{_legible(role['role_name'])}"
        if name in but:
            continue
        words = (portal, role["account_id"], role["role_name"], role.get("region") or "-")
        if not all(_HARMLESS.fullmatch(word) for word in words):
            raise Failed("The portal answered with a name that cannot stand in a profile.")
        block = [
            f"[profile {name}]",
            "credential_process = gatehouse credentials "
            f"--portal {portal} {role['account_id']} {role['role_name']}",
        ]
        if role.get("region"):
            block.append(f"region = {role['region']}")
        found.append("\n".join(block))
    return found


def _name(role: dict[str, Any]) -> str:
    return f"{_legible(role['account_name'])}_{_legible(role['role_name'])}"


def _legible(name: str) -> str:
    return _NOT_IN_PROFILES.sub("-", name).strip("-")


def _moment(keys: dict[str, Any]) -> str:
    """Return the expiry to the second in UTC, as RFC 3339 has it and every SDK reads it."""
    return datetime.fromisoformat(keys["expires_at"]).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
