"""Profiles without keys: with these, AWS's tools get keys from the portal and renew them by themselves."""

from __future__ import annotations

from django.conf import settings

from accounts.types import OfferedRole
from portal.pages.key_formats import Block, Format, Line, Mark, Piece
from portal.pages.start import AWS_START_URL

# All profiles share one section, so that people sign in once.
SESSION = "gatehouse"
# The AWS CLI requires a region. All requests go to the endpoints below, so any will do.
REGION = "us-east-1"


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
            "Add to ~/.aws/config (Windows: %USERPROFILE%\\.aws\\config). Needs the command gatehouse "
            "on your computer. The profile holds no keys and does not expire.",
            (
                Block("Sign in, once", _lines(f"gatehouse login {settings.BASE_URL}")),
                Block("For this role", _profile(role, profile, f"credential_process = {process}")),
            ),
            profile,
        ),
    )


def _sso_login(role: OfferedRole, profile: str) -> Format:
    """Return the profile with which `aws sso login` works."""
    return Format(
        "sso",
        "aws sso login",
        "Add to ~/.aws/config (Windows: %USERPROFILE%\\.aws\\config), then run aws sso login with "
        "--profile. The profile holds no keys and does not expire.",
        (
            Block("Once for this portal", _sso_session()),
            Block("For this role", _role(role, profile)),
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
        f"[sso-session {SESSION}]",
        f"sso_start_url = {start_url}",
        f"sso_region = {REGION}",
        "sso_registration_scopes = sso:account:access",
        "",
        f"[services {SESSION}]",
        "sso =",
        f"  endpoint_url = {settings.BASE_URL}",
        "sso_oidc =",
        f"  endpoint_url = {settings.BASE_URL}",
    )


def _role(role: OfferedRole, profile: str) -> tuple[Line, ...]:
    return (
        *_profile(
            role,
            profile,
            f"sso_session = {SESSION}",
            f"sso_account_id = {role.account_id}",
            f"sso_role_name = {role.role_name}",
        ),
        *_lines(f"services = {SESSION}"),
    )


def _profile(role: OfferedRole, profile: str, *lines: str) -> tuple[Line, ...]:
    region = [f"region = {role.region}"] if role.region else []
    return (
        (Piece("[profile "), Piece(profile, Mark.PROFILE), Piece("]")),
        *_lines(*lines, *region),
    )


def _lines(*texts: str) -> tuple[Line, ...]:
    return tuple((Piece(text),) for text in texts)
