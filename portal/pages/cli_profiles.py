"""Profiles without keys: with these, AWS's tools get keys from the portal and renew them by themselves."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings

from accounts.types import OfferedRole
from portal.pages.key_formats import Block, Format, Line, Mark, Piece
from portal.pages.start import AWS_START_URL

# The AWS CLI requires a region. All requests go to the endpoints below. A program that ignores those
# would send the portal's tokens to AWS, to the host of this region: none has this name, so it fails
# before it sends anything.
REGION = "not-at-aws"
_NOT_IN_SECTIONS = re.compile("[^A-Za-z0-9.-]+")
_FILE = "~/.aws/config (Windows: %USERPROFILE%\\.aws\\config)"
_REPLACE = (
    "Replace sections of the same name that are there: a file with two is refused by AWS's tools."
)


def section_name() -> str:
    """Return the name of the sections that all profiles of this portal share: its host.

    One sign-in is enough for all of them, and another portal's sections have another name.
    """
    return _NOT_IN_SECTIONS.sub("-", urlsplit(settings.BASE_URL).netloc).strip("-") or "gatehouse"


def cli_profiles(role: OfferedRole, *, profile: str) -> tuple[Format, ...]:
    """Return the profiles of this portal: for the command `gatehouse`, if people can sign in with it, and for `aws sso login`."""
    return (*_credential_process(role, profile), _sso_login(role, profile))


def _credential_process(role: OfferedRole, profile: str) -> tuple[Format, ...]:
    """Return the profile that asks the command `gatehouse` for keys.

    AWS's tools hand the line to a shell or split it as one would, so it has no special characters.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
    """
    if not settings.API_CLIENT_ID:
        return ()
    process = (
        f"gatehouse credentials --portal {settings.BASE_URL} {role.account_id} {role.role_name}"
    )
    return (
        Format(
            "process",
            "credential_process",
            f"Add to {_FILE}. {_REPLACE} Needs the command gatehouse on your computer; gatehouse "
            "config --write does it for all your roles. The profile holds no keys and does not expire.",
            (
                Block("Sign in, once", _lines(f"gatehouse login {settings.BASE_URL}")),
                Block("For this role", _profile(role, profile, f"credential_process = {process}")),
                Block(
                    "Or paste into any shell",
                    _configured(role, profile, {"credential_process": process}),
                ),
            ),
            profile,
        ),
    )


def _sso_login(role: OfferedRole, profile: str) -> Format:
    """Return the profile with which `aws sso login` works."""
    return Format(
        "sso",
        "aws sso login",
        f"Add to {_FILE}. {_REPLACE} Then run aws sso login with --profile. The profile holds no "
        "keys and does not expire.",
        (
            Block("Once for this portal", _sso_session()),
            Block("For this role", _role(role, profile)),
            Block("Or paste the role into any shell", _configured(role, profile, _settings(role))),
        ),
        profile,
    )


def _sso_session() -> tuple[Line, ...]:
    """Return the sections that all profiles share: where to sign in.

    The AWS CLI takes endpoints from the `services` of a profile only, not from the session
    (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html). It refuses a start
    URL that is not https, so a demo names AWS's instead. Nobody is sent to either.
    """
    start_url = f"{settings.BASE_URL}/start" if settings.SECURE else AWS_START_URL
    return _lines(
        f"[sso-session {section_name()}]",
        f"sso_start_url = {start_url}",
        f"sso_region = {REGION}",
        "sso_registration_scopes = sso:account:access",
        "",
        f"[services {section_name()}]",
        "sso =",
        f"  endpoint_url = {settings.BASE_URL}",
        "sso_oidc =",
        f"  endpoint_url = {settings.BASE_URL}",
    )


def _settings(role: OfferedRole) -> dict[str, str]:
    return {
        "sso_session": section_name(),
        "sso_account_id": role.account_id,
        "sso_role_name": role.role_name,
        "services": section_name(),
    }


def _role(role: OfferedRole, profile: str) -> tuple[Line, ...]:
    return _profile(role, profile, *(f"{key} = {value}" for key, value in _settings(role).items()))


def _profile(role: OfferedRole, profile: str, *lines: str) -> tuple[Line, ...]:
    region = [f"region = {role.region}"] if role.region else []
    return (
        (Piece("[profile "), Piece(profile, Mark.PROFILE), Piece("]")),
        *_lines(*lines, *region),
    )


def _configured(role: OfferedRole, profile: str, values: dict[str, str]) -> tuple[Line, ...]:
    """Return the lines with which the AWS CLI writes a profile; pasted again, they change nothing."""
    region = {"region": role.region} if role.region else {}
    return tuple(
        (
            Piece(f'aws configure set {key} "{value}" --profile "'),
            Piece(profile, Mark.PROFILE),
            Piece('"'),
        )
        for key, value in (values | region).items()
    )


def _lines(*texts: str) -> tuple[Line, ...]:
    return tuple((Piece(text),) for text in texts)
