"""The text of `~/.aws/config` for the roles of a person: the same on pages, in the API and in the command `gatehouse`.

https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings

from accounts.profile_patterns import profile_names
from accounts.types import Entitlement, Kind, OfferedRole, RoleRef

# Newer AWS CLIs accept an https start URL of ours because its HEAD answers with this. The host is an
# identifier without a DNS record: nobody is ever sent there.
AWS_START_URL = "https://identitycenter.amazonaws.com/ssoins-0000000000000000"
# The AWS CLI requires a region. All requests go to the endpoints below. A program that ignores those
# would send the portal's tokens to AWS, to the host of this region: none has this name, so it fails
# before it sends anything.
REGION = "not-at-aws"
SCOPES = "sso:account:access"
# In each profile of a whole file, so that `gatehouse config` knows what it may replace later.
MARK = "# kept by gatehouse config"
_NOT_IN_SECTIONS = re.compile("[^A-Za-z0-9.-]+")


class ProfileKind(StrEnum):
    """How a profile gets its keys: by `aws sso login`, or from the command `gatehouse`."""

    SSO = "sso"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class ConfigProfile:
    """A profile of the file: its name and its role."""

    name: str
    role: OfferedRole


def kinds() -> tuple[ProfileKind, ...]:
    """Return the kinds that work with this portal: the command needs a sign-in of its own."""
    return tuple(kind for kind in ProfileKind if kind is ProfileKind.SSO or settings.API_CLIENT_ID)


def section_name() -> str:
    """Return the name of the sections that all profiles of this portal share: its host.

    One sign-in is enough for all of them, and another portal's sections have another name.
    """
    return _NOT_IN_SECTIONS.sub("-", urlsplit(settings.BASE_URL).netloc).strip("-") or "gatehouse"


def start_url() -> str:
    """Return the start URL of the session. The AWS CLI refuses one that is not https, so a demo names AWS's instead.

    Nobody is sent to either.
    """
    return f"{settings.BASE_URL}/start" if settings.SECURE else AWS_START_URL


def profiles_of(
    entitlements: Iterable[Entitlement], *, pattern: str, shown: Iterable[RoleRef] | None = None
) -> list[ConfigProfile]:
    """Return a profile for each role with keys, in the order of the API.

    `entitlements` are all of one person, so that no name depends on which are `shown`: all, unless given.
    """
    roles = [one.role for one in entitlements if one.allows(Kind.KEYS)]
    names = profile_names(roles, pattern=pattern)
    wanted = names.keys() if shown is None else names.keys() & set(shown)
    refs = ((RoleRef(role.account_id, role.role_name), role) for role in roles)
    profiles = [ConfigProfile(names[ref], role) for ref, role in refs if ref in wanted]
    return sorted(profiles, key=_order)


def text(profiles: Sequence[ConfigProfile], *, kind: ProfileKind, default: bool = False) -> str:
    """Return the whole file, without a newline at the end; `default` names the endpoints in [default] as well."""
    blocks = [shared_text(default=default)] if kind is ProfileKind.SSO else []
    for profile in profiles:
        lines = (f"{key} = {value}" for key, value in settings_of(profile.role, kind).items())
        blocks.append("\n".join((f"[profile {profile.name}]", MARK, *lines)))
    return "\n\n".join(blocks)


def shared_text(*, default: bool = False) -> str:
    """Return the sections that all profiles for `aws sso login` share: where to sign in.

    The AWS CLI takes endpoints from the `services` of a profile only, not from the session
    (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html). What uses no profile
    takes those of [default].
    """
    name = section_name()
    blocks = [
        f"[sso-session {name}]\n"
        f"sso_start_url = {start_url()}\n"
        f"sso_region = {REGION}\n"
        f"sso_registration_scopes = {SCOPES}",
        f"[services {name}]\n"
        f"sso =\n  endpoint_url = {settings.BASE_URL}\n"
        f"sso_oidc =\n  endpoint_url = {settings.BASE_URL}",
    ]
    if default:
        blocks.append(f"[default]\nservices = {name}")
    return "\n\n".join(blocks)


def settings_of(role: OfferedRole, kind: ProfileKind) -> Mapping[str, str]:
    """Return the settings of a role's profile, in the order of the file."""
    if kind is ProfileKind.SSO:
        found = {
            "sso_session": section_name(),
            "sso_account_id": role.account_id,
            "sso_role_name": role.role_name,
            "services": section_name(),
        }
    else:
        # AWS's tools hand the line to a shell or split it as one would, so it has no special characters.
        # https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
        found = {
            "credential_process": "gatehouse credentials --portal "
            f"{settings.BASE_URL} {role.account_id} {role.role_name}"
        }
    return found | ({"region": role.region} if role.region else {})


def _order(profile: ConfigProfile) -> tuple[str, str, str]:
    role = profile.role
    return role.account_name, role.account_id, role.role_name
