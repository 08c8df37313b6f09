"""What AWS's tools read: the output of a credential_process, and profiles for ~/.aws/config.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gatehouse_client import transport
from gatehouse_client.errors import CommandFailed

# Words without a meaning to a shell (some SDKs run the line in one) or to AWS's files.
_HARMLESS = re.compile(r"(?!-.)[A-Za-z0-9_.@+=,:/-]+")
LONGEST_PROFILE = 128
# In each profile that this command wrote, and may replace.
MARK = "# kept by gatehouse config"
# Before the name of an sso-session, which is no portal's URL.
SESSION = "sso-session "
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
class SsoSettings:
    """What `aws sso login` needs to know of a portal: the sections that all its profiles share."""

    section: str
    start_url: str
    region: str
    scopes: str
    endpoint_url: str

    @property
    def session(self) -> dict[str, str]:
        """The settings of the section [sso-session], by name: their lines."""
        values = {
            "sso_start_url": self.start_url,
            "sso_region": self.region,
            "sso_registration_scopes": self.scopes,
        }
        return {key: f"{key} = {value}" for key, value in values.items()}

    @property
    def services(self) -> dict[str, str]:
        """The settings of the section [services], by name: their lines."""
        return {
            name: f"{name} =\n  endpoint_url = {self.endpoint_url}" for name in ("sso", "sso_oidc")
        }

    def sections(self, *, default: bool = False) -> dict[tuple[str, str], dict[str, str]]:
        """Return kind and name of each shared section, with its settings; `default` adds [default]."""
        found = {
            ("sso-session", self.section): self.session,
            ("services", self.section): self.services,
        }
        if default:
            found["default", ""] = {"services": f"services = {self.section}"}
        return found


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of AWS's config file for one role, with credential_process or (`sso`) for `aws sso login`.

    `section` is the name of the portal's shared sections.
    """

    name: str
    portal: str
    account_id: str
    role_name: str
    region: str = ""
    section: str = ""
    sso: bool = False

    @property
    def role(self) -> tuple[str, str]:
        """Account id and name of the role."""
        return self.account_id, self.role_name

    @property
    def points_to(self) -> frozenset[tuple[str, ...]]:
        """What a section of the file for this role points to, of either kind."""
        return frozenset({(self.portal, *self.role), (SESSION + self.section, *self.role)})

    @property
    def settings(self) -> dict[str, str]:
        """The settings by name: their lines."""
        if self.sso:
            values = {
                "sso_session": self.section,
                "sso_account_id": self.account_id,
                "sso_role_name": self.role_name,
                "services": self.section,
            }
        else:
            words = " ".join((self.portal, *self.role))
            values = {"credential_process": f"gatehouse credentials --portal {words}"}
        if self.region:
            values["region"] = self.region
        return {key: f"{key} = {value}" for key, value in values.items()}

    @property
    def text(self) -> str:
        """The section of the file."""
        return "\n".join((f"[profile {self.name}]", MARK, *self.settings.values()))


def sso_settings(me: Mapping[str, Any]) -> SsoSettings:
    """Return what `aws sso login` needs, from the portal's answer.

    Raises:
        CommandFailed: the portal says nothing of it, or something that cannot be in a file.
    """
    try:
        found = SsoSettings(**{name: me["sso"][name] for name in SsoSettings.__dataclass_fields__})
    except (KeyError, TypeError):
        raise CommandFailed("The portal does not say how aws sso login works with it.") from None
    values: tuple[Any, ...] = (
        found.section,
        found.start_url,
        found.region,
        found.scopes,
        found.endpoint_url,
    )
    if not all(isinstance(value, str) and _HARMLESS.fullmatch(value) for value in values):
        raise CommandFailed("The portal answered with a name that cannot be in a profile.")
    if not transport.is_safe_url(found.endpoint_url):
        raise CommandFailed("The portal answered with an address that tokens must not be sent to.")
    return found


def profiles_of(
    portal: str, entitlements: Iterable[Mapping[str, Any]], *, section: str = "", sso: bool = False
) -> list[Profile]:
    """Return a profile for each role with keys, named as the portal says.

    Raises:
        CommandFailed: the portal answered with a name that cannot be in a profile, or with one name twice.
    """
    profiles = []
    for role in entitlements:
        name, region = role.get("profile_name") or "", role.get("region") or ""
        words = (name, portal, role["account_id"], role["role_name"], region or "-")
        if not all(_HARMLESS.fullmatch(word) for word in words) or len(name) > LONGEST_PROFILE:
            raise CommandFailed("The portal answered with a name that cannot be in a profile.")
        profiles.append(
            Profile(name, portal, role["account_id"], role["role_name"], region, section, sso)
        )
    if len({one.name for one in profiles}) < len(profiles):
        raise CommandFailed("The portal answered with one name for two profiles.")
    return profiles


def _expiration(keys: dict[str, Any]) -> str:
    """Return the expiration in UTC to the second (RFC 3339), which every SDK reads."""
    return datetime.fromisoformat(keys["expires_at"]).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
