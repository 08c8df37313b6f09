"""Profiles without keys: with these, AWS's tools get keys from the portal and renew them by themselves."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from accounts.types import OfferedRole
from portal.aws_config import ProfileKind, kinds, settings_of, shared_text
from portal.pages.key_formats import Block, Format, Line, Mark, Piece

_FILE = "~/.aws/config (Windows: %USERPROFILE%\\.aws\\config)"
_REPLACE = (
    "Replace sections of the same name that are there: a file with two is refused by AWS's tools."
)


def cli_profiles(role: OfferedRole, *, profile: str) -> tuple[Format, ...]:
    """Return the profiles of this portal: for the command `gatehouse`, if people can sign in with it, and for `aws sso login`."""
    process = (_credential_process(role, profile),) if ProfileKind.PROCESS in kinds() else ()
    return (*process, _sso_login(role, profile))


def _credential_process(role: OfferedRole, profile: str) -> Format:
    """Return the profile that asks the command `gatehouse` for keys."""
    values = settings_of(role, ProfileKind.PROCESS)
    return Format(
        "process",
        "credential_process",
        f"Add to {_FILE}. {_REPLACE} Needs the command gatehouse on your computer; gatehouse "
        "config --write does it for all your roles. The profile holds no keys and does not expire.",
        (
            Block("Sign in, once", _lines(f"gatehouse login {settings.BASE_URL}")),
            Block("For this role", _section(profile, values)),
            Block("Or paste into any shell", _configured(profile, values)),
        ),
        profile,
    )


def _sso_login(role: OfferedRole, profile: str) -> Format:
    """Return the profile with which `aws sso login` works."""
    values = settings_of(role, ProfileKind.SSO)
    return Format(
        "sso",
        "aws sso login",
        f"Add to {_FILE}. {_REPLACE} Then run aws sso login with --profile. The profile holds no "
        "keys and does not expire.",
        (
            Block("Once for this portal", _lines(*shared_text().splitlines())),
            Block("For this role", _section(profile, values)),
            Block("Or paste the role into any shell", _configured(profile, values)),
        ),
        profile,
    )


def _section(profile: str, values: Mapping[str, str]) -> tuple[Line, ...]:
    return (
        (Piece("[profile "), Piece(profile, Mark.PROFILE), Piece("]")),
        *_lines(*(f"{key} = {value}" for key, value in values.items())),
    )


def _configured(profile: str, values: Mapping[str, str]) -> tuple[Line, ...]:
    """Return the lines with which the AWS CLI writes a profile; pasted again, they change nothing."""
    return tuple(
        (
            Piece(f'aws configure set {key} "{value}" --profile "'),
            Piece(profile, Mark.PROFILE),
            Piece('"'),
        )
        for key, value in values.items()
    )


def _lines(*texts: str) -> tuple[Line, ...]:
    return tuple((Piece(text),) for text in texts)
