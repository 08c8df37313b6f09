"""Trust method "portal-token": AssumeRoleWithWebIdentity with a token that the portal signs. Nobody has AWS keys."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone

from accounts import signing
from accounts.aws import errors
from accounts.errors import AwsRefused
from accounts.trust import web_identity
from accounts.types import Credentials, Kind, OfferedRole, SessionLimit, SessionRequest, Subject


def refuse_unfit(
    *, role: OfferedRole, subject: Subject, kind: Kind, tags: Mapping[str, str]
) -> None:
    """As `accounts.trust.refuse_unfit`: the portal vouches for everybody whom it has let in."""


def obtain(request: SessionRequest) -> Credentials:
    """As `accounts.trust.obtain`. The token is for this session alone; it holds its tags and source identity."""
    token = signing.mint(request=request, now=timezone.now())
    try:
        return web_identity.assume_role(request, token)
    except AwsRefused as refused:
        if refused.code != errors.EXPIRED.code:
            raise
        raise errors.PORTAL_TOKEN_EXPIRED.error(refused.admin_message) from None


def session_limit(role: OfferedRole) -> SessionLimit:
    """As `accounts.trust.session_limit`: this is no role chaining, so the role's own maximum counts."""
    return SessionLimit(role.session_duration)


def console_duration(role: OfferedRole, duration: int) -> int | None:
    """As `accounts.trust.console_duration`: these are no credentials from role chaining."""
    return duration
